"""Tests of reading.recogniser, mostly with an engine that reads what a test writes into the pixels."""
import concurrent.futures
import pathlib
import sys
import threading

import cv2
import numpy as np
import pytest

from crnnmodel.architecture import Architecture
from data_provider.rejected_sample import RejectedSample
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError, Unavailable
from local_utils.establish_char_dict import write_alphabet
from reading import Expected, ReadingSettings, Recogniser, WithLexicon, views
from reading import recogniser as recogniser_module
from reading.recogniser import find_codec
from tests.fake_engine import ALPHABET, FakeEngine, picture_of

TEXTS = ['abc', 'd', 'ca', 'bd', 'abcd', 'dab']


def recogniser_of(engine, **settings):
    return Recogniser(engine, CharacterCodec(ALPHABET), ReadingSettings(**settings))


def test_paths_bytes_arrays_and_functions_are_read_alike_and_in_order(tmp_path):
    image = picture_of('abc')
    content = cv2.imencode('.png', image)[1].tobytes()
    (tmp_path / 'word.png').write_bytes(content)
    readings = recogniser_of(FakeEngine()).read(
        [str(tmp_path / 'word.png'), picture_of('d'), tmp_path / 'word.png', content, lambda: image])
    assert [reading.text for reading in readings] == ['abc', 'd', 'abc', 'abc', 'abc']
    assert all(0.9 < reading.confidence < 1 and reading.error is None for reading in readings)


def test_a_character_has_its_probability_and_its_frames():
    reading, = recogniser_of(FakeEngine(probability=0.8), min_confidence=0.0).read([picture_of('aabc')])
    assert reading.text == 'abc'
    assert [(place.character, place.first_frame, place.last_frame) for place in reading.characters] == [
        ('a', 0, 1), ('b', 2, 2), ('c', 3, 3)]
    assert [place.probability for place in reading.characters] == pytest.approx([0.8] * 3)


def test_what_cannot_be_read_is_told_in_its_place_and_loses_nothing(tmp_path):
    def refuse():
        raise RejectedSample('path leaves the data set', '../x')

    bad = [tmp_path / 'none.png', b'', b'no image', np.zeros([32, 24], np.uint8), np.zeros([32, 24, 3]),
           refuse, None]
    images = [picture_of(text) for text in TEXTS * 40]
    images[100:100] = bad
    readings = recogniser_of(FakeEngine(), batch_size=16).read(images)
    assert [reading.text
            for reading in readings] == (TEXTS * 40)[:100] + [None] * len(bad) + (TEXTS * 40)[100:]
    told = ['missing image', 'empty file', 'not an image', r'got uint8 [32, 24]', 'got float64 [32, 24, 3]',
            'path leaves the data set: ../x', 'expected a path, bytes or an array, got NoneType']
    for reading, what in zip(readings[100:], told, strict=False):
        assert what in reading.error
        assert (reading.confidence, reading.characters) == (0.0, ())


@pytest.mark.parametrize(('returned', 'told'), [
    (None, 'expected an array, got NoneType'), ('word.jpg', 'expected an array, got str'),
    (np.zeros([32, 24], np.uint8), r'got uint8 [32, 24]'), (np.zeros([0, 24, 3], np.uint8), '[0, 24, 3]')])
def test_what_a_function_returns_that_is_no_image_is_told_in_its_place(returned, told):
    bad, good = recogniser_of(FakeEngine()).read([lambda: returned, picture_of('abc')])
    assert bad.text is None and told in bad.error
    assert good.text == 'abc'


def test_a_batch_of_nothing_but_bad_images_is_read(tmp_path):
    assert [reading.text for reading in recogniser_of(FakeEngine()).read([b'', b''])] == [None, None]
    assert recogniser_of(FakeEngine()).read([]) == []


def test_several_threads_read_with_one_recogniser_and_each_gets_its_own_answers(monkeypatch):
    monkeypatch.setitem(views.SETS, 'few', (views.FURTHER,))
    recogniser = recogniser_of(FakeEngine(probability=0.9), batch_size=8)   # unsure of all
    started = threading.Barrier(8, timeout=60)

    def read(number):
        started.wait()
        texts = TEXTS[number % 6:] + TEXTS[:number % 6]
        return [(texts, [reading.text for reading in recogniser.read(map(picture_of, texts))])
                for _ in range(10)]

    with concurrent.futures.ThreadPoolExecutor(8) as executor:
        answers = [answer for answers in executor.map(read, range(8)) for answer in answers]
    assert len(answers) == 80
    assert all(texts == read for texts, read in answers)


