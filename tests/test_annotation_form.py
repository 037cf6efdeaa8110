"""Tests of data_provider.annotation_diagnosis and data_provider.annotation_form: files as
people have them.
"""
import contextlib
import json
import time

import pytest

from data_provider import annotation, annotation_form
from data_provider.annotation_form import CSV, ICDAR, JSON, PATH_TEXT, SYNTH90K, TEXT_PATH, AnnotationForm
from data_provider.rejected_sample import RejectedSample
from local_utils.errors import InputError

WORDS = [('1/a.jpg', 'one'), ('1/b.jpg', 'zwei Wörter'), ('1/c.jpg', '三')]
PLAIN = [f'{path} {text}' for path, text in WORDS]


def samples_of(folder, content, wanted=None):
    """Write an annotation file; return the name of its form and its samples."""
    (folder / 'sample.txt').write_bytes(content if isinstance(content, bytes) else content.encode())
    file = annotation.open_annotation(str(folder / 'sample.txt'), str(folder), wanted)
    lines = list(file.lines())
    assert file.count() == len(lines)
    return file.form.name, [annotation.parse_line(line.content, file.form) for line in lines]


def refusal_of(folder, content, wanted=None):
    with pytest.raises(InputError) as caught:
        samples_of(folder, content, wanted)
    message = str(caught.value)
    assert '\n' not in message
    return message


@pytest.mark.parametrize('end', ['\n', '\r\n', '\r'])
@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be'])
def test_encodings_and_line_ends_are_told(tmp_path, encoding, end):
    content = (end.join(PLAIN) + end).encode(encoding)
    assert samples_of(tmp_path, content) == (PATH_TEXT, WORDS)


def test_mixed_line_ends_blank_lines_and_marks_in_the_middle_are_no_part_of_a_line(tmp_path):
    content = '\ufeff1/a.jpg one\r\n\r\r1/b.jpg zwei Wörter\n\ufeff1/c.jpg 三'
    assert samples_of(tmp_path, content) == (PATH_TEXT, WORDS)
    (tmp_path / 'sample.txt').write_bytes(content.encode())
    file = annotation.open_annotation(str(tmp_path / 'sample.txt'), str(tmp_path))
    assert [line.number for line in file.lines()] == [1, 4, 5]
    assert file.form.description == '<image path> <text>; UTF-8, LF and CRLF and CR'


def test_lines_longer_than_what_is_read_at_once_stay_whole(tmp_path):
    text = 'x' * (1 << 19)
    assert samples_of(tmp_path, f'a.jpg {text}\r\nb.jpg {text}y\r') == (PATH_TEXT,
                                                                        [('a.jpg', text), (
                                                                            'b.jpg', text + 'y')])


@pytest.mark.parametrize(('content', 'message'), [
    ('a.jpg caf\u00e9\n'.encode('latin-1'), 'line 1: expected UTF-8 (or UTF-16), got the byte 0xe9; iconv'),
    ('1/a.jpg one\n1/b.jpg 三\n'.encode('gb18030'), 'line 2: expected UTF-8'),
    ('a.jpg word\n'.encode('utf-32'), 'UTF-32; save it as UTF-8'),
    (b'PK\x03\x04' + bytes(100), 'a zip archive or a spreadsheet; save it as UTF-8 text'),
    (b'\x1f\x8b\x08' + bytes(100), 'data of gzip; unpack it'),
    (b'a.jpg word\n' + bytes(range(256)), 'got NUL bytes; it is no text'),
])
def test_other_encodings_are_refused_with_a_hint(tmp_path, content, message):
    assert message in refusal_of(tmp_path, content)


def test_a_stray_nul_is_one_of_its_line_and_does_not_refuse_the_file(tmp_path):
    lines = [f'{number}.jpg word' for number in range(20)]
    lines[7], lines[9] = '7.jpg wo\0rd', '9\0.jpg word'
    form, samples = samples_of(tmp_path, '\n'.join(lines))
    assert (form, len(samples)) == (PATH_TEXT, 20)
    assert samples[7] == ('7.jpg', 'wo\0rd')   # which conversion rejects


def test_a_damaged_line_among_others_of_utf_8_does_not_refuse_the_file(tmp_path):
    (tmp_path / 'sample.txt').write_bytes('\n'.join(PLAIN).encode() + b'\nd.jpg caf\xe9\n')
    file = annotation.open_annotation(str(tmp_path / 'sample.txt'), str(tmp_path))
    with pytest.raises(RejectedSample, match='not UTF-8: byte 0xe9 at position 9'):
        annotation.parse_line(list(file.lines())[3].content, file.form)


