"""Tests of data_provider.conversion."""
import json

import numpy as np
import pytest

from data_provider import annotation, conversion
from data_provider.annotation import AnnotatedLine
from data_provider.settings import ConversionSettings, TextRules
from local_utils import data_utils
from local_utils.char_codec import CharacterCodec
from tests.conftest import write_data_set


def test_the_fraction_of_validation_is_the_one_asked_for_and_the_seed_changes_it():
    chosen = [[conversion.is_validation(f'{number}.jpg', seed, 0.15) for number in range(20000)]
              for seed in (0, 1)]
    assert np.mean(chosen[0]) == pytest.approx(0.15, abs=0.01)
    assert np.mean(np.logical_and(*chosen)) == pytest.approx(0.15 * 0.15, abs=0.01)
    assert not conversion.is_validation('a', 0, 0.0)


def test_a_chunk_keeps_the_order_of_its_lines(tmp_path, codec):
    data_set = write_data_set(tmp_path, ['b', 'a'], ['c'])
    settings = ConversionSettings(str(data_set), 'unused', (100, 32), 25, validation_split=0.0)
    of_worker = conversion.Conversion(settings, str(data_set), codec, {})
    lines = [AnnotatedLine(1, b'/1/Train/0.png b'), AnnotatedLine(2, b'/x b'),
             AnnotatedLine(3, b'/1/Train/1.png a')]
    converted = conversion.convert_lines(of_worker, 'train', lines)
    assert len(converted.path_hashes) == len(converted.text_hashes) == 3
    assert [reject.line_number for reject in converted.rejects] == [2]
    (tmp_path / 'r').write_bytes(converted.records['train'])
    features = data_utils.TextFeatureIO(codec).reader.read_features(tmp_path / 'r')
    assert [feature.imagename for feature in features] == ['0.png', '1.png']


HEBREW = '\u05e9\u05dc\u05d5\u05dd'
NO_RULES = TextRules()
DROPPING = TextRules(drop_invisible=True, drop_foreign=True, ignored=('###',))


def convert_text(folder, text, rules=NO_RULES, alphabet='abcdefghijklmnopqrst' + HEBREW,
                 path='1/Train/0.png'):
    """Convert one sample; return (text of the record or None, kinds of the rejects, kinds of the remarks,
    reason).
    """
    data_set = write_data_set(folder, ['a'], ['b'])
    codec = CharacterCodec(alphabet)
    settings = ConversionSettings(str(data_set), 'unused', (100, 32), 25, validation_split=0.0,
                                  text_rules=rules)
    converted = conversion.convert_lines(conversion.Conversion(settings, str(data_set), codec, {}), 'train', [
        AnnotatedLine(1, f'{path}\t{text}'.encode())])
    written = None
    if converted.records:
        (folder / 'r').write_bytes(converted.records['train'])
        feature, = data_utils.TextFeatureIO(codec).reader.read_features(folder / 'r')
        written = codec.decode(feature.label)
    return (written, [reject.kind for reject in converted.rejects],
            [remark.kind for remark in converted.remarks],
            converted.rejects[0].reason if converted.rejects else '')


@pytest.mark.parametrize(('text', 'rejected', 'dropped'), [
    ('a\u200bb', 'invisible character', 'ab'), ('a\u00a0b', 'invisible character', 'ab'),
    ("it's", 'outside the alphabet', 'its'), ('caf\u00e9', 'outside the alphabet', 'cafe'),
    ('a b', 'outside the alphabet', 'ab'),
    ('\u200b', 'invisible character', None), ('...', 'outside the alphabet', None)])
def test_what_the_alphabet_cannot_write_is_rejected_or_dropped(tmp_path, text, rejected, dropped):
    assert convert_text(tmp_path / 'one', text)[:3] == (None, [rejected], [])
    written, rejects, remarks, _ = convert_text(tmp_path / 'other', text, DROPPING)
    if dropped is None:
        assert (written, rejects, remarks) == (None, ['no text'], [])
    else:
        assert (written, rejects, remarks) == (dropped, [], ['characters dropped from the text'])


@pytest.mark.parametrize(('text', 'kind'), [
    ('a\tb', 'several columns'), ('a\u2028b', 'several lines'), ('a\x0bb', 'several lines')])
def test_columns_and_lines_are_never_put_together(tmp_path, text, kind):
    for number, rules in enumerate((NO_RULES, DROPPING)):
        assert convert_text(tmp_path / str(number), text, rules)[:3] == (None, [kind], [])


@pytest.mark.parametrize(('text', 'kind'), [('\u4e2d', 'outside the alphabet'), ('###', 'text to ignore')])
def test_letters_are_never_dropped_and_ignored_texts_are_left_out(tmp_path, text, kind):
    assert convert_text(tmp_path, text, DROPPING)[:3] == (None, [kind], [])


def test_a_text_from_right_to_left_is_written_in_the_order_of_the_picture(tmp_path):
    assert convert_text(tmp_path, HEBREW)[0] == HEBREW[::-1]


def test_forms_of_one_text_give_one_label(tmp_path):
    assert convert_text(tmp_path / 'one', 'cafe\u0301', alphabet='caf\u00e9')[0] == 'caf\u00e9'
    assert convert_text(tmp_path / 'two', 'caf\u00e9', alphabet='caf\u00e9')[0] == 'caf\u00e9'


def test_the_picture_is_checked_before_the_text(tmp_path):
    assert convert_text(tmp_path, '\u4e2d', path='none.png')[1] == ['missing image']


def test_half_a_pair_in_a_path_of_json_is_the_reject_of_its_line(tmp_path, codec):
    lines = (json.dumps({'filename': f'{name}.png', 'text': 'ab'}) + '\n' for name in ('\ud800', 'none'))
    (tmp_path / 'sample.txt').write_text(''.join(lines))
    file = annotation.open_annotation(str(tmp_path / 'sample.txt'), str(tmp_path))
    settings = ConversionSettings(str(tmp_path), 'unused', (100, 32), 25)
    of_worker = conversion.Conversion(settings, str(tmp_path), codec, {'train': file.form})
    converted = conversion.convert_lines(of_worker, 'train', list(file.lines()))
    assert [reject.kind for reject in converted.rejects] == ['unreadable image', 'missing image']
    assert len(set(converted.path_hashes)) == 2


def test_one_path_is_in_one_part_however_it_is_written():
    plain, other = (annotation.parse_line(line)[0] for line in (b'1/a.jpg x', b'./1//a.jpg x'))
    assert conversion.hash_of_path(plain, 3) == conversion.hash_of_path(other, 3)