def test_a_stream_is_read_as_it_comes():
    taken = 0

    def stream():
        nonlocal taken
        while True:
            taken += 1
            yield picture_of(TEXTS[taken % 6])

    readings = recogniser_of(FakeEngine(), batch_size=4).read_all(stream())
    assert [next(readings).text for _ in range(30)] == [TEXTS[number % 6] for number in range(1, 31)]
    assert taken <= 30 + 8 * 4   # what was read, what is being read, what is being decoded
    readings.close()


@pytest.mark.parametrize(('count', 'pieces'), [(1, 1), (31, 1), (32, 2), (50, 3), (1000, 4)])
def test_pieces_of_a_batch_are_read_at_the_same_time_and_come_in_order(count, pieces, monkeypatch):
    engine = FakeEngine(concurrency=4)
    all_started = threading.Barrier(pieces, timeout=60)   # passes only where all pieces are being read
    logits = engine.logits
    monkeypatch.setattr(engine, 'logits', lambda images: (all_started.wait(), logits(images))[1])
    texts = [TEXTS[number % 6] for number in range(count)]
    readings = recogniser_of(engine, batch_size=1000).read(map(picture_of, texts))
    assert [reading.text for reading in readings] == texts


def test_batches_that_are_read_together_keep_their_size_and_share_the_further_views(monkeypatch):
    engine = FakeEngine(concurrency=1)
    engine.batches_together = 3
    runs = []
    logits = engine.logits
    monkeypatch.setattr(engine, 'logits', lambda images: (runs.append(images.shape[:3:2]), logits(images))[1])
    monkeypatch.setitem(views.SETS, 'few', ((views.View(width=1.5),),))
    texts = [TEXTS[number % 6] for number in range(12)]
    readings = recogniser_of(engine, batch_size=4, min_confidence=0.9).read(
        picture_of(text, is_doubtful=number % 2 == 0) for number, text in enumerate(texts))
    assert [reading.text for reading in readings] == texts
    # images of a width; of the wider fewer
    assert runs == [(4, 24), (4, 24), (4, 24), (2, 36), (2, 36), (2, 36)]


def test_all_reads_share_the_threads_of_their_recogniser():
    threads = set()
    recogniser = recogniser_of(FakeEngine())
    for text in TEXTS * 5:
        readings = recogniser.read([lambda text=text: (threads.add(threading.current_thread()),
                                                       picture_of(text))[1]] * 4)
        assert [reading.text for reading in readings] == [text] * 4
    assert len(threads) <= recogniser_module.DECODING_THREADS


def test_an_error_of_the_engine_is_the_error_of_reading(monkeypatch):
    engine = FakeEngine()
    monkeypatch.setattr(engine, 'logits', lambda images: [][0])
    with pytest.raises(IndexError):
        recogniser_of(engine).read([picture_of('a')] * 64)


def test_only_what_is_read_without_confidence_is_resized_and_read_in_further_views(monkeypatch):
    engine = FakeEngine()
    sizes = []
    resize = views.image_file.resize
    monkeypatch.setattr(views.image_file, 'resize', lambda image,
                        size: (sizes.append(size), resize(image, size))[1])
    monkeypatch.setitem(views.SETS, 'few', (views.FURTHER,))
    images = [picture_of('ab'), picture_of('abcd', is_doubtful=True), picture_of('c'), picture_of('d')]
    for settings in ({'min_confidence': 0.0}, {'views': 'one'}):
        recogniser_of(engine, **settings).read(images)
    assert engine.widths == [24] * 8
    assert sizes == [(24, 32)] * 8
    readings = recogniser_of(engine, min_confidence=0.9).read(images)
    assert [reading.confidence > 0.9 for reading in readings] == [True, False, True, True]
    assert sorted(engine.widths[8:]) == [20, 24, 24, 24, 24, 24, 24, 36]
    assert sorted(sizes[8:]) == [(20, 32), *[(24, 32)] * 6, (36, 32)]


