"""Tests of tools.evaluate_shadownet, on a network that has learned eight words by heart."""
import json

import cv2
import pytest

from local_utils import command_line, folder_lock, plots
from local_utils.char_codec import CharacterCodec
from tests.conftest import draw, write_records
from tests.small_run import SIZE, WORDS
from tools import evaluate_shadownet


def evaluate(capfd, *flags):
    capfd.readouterr()
    status = command_line.run_tool(evaluate_shadownet.main, [str(flag) for flag in flags])
    return status, json.loads(capfd.readouterr().out)


def evaluate_image_of_a_book(overfitted, folder, lines, capfd):
    """Evaluate a picture of the word book, as the annotation's lines have it."""
    cv2.imwrite(str(folder / 'a.png'), draw('book', SIZE))
    (folder / 'sample.txt').write_text(lines)
    return evaluate(capfd, '--image_dir', folder, '--annotation_path', folder / 'sample.txt',
                    '--weights_path', overfitted[1] / 'best')


def test_records_are_evaluated_whole_with_a_picture_of_the_confusion(overfitted, tmp_path, capfd):
    records, run = overfitted
    status, result = evaluate(capfd, '--dataset_dir', records, '--weights_path', run / 'best',
                              '--confusion_path', tmp_path / 'c.png')
    assert status == 0
    assert result['samples'] == len(WORDS)
    assert result['exact']['word_accuracy'] == result['alphanumeric']['word_accuracy'] == 1.0
    assert result['confusion']['a'] == {'a': 4}
    assert cv2.imread(str(tmp_path / 'c.png')).shape[2] == 3


def test_the_picture_of_a_large_alphabet_shows_the_characters_with_the_most_mistakes(tmp_path):
    characters = [chr(0x100 + number) for number in range(300)]
    mistakes = {(characters[7], characters[250]): 2, ('', characters[9]): 1}
    confusion = {(character, character): 5 for character in characters} | mistakes
    assert [characters.index(character)
            for character in plots._most_confused(confusion, characters)] == [7, 9, 250]
    plots.draw_confusion(confusion, characters, str(tmp_path / 'c.png'))
    assert max(cv2.imread(str(tmp_path / 'c.png')).shape) < 1000


def test_a_folder_is_evaluated_with_what_cannot_be_used_counted(overfitted, tmp_path, capfd):
    lines = '/a.png BOOK\n/a.png bo ok\n/a.png book\n/none.png x\n/a.png ...\n'
    status, result = evaluate_image_of_a_book(overfitted, tmp_path, lines, capfd)
    assert status == 1
    counts = [result[name] for name in ('samples', 'unreadable', 'outside_alphabet', 'not_alphanumeric')]
    assert counts == [4, 1, 2, 1]
    assert result['exact']['samples'] == 2
    assert result['exact']['word_accuracy'] == 1.0
    assert result['exact']['word_accuracy_with_excluded_as_wrong'] == 0.5
    assert result['alphanumeric']['word_accuracy'] == 1.0
    assert result['alphanumeric']['word_accuracy_with_excluded_as_wrong'] == 0.75


def test_annotations_are_taken_as_the_conversion_takes_them(overfitted, tmp_path, capfd):
    (tmp_path / 'words').mkdir()
    cv2.imwrite(str(tmp_path / 'outside.png'), draw('book', SIZE))
    (tmp_path / 'words' / 'a.png').symlink_to(tmp_path / 'outside.png')
    annotation = tmp_path / 'words' / 'sample.txt'
    annotation.write_text('b\u200book a.png\nb\u00f3-ok a.png\n### a.png\n*** a.png\n', encoding='utf-8')
    flags = ['--image_dir', tmp_path / 'words', '--annotation_path', annotation, '--weights_path',
             overfitted[1] / 'best', '--annotation_format', 'text_path', '--ignore_text', '###', '***']
    with pytest.raises(json.JSONDecodeError):   # without --follow_links no image can be read
        evaluate(capfd, *flags)
    status, result = evaluate(capfd, *flags, '--follow_links')
    assert (status, result['samples'], result['ignored'], result['outside_alphabet']) == (0, 2, 2, 2)
    status, result = evaluate(capfd, *flags, '--follow_links', '--drop_invisible', '--drop_foreign')
    assert (status, result['samples'], result['ignored'], result['outside_alphabet']) == (0, 2, 2, 0)
    assert result['exact']['word_accuracy'] == result['alphanumeric']['word_accuracy'] == 1.0
    assert result['subsets']['letters_and_digits_alone']['samples'] == 0   # by what the annotation has