@pytest.mark.parametrize(('content', 'form', 'samples'), [
    ('a b.jpg\tone two\nc.jpg\tthree\n', PATH_TEXT, [('a b.jpg', 'one two'), ('c.jpg', 'three')]),
    ('word_1.png, "Tired, not \\"old\\""\nword_2.png, "two  words"\n', ICDAR,
     [('word_1.png', 'Tired, not "old"'), ('word_2.png', 'two  words')]),
    ('\ufeffword_1.png, "a"\r\nword_2.png, "###"\r\n', ICDAR, [('word_1.png', 'a'), ('word_2.png', '###')]),
    ('word_1.png,Latin,"a, b"\nword_2.png,Arabic,c\n', ICDAR, [('word_1.png', 'a, b'), ('word_2.png', 'c')]),
    ('filename,words\na b.jpg,one\nb.jpg,"two, three ""x"""\nc.jpg,four, five\n', CSV,
     [('a b.jpg', 'one'), ('b.jpg', 'two, three "x"'), ('c.jpg', 'four, five')]),
    ('a.jpg,one\nb.jpg,two words\nc.jpg,three, four\n', CSV,
     [('a.jpg', 'one'), ('b.jpg', 'two words'), ('c.jpg', 'three, four')]),
    ('a.jpg;one\nb.jpg;two, words\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two, words')]),
    ('Image;Width;Label\na.jpg;100;one\nb.jpg;90;two\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('text,file\n"one, two",a.jpg\nthree,b.jpg\n', CSV, [('a.jpg', 'one, two'), ('b.jpg', 'three')]),
    ('one,a.jpg\ntwo,b.jpg\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('a.jpg|one\nb.jpg|two\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('image\ttext\na.jpg\tone\nb.jpg\ttwo\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('one\ta.jpg\ntwo words\tb c.jpg\n', TEXT_PATH, [('a.jpg', 'one'), ('b c.jpg', 'two words')]),
    ('one a.jpg\ntwo words b.jpg\n', TEXT_PATH, [('a.jpg', 'one'), ('b.jpg', 'two words')]),
    ('{"path": "a.jpg", "text": "one"}\n{"text": "two", "path": "b.jpg"}\n', JSON,
     [('a.jpg', 'one'), ('b.jpg', 'two')]),
    (json.dumps([{'filename': 'a.jpg', 'label': 'one'}, {'filename': 'b.jpg', 'label': 'z\u00e9'}], indent=1),
     JSON,
     [('a.jpg', 'one'), ('b.jpg', 'z\u00e9')]),
    (json.dumps({'a.jpg': 'one', 'b.jpg': 'two'}), JSON, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    (json.dumps({'info': {}, 'images': [{'file': 'a.jpg', 'gt': 'one'}]}, indent=2), JSON,
     [('a.jpg', 'one')]),
    ('a.jpg "one"\nb.jpg "two ""words"""\n', PATH_TEXT, [('a.jpg', 'one'), ('b.jpg', 'two "words"')]),
    ('a.jpg\t"one"\nb.jpg\t"two\n', PATH_TEXT, [('a.jpg', '"one"'), ('b.jpg', '"two')]),   # no pairs of them
    ('a.jpg, \u201cone\u201d\nb.jpg, \u201ctwo\u201d\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('file,words\na.jpg,"one \\"x\\""\n', CSV, [('a.jpg', 'one "x"')]),
    ('path text\na.jpg one\n', PATH_TEXT, [('a.jpg', 'one')]),
    ('label image\none a.jpg\n', TEXT_PATH, [('a.jpg', 'one')]),
    ('Image Path\tGround-Truth\na.jpg\tone\n', CSV, [('a.jpg', 'one')]),
    ('bild,wort\na.jpg,one\nb.jpg,two\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('sep=;\nfile;words\na.jpg;one\n', CSV, [('a.jpg', 'one')]),
    ('sep=;\na.jpg;one\nb.jpg;two\n', CSV, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('\ufeff\ufeffa.jpg one\n', PATH_TEXT, [('a.jpg', 'one')]),
    ('{"path": "a.jpg", "text": 12}\n{"path": "b.jpg"}\n{"path": "c.jpg", "text": "x"}\n', JSON, None),
    ('{"a.jpg": "one", "b.jpg": 7, "a.jpg": "two"}', JSON,
     [('a.jpg', 'one'), ('b.jpg', '7'), ('a.jpg', 'two')]),   # a path twice is to be named
    ('{"filename": ["a.jpg", "b.jpg"], "text": ["one", "two"]}', JSON, [('a.jpg', 'one'), ('b.jpg', 'two')]),
    ('{"data_list": [{"img_path": "a.jpg", "instances": [{"text": "one"}]}]}', JSON, [('a.jpg', 'one')]),
    ('1234.jpg 1234\n5678.jpg 5678\n', PATH_TEXT, [('1234.jpg', '1234'), ('5678.jpg', '5678')]),
    ('a.jpg 12\nb.jpg 407\n', PATH_TEXT, [('a.jpg', '12'), ('b.jpg', '407')]),
    ('img_7.jpg 12\nimg_8.jpg 8\n', PATH_TEXT, [('img_7.jpg', '12'), ('img_8.jpg', '8')]),
    ('', PATH_TEXT, []),
])
def test_the_form_of_a_file_is_told_and_its_samples_are_read(tmp_path, content, form, samples):
    if samples is None:   # some line is none
        with pytest.raises(RejectedSample, match='no text: expected an object with filename and text'):
            samples_of(tmp_path, content)
    else:
        assert samples_of(tmp_path, content) == (form, samples)


@pytest.mark.parametrize(('content', 'line', 'kind'), [
    ('# mine\na.jpg one\n', 0, 'comment'), ('a.jpg one\n// no more\n', 1, 'comment'),
    ('file,words\na.jpg,"one\ntwo"\n', 0, 'odd quotes'), ('file,words\na.jpg,"one" x\n', 0, 'odd quotes'),
    ('file,words\na.jpg,one,two\nb.jpg\n', 1, 'other columns')])
def test_a_line_that_is_no_sample_is_rejected_and_none_is_made_of_it(tmp_path, content, line, kind):
    (tmp_path / 'sample.txt').write_text(content)
    file = annotation.open_annotation(str(tmp_path / 'sample.txt'), str(tmp_path))
    with pytest.raises(RejectedSample) as caught:
        annotation.parse_line(list(file.lines())[line].content, file.form)
    assert caught.value.kind == kind


def test_names_without_an_ending_are_images_where_they_are_there(tmp_path):
    (tmp_path / 'img_1').touch()
    assert samples_of(tmp_path, 'img_1 word\nimg_2 other\n') == (PATH_TEXT,
                                                                 [('img_1', 'word'), ('img_2', 'other')])
    assert samples_of(tmp_path, 'word img_1\nother img_2\n') == (TEXT_PATH,
                                                                 [('img_1', 'word'), ('img_2', 'other')])


LIST = './2697/6/466_MONIKER_1.jpg 1\n./2697/6/467_Kitten_0.jpg 0\n'


def test_the_lists_of_synth_90k_are_translated_by_their_lexicon_or_the_images_names(tmp_path):
    samples = [('2697/6/466_MONIKER_1.jpg', 'MONIKER'), ('2697/6/467_Kitten_0.jpg', 'Kitten')]
    assert samples_of(tmp_path, LIST) == (SYNTH90K, samples)
    (tmp_path / 'lexicon.txt').write_text('kitten\nmoniker\n')
    assert samples_of(tmp_path, LIST) == (SYNTH90K, samples)
    assert samples_of(tmp_path, 'img_1.jpg 1\nimg_0.jpg 0\n') == (SYNTH90K,
                                                                  [('img_1.jpg', 'moniker'),
                                                                   ('img_0.jpg', 'kitten')])


@pytest.mark.parametrize('line', ['a' + ' ' * 300_000 + 'b', 'a' + ',"b' * 100_000, 'a' + ',' * 300_000 + 'b',
                                  'a, ' * 100_000 + '"', ',"' * 100_000 + '"'])
@pytest.mark.parametrize('name', annotation_form.FORMATS)
def test_a_hostile_line_takes_no_time(line, name):
    started = time.process_time()
    with contextlib.suppress(RejectedSample):
        annotation_form.split_line(AnnotationForm(name=name, separator=','), line)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(('line', 'kind'), [
    ('2/1_cat_2.jpg 2', 'index outside the lexicon'), ('2/1_cat_1.jpg 0', 'no index'),
    ('2/1_cat_0.jpg cat', 'no index'), (f'2/1_cat_{"9" * 5000}.jpg {"9" * 5000}', 'no index'),
    ('2/1_cat_1.jpg 1', 'lexicon and name disagree')])
def test_what_does_not_fit_the_lexicon_is_rejected(tmp_path, line, kind):
    (tmp_path / 'lexicon.txt').write_text('kitten\nmoniker\n')
    (tmp_path / 'sample.txt').write_text(LIST + line)
    file = annotation.open_annotation(str(tmp_path / 'sample.txt'), str(tmp_path), SYNTH90K)
    with pytest.raises(RejectedSample) as caught:
        annotation.parse_line(line.encode(), file.form)
    assert caught.value.kind == kind


@pytest.mark.parametrize(('content', 'message'), [
    ('img_12.jpg 12\nimg_7.jpg 7\n',
     'got the number of the image\'s name: an index? Put its lexicon.txt into'),
    (''.join(f'{number}.jpg {number} 17 4 80 2\n' for number in range(20)),
     'indices into a list of characters'),
    ('just some words\nof a poem\n', "line 1: expected an image path and a text, got 'just some words'"),
    ('word\nother\n', "line 1: expected an image path and a text, got 'word'"),
    ('377,117,463,117,465,130,378,130,Genaxis\n' * 3,
     'boxes of whole pictures are no word images: crop the words first'),
    ('a.jpg,100,one\nb.jpg,90,two\n',
     'expected two columns, or a first line that names them (filename, words)'),
    ('{"a": 1}', "line 1: expected JSON with image paths and texts, got '{"),
    (''.join(f'{number}.jpg {number},17,4,80,2\n' for number in range(20)), 'into a list of characters'),
    ('a.jpg\t[{"transcription": "one", "points": [[0, 0]]}]\n',
     "[[0, 0]]}]'; boxes of whole pictures are no word images"),
    ('{"file_name": "a.jpg", "ground_truth": "{\\"gt_parse\\": {}}"}\n', 'expected a text, not JSON'),
    ('2/1_cat_7.jpg,7\n2/2_dog_9.jpg,9\n', 'got an index; write <image path> <index of its word'),
])
def test_a_form_that_is_none_is_refused_in_one_line(tmp_path, content, message):
    refusal = refusal_of(tmp_path, content)
    assert message in refusal
    assert '--annotation_format names one of path_text, text_path, icdar, csv, synth90k, json' in refusal


@pytest.mark.parametrize('content', ['[]', '{}', '["a.jpg one"]', '[["a.jpg", "one"]]', '{"a.jpg": ["one"]}',
                                     '{"train": [{"path": "a.jpg", "text": "a"}], "test": []}'])
def test_json_of_another_form_is_refused(tmp_path, content):
    refusal = refusal_of(tmp_path, content)
    assert 'expected a list of objects with filename and text, or one object of paths and' in refusal


def test_the_form_can_be_named(tmp_path):
    content = 'img_12.jpg 12\nimg_7.jpg 7\n'
    assert samples_of(tmp_path, content, PATH_TEXT) == (PATH_TEXT, [('img_12.jpg', '12'), ('img_7.jpg', '7')])
    assert samples_of(tmp_path, 'a.jpg b.jpg\n', TEXT_PATH) == (TEXT_PATH, [('b.jpg', 'a.jpg')])
    assert samples_of(tmp_path, 'x;y.jpg\n', CSV) == (CSV, [('y.jpg', 'x')])
    assert 'line 1: expected JSON with paths and texts' in refusal_of(tmp_path, 'a.jpg b\n', JSON)


def test_the_form_is_said_in_a_line(tmp_path, capfd):
    samples_of(tmp_path, 'filename,words\r\na.jpg,one\r\n')
    said, = capfd.readouterr().err.splitlines()
    assert said.endswith(
        'sample.txt: 2 columns with commas between them, named by line 1; UTF-8, CRLF')


def test_a_row_without_a_text_is_told_so_and_not_that_it_has_no_columns(tmp_path):
    (tmp_path / 'sample.txt').write_bytes(b'filename,words\na.jpg,one\nb.jpg,\n,two\n')
    file = annotation.open_annotation(str(tmp_path / 'sample.txt'), str(tmp_path))
    lines = [line.content for line in file.lines()]
    with pytest.raises(RejectedSample, match='no text: expected something in the column of the text'):
        annotation.parse_line(lines[1], file.form)
    with pytest.raises(RejectedSample, match='no path'):
        annotation.parse_line(lines[2], file.form)