def test_a_round_of_views_is_for_images_that_the_one_before_leaves_in_doubt(monkeypatch):
    rounds = (views.View(width=1.44),), (views.View(width=0.8), views.View(margin=0.0))
    monkeypatch.setitem(views.SETS, 'few', rounds)
    engine = FakeEngine(probability=0.95)
    images = [picture_of('abcd', is_doubtful=True), picture_of('ab'), picture_of('c')]
    readings = recogniser_of(engine, min_confidence=0.9).read(images)
    assert [reading.text for reading in readings] == ['abcd', 'ab', 'c']
    assert [reading.confidence > views.ENOUGH[1] for reading in readings] == [False, True, True]
    assert max(reading.confidence for reading in readings) < 0.9
    assert sorted(engine.widths) == [20, 24, 24, 24, 24, 36, 36, 36]
    engine.widths.clear()
    recogniser_of(engine, min_confidence=readings[1].confidence).read(images)
    assert sorted(engine.widths) == [20, 24, 24, 24, 24, 36]


@pytest.mark.parametrize(('min_confidence', 'enough', 'widths'), [
    (0.9, (1.0, 1.0, 1.0), [20, 24, 28, 36]),
    (0.9, (1.0, 1.0, 0.0), [20, 24, 36]),    # the third round is not needed
    (0.9, (1.0, 0.0, 1.0), [24, 36]),        # what a round leaves out the next ones do, too
    (0.0001, (1.0, 1.0, 1.0), [24])])        # the setting holds in every round
def test_each_round_of_views_has_its_own_confidence_that_is_enough(
        monkeypatch, min_confidence, enough, widths):
    monkeypatch.setitem(views.SETS, 'few', tuple((views.View(width=width),) for width in (1.44, 0.8, 1.2)))
    monkeypatch.setattr(views, 'ENOUGH', enough)
    engine = FakeEngine(probability=0.95)
    recogniser_of(engine, min_confidence=min_confidence).read([picture_of('abcd', is_doubtful=True)])
    assert sorted(engine.widths) == widths


def test_what_is_expected_reaches_the_decoder_and_an_image_may_have_its_own_lexicon():
    images = [picture_of('abc'), WithLexicon(picture_of('abc'), ['abd', 'cab'])]
    common = Recogniser(FakeEngine(probability=0.7), CharacterCodec(ALPHABET),
                        expected=Expected(lexicon=['abd', 'dd']))
    assert [reading.text for reading in common.read(images)] == ['abd', 'abd']
    free = Recogniser(FakeEngine(probability=0.7), CharacterCodec(ALPHABET), ReadingSettings(views='one'),
                      alternatives=3)
    first, own = free.read(images)
    assert (first.text, own.text) == ('abc', 'abd')
    assert first.size == (24, 32)
    assert len(first.alternatives) == 3
    confidences = [first.confidence, *(other.confidence for other in first.alternatives)]
    assert confidences == sorted(confidences, reverse=True)
    assert 0 < first.confidence < first.relative_confidence < 1


def test_a_generator_of_words_is_a_lexicon_in_every_round_of_views():
    image = WithLexicon(picture_of('abcd', is_doubtful=True), (word for word in ['abcd', 'dcba']))
    reading, = recogniser_of(FakeEngine()).read([image])
    assert reading.text == 'abcd'


@pytest.mark.parametrize('expected', [Expected(), Expected(word_list=['abc']), Expected(lexicon=['abc'])])
def test_confidences_are_plain_numbers(expected):
    recogniser = Recogniser(FakeEngine(), CharacterCodec(ALPHABET), expected=expected)
    reading, = recogniser.read([picture_of('abc')])
    assert {type(reading.confidence), type(reading.relative_confidence)} == {float}


def test_alternatives_come_in_the_order_of_the_confidences_that_they_show():
    settings = ReadingSettings(word_weight=1.0)
    listed = Recogniser(FakeEngine(probability=0.7), CharacterCodec(ALPHABET), settings,
                        expected=Expected(word_list=['abd']), alternatives=3)
    reading, = listed.read([picture_of('abc')])
    shown = [other.confidence for other in reading.alternatives]
    assert shown == sorted(shown, reverse=True)
    assert reading.alternatives[0].text != 'abd' in [other.text for other in reading.alternatives]


