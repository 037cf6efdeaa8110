"""Tests of reading.report and of the file of results."""
import html.parser
import re

import pytest

from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError
from reading import Recogniser, evaluation, report
from reading.evaluation import Sample
from reading.readings import Character, Reading
from tests.fake_engine import ALPHABET, FakeEngine, picture_of


class _Page(html.parser.HTMLParser):
    """Collects the words and the pictures of a report."""

    def __init__(self):
        super().__init__()
        self.words, self.pictures, self.scripts = [], [], 0

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.words += [attributes['data-texts']] if attributes.get('class') == 'word' else []
        self.pictures += [attributes['src']] if tag == 'img' else []
        self.scripts += tag == 'script'


def reading_of(text, confidence):
    places = tuple(Character(character, 0.5, 0, 0) for character in text)
    return Reading(text, confidence, places, size=(24, 32))


def saved(tmp_path, samples, **engine):
    recogniser, kept = Recogniser(FakeEngine(**engine),
                                  CharacterCodec(ALPHABET)), report.open_report(str(tmp_path / 'e.html'))
    measured = evaluation.evaluate(recogniser, samples, note=kept.note)
    kept.save(str(tmp_path / 'e.html'), measured, 'some <words>')
    return (tmp_path / 'e.html').read_text(encoding='utf-8')


def test_a_report_shows_the_words_that_were_read_wrong_with_their_pictures(tmp_path):
    samples = [Sample(picture_of('abc'), 'ABC', path='right.png'),
               Sample(picture_of('abd'), 'abc', path='wrong.png'),
               Sample(b'', 'x', 'unreadable'), Sample(picture_of('a'), '!')]
    text = saved(tmp_path, samples)
    page = _Page()
    page.feed(text)
    assert page.words == ['abc abd']
    assert len(page.pictures) == 1
    assert page.pictures[0].startswith('data:image/jpeg;base64,')
    assert '1 of 2 words read wrong' in text
    assert 'wrong.png' in text
    assert 'right.png' not in text
    assert '<b>c</b> read as <b>d</b> <span class="number">1</span>' in text


def test_one_word_is_not_called_words(tmp_path):
    text = saved(tmp_path, [Sample(picture_of('abd'), 'abc')])
    assert '1 of 1 word read wrong' in text
    assert ': 1 word, 0.0 % right' in text
    assert not re.search(r'\b1 words', text)


def test_what_is_shown_is_text_and_never_markup(tmp_path):
    samples = [Sample(picture_of('ab'), '<script>alert(1)</script>', path='<img src=x>.png')]
    text = saved(tmp_path, samples)
    page = _Page()
    page.feed(text)
    assert page.scripts == 1   # its own
    assert len(page.pictures) == 1
    assert 'some &lt;words&gt;' in text
    assert '&lt;img src=x&gt;.png' in text


def test_half_a_pair_in_a_text_is_shown_as_an_escape(tmp_path):
    assert r'ab\ud800' in saved(tmp_path, [Sample(picture_of('abd'), 'ab\ud800')])


def test_the_surest_mistakes_come_first_and_the_worst_of_many_stay(monkeypatch):
    monkeypatch.setattr(report, 'MAX_WORDS', 2)
    kept = report.Report()
    for number, confidence in enumerate((0.3, 0.9, 0.1, 0.6)):
        kept.note(Sample(b'', 'abc', str(number)), reading_of('abd', confidence))
    assert sorted(entry[3].confidence for entry in kept._wrong) == [0.6, 0.9]


@pytest.mark.parametrize(('truth', 'text', 'edits', 'kinds'), [
    ('abc', 'abd', 1, ['one edit']), ('abc', 'ab', 1, ['one edit', 'other length']),
    ('abc', '', 3, ['several edits', 'nothing read']), ('ABC', 'dda', 3, ['several edits'])])
def test_a_mistake_has_its_kinds(truth, text, edits, kinds):
    assert report._kinds_of(truth, text, edits) == kinds


def test_samples_are_counted_by_length_height_and_shape():
    kept = report.Report()
    kept.note(Sample(b'', 'ab'), reading_of('ab', 0.95))
    kept.note(Sample(b'', 'abc'), reading_of('ad', 0.4))
    rows = {name: report._rows(kept._tables[name], ranges) for name, ranges in report.GROUPS.items()}
    assert rows == {'length, characters': [('2 to 3', 2, 1)], 'height, pixels': [('32 to 63', 2, 1)],
                    'width / height': [('0.7 to 1.4', 2, 1)]}
    assert rows['height, pixels'][0].accuracy == 0.5
    assert kept._calibration_points() == [(0.4, 1, 0.0), (0.9, 1, 1.0)]


def test_a_report_that_could_not_be_written_is_refused_before_the_long_work(tmp_path):
    with pytest.raises(InputError, match='expected a name that ends in .html'):
        report.open_report(str(tmp_path / 'errors.txt'))


def test_a_line_of_results_has_the_fields_and_says_whether_the_texts_agree():
    header = evaluation.RESULT_HEADER.split('\t')
    right = evaluation.result_line(Sample(b'', "A'b", 'name', 'a\tb.png'),
                                   reading_of('ab', 0.5)).rstrip('\n').split('\t')
    assert len(right) == len(header)
    assert right == [r'a\tb.png', "A'b", 'ab', '0.5000', '1']
    bad = evaluation.result_line(Sample(b'', 'x', 'list.txt, line 3'), Reading(None, 0.0, error='no image'))
    assert bad == 'list.txt, line 3\tx\t\t0.0000\t0\n'


@pytest.mark.parametrize(('text', 'subsets'), [
    ('Street', ['letters_and_digits_alone', 'three_or_more_of_them']), ('no', ['letters_and_digits_alone']),
    ("it's", []), ('', [])])
def test_a_sample_is_in_the_subsets_that_papers_keep(text, subsets):
    assert evaluation.subsets_of(text) == subsets