@pytest.mark.parametrize(('flags', 'message'), [
    (['--dataset_dir', 'r', '--drop_foreign'], '--drop_foreign is for --image_dir'),
    (['--dataset_dir', 'r', '--image_dir', 'd', '--annotation_path', 'a'],
     'are two sources; give one of them'),
    (['--image_dir', 'd', '--annotation_path', 'a', '--split', 'test'], '--split is for records'),
    (['--image_dir', 'd'], '--image_dir and --annotation_path go together'),
    (['--alternatives', '2', '--results_path', 'r.tsv'], '--alternatives goes together with --report_path'),
])
def test_flags_that_do_not_go_together_are_a_wrong_argument(flags, message, capfd):
    with pytest.raises(SystemExit) as caught:
        evaluate_shadownet.main(flags)
    assert caught.value.code == 2
    assert message in capfd.readouterr().err


def test_results_do_not_take_the_place_of_the_annotations(tmp_path, capfd):
    (tmp_path / 'gt.tsv').write_text('a.png\tbook\n')
    (tmp_path / 'link').symlink_to(tmp_path)
    flags = ['--image_dir', tmp_path, '--annotation_path', tmp_path / 'gt.tsv', '--results_path',
             tmp_path / 'link' / 'gt.tsv']
    assert command_line.run_tool(evaluate_shadownet.main, list(map(str, flags))) == 2
    assert 'gt.tsv: the annotation file; expected another --results_path' in capfd.readouterr().err
    assert (tmp_path / 'gt.tsv').read_text() == 'a.png\tbook\n'


def test_an_image_has_a_lexicon_in_the_third_column_and_results_and_report_are_written(
        overfitted, tmp_path, capfd):
    cv2.imwrite(str(tmp_path / 'a.png'), draw('book', SIZE))
    (tmp_path / 'sample.txt').write_text('a.png\tbook\na.png\tbook\ttree,dog\n')
    status, result = evaluate(capfd, '--image_dir', tmp_path, '--annotation_path', tmp_path / 'sample.txt',
                              '--weights_path',
                              overfitted[1], '--results_path', tmp_path / 'r.tsv', '--report_path',
                              tmp_path / 'e.html')
    assert status == 0
    assert result[
        'exact']['word_accuracy'] == result['subsets']['three_or_more_of_them']['word_accuracy'] == 0.5
    header, free, bound = [line.split('\t') for line in (tmp_path / 'r.tsv').read_text().splitlines()]
    assert header == ['path', 'truth', 'text', 'confidence', 'right']
    assert free[:3] == ['a.png', 'book', 'book']
    assert bound[2] in ('tree', 'dog')
    assert '1 of 2 words read wrong' in (tmp_path / 'e.html').read_text()


def test_figures_of_no_sample_are_null(overfitted, tmp_path, capfd):
    status, result = evaluate_image_of_a_book(overfitted, tmp_path, '/a.png bo ok\n', capfd)
    assert status == 0
    assert result['exact'] == {'samples': 0, 'excluded': 1, 'word_accuracy': None,
                               'word_accuracy_with_excluded_as_wrong': 0.0,
                               'one_minus_ned': None, 'character_error_rate': None}
    assert result['alphanumeric']['word_accuracy'] == 1.0


def test_records_of_another_alphabet_are_not_evaluated(overfitted, tmp_path, codec, capfd):
    other = write_records(tmp_path / 'other', {'test': ['abc']}, CharacterCodec('abc'), SIZE)
    assert command_line.run_tool(evaluate_shadownet.main, [
        '--dataset_dir', str(other), '--weights_path', str(overfitted[1] / 'best')]) == 1
    message = capfd.readouterr().err
    best = f'{overfitted[1]}/best/shadownet.ckpt-'
    assert f'{other}: another alphabet than that of the checkpoint {best}' in message
    assert '36 characters expected, 3 found' in message


def test_records_that_are_being_replaced_are_not_evaluated_and_stop_no_evaluation_of_images(
        overfitted, tmp_path, capfd):
    (tmp_path / 'manifest.json').write_text('{}')
    with folder_lock.replacing(tmp_path / 'manifest.json'):
        flags = ['--data_dir', str(tmp_path), '--weights_path', str(overfitted[1] / 'best')]
        assert command_line.run_tool(evaluate_shadownet.main, flags) == 1
        assert 'another run is writing these files anew' in capfd.readouterr().err
        cv2.imwrite(str(tmp_path / 'a.png'), draw('book', SIZE))
        (tmp_path / 'sample.txt').write_text('/a.png book\n')
        images = ['--image_dir', str(tmp_path), '--annotation_path', str(tmp_path / 'sample.txt')]
        assert command_line.run_tool(evaluate_shadownet.main, [*images, *flags]) == 0