def test_an_alphabet_that_needs_a_missing_package_is_told_before_the_first_image(monkeypatch):
    monkeypatch.setitem(sys.modules, 'bidi.algorithm', None)
    with pytest.raises(Unavailable, match='requirements-bidi.txt'):
        Recogniser(FakeEngine(), CharacterCodec('abcש'))


def test_an_image_without_a_word_to_be_read_in_its_lexicon_has_the_empty_text():
    for words in ([], ['xyz']):
        reading, = recogniser_of(FakeEngine()).read([WithLexicon(picture_of('abc'), words)])
        assert (reading.text, reading.confidence, reading.error) == ('', 0.0, None)


@pytest.mark.parametrize('image', ['docs/word.jpg', pathlib.Path('word.jpg'), b'content', picture_of('abc'),
                                   WithLexicon('word.jpg', ['abc']), lambda: picture_of('abc')])
def test_one_image_is_no_list_of_images(image):
    for read in (recogniser_of(FakeEngine()).read, recogniser_of(FakeEngine()).read_all):
        with pytest.raises(InputError, match='expected a list of images, got one'):
            list(read(image))


def test_a_batch_of_images_in_one_array_is_a_list_of_them():
    images = np.stack([picture_of('abc'), picture_of('abd')])
    assert [reading.text for reading in recogniser_of(FakeEngine()).read(images)] == ['abc', 'abd']


@pytest.mark.parametrize(('name', 'value', 'expected'), [
    ('batch_size', 0, 'a whole number from 1 to 65536, got 0'), ('batch_size', True, 'a whole number'),
    ('batch_size', 8.0, 'a whole number from 1 to 65536, got 8.0'), ('beam_width', 0, 'a whole number'),
    ('views', 'lots', "one of one, few, many, got 'lots'"), ('views', ['few'], 'one of one, few, many'),
    ('engine', 'cuda', "one of auto, onnx, tensorflow, got 'cuda'"),
    ('precision', 'float16', "one of auto, float32, bfloat16, int8, got 'float16'"),
    ('min_confidence', 5, 'a number from 0.0 to 1.0, got 5'), ('min_confidence', float('nan'), 'got nan'),
    ('word_weight', None, 'a number from 0.0 to 20.0, got None'), ('word_weight', 'a\nb' * 99, 'a number'),
    ('gpu_memory_fraction', 0, 'a number from 0.01 to 1.0, got 0'), ('tf_allow_growth', 1, 'True or False')])
def test_a_setting_that_may_not_be_is_refused_when_a_recogniser_is_made_or_opened(name, value, expected):
    settings = ReadingSettings(**{name: value})
    for make in (lambda: Recogniser(FakeEngine(), CharacterCodec(ALPHABET), settings),
                 lambda: Recogniser.open('bundled', settings=settings)):
        with pytest.raises(InputError, match=f'^ReadingSettings.{name}: expected .*') as caught:
            make()
        assert expected in str(caught.value) and '\n' not in str(caught.value)


def test_settings_may_be_numbers_of_numpy_and_whole_ones():
    settings = {'batch_size': np.int64(2), 'min_confidence': np.float32(0.5), 'word_weight': 1}
    readings = recogniser_of(FakeEngine(), **settings).read([picture_of('abc')] * 3)
    assert [reading.text for reading in readings] == ['abc'] * 3


def test_a_negative_number_of_alternatives_is_refused():
    with pytest.raises(InputError, match='alternatives: expected a whole number of at least 0, got -1'):
        Recogniser(FakeEngine(), CharacterCodec(ALPHABET), alternatives=-1)


def test_an_alphabet_that_is_not_the_checkpoints_is_refused_with_the_difference(tmp_path):
    write_alphabet('abd', tmp_path)
    with pytest.raises(ValueError,
                       match=f"{tmp_path}: another alphabet than .* run/best: .*missing 'c', extra 'd'"):
        find_codec(Architecture('abc', 4), 'run/best', str(tmp_path))


def test_a_checkpoint_without_an_alphabet_takes_the_one_beside_it(tmp_path):
    nameless = Architecture(None, 4)
    with pytest.raises(ValueError, match='a network of 4 classes, but the alphabet of .* has 36 characters'):
        find_codec(nameless, str(tmp_path / 'shadownet.ckpt-1'))
    write_alphabet('xyz', tmp_path)
    assert find_codec(nameless, str(tmp_path / 'shadownet.ckpt-1')).characters == 'xyz'
