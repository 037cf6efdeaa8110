"""Tests of data_provider.drawing.drawn_words and drawn_batches."""
import functools
import os
import signal
import string
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from data_provider import image_file
from data_provider.batches import BatchSlice
from data_provider.drawing import drawn_words, fonts
from data_provider.drawing.drawn_batches import drawn_batches
from data_provider.drawing.text_style import RICH
from local_utils.char_codec import CharacterCodec

WORDS = ['alpha', 'beta', 'gamma']


def make_drawer(codec, **options):
    options = {'font_paths': list(fonts.BUILT_IN_FONTS), **options}
    return drawn_words.DrawnWords(words=WORDS, codec=codec, styles=(RICH,), seed=3, input_size=(100, 32),
                                  max_frames=25, **options)


@pytest.fixture
def drawer(codec):
    return make_drawer(codec)


def take_batches(drawer, count, num_processes=0, **options):
    with drawn_words.drawing(drawer, num_processes) as draw, tf.Graph().as_default(), tf.Session() as session:
        batches = drawn_batches(draw, batch_size=4, input_size=(100, 32), **options)
        batch = tf.data.make_one_shot_iterator(batches).get_next()
        return [session.run(batch) for _ in range(count)]


def label_of(batch, row):
    return batch.labels.values[batch.labels.indices[:, 0] == row].tolist()


def test_a_sample_depends_on_nothing_but_its_number(drawer):
    first = [drawer.sample(number) for number in range(6)]
    again = [drawer.sample(number) for number in reversed(range(6))][::-1]
    for left, right in zip(first, again, strict=True):
        assert left.text == right.text
        np.testing.assert_array_equal(left.image, right.image)
    assert len({sample.image.tobytes() for sample in first}) == 6


def test_a_sample_is_labelled_with_what_is_drawn(drawer, codec):
    for number in range(200):
        sample = drawer.sample(number)
        assert sample.image.shape == (32, 100, 3)
        assert codec.decode(sample.label) == sample.text.label.lower()
        assert len(sample.label) >= 1


def test_a_picture_and_a_sample_of_a_number_show_the_same(drawer):
    picture, sample = drawer.picture(7), drawer.sample(7)
    assert picture.text == sample.text
    np.testing.assert_array_equal(image_file.decode_image(picture.jpeg, (100, 32)), sample.image)


def test_a_font_with_capitals_only_is_labelled_with_capitals(monkeypatch):
    monkeypatch.setattr(fonts, 'only_case', lambda font: 'upper')
    codec = CharacterCodec(string.digits + string.ascii_letters)
    drawer = make_drawer(codec, font_paths=['sans'], with_others=False)
    texts = [drawer.picture(number).text for number in range(20)]
    assert any(text.drawn.islower() for text in texts)
    assert all(text.label.isupper() for text in texts)


def test_a_word_from_right_to_left_is_drawn_and_labelled_in_the_order_of_the_picture(codec, monkeypatch):
    word, shown = '\u05d0\u05d1\u05d2', []
    hebrew = CharacterCodec(word)
    monkeypatch.setattr(drawn_words.text_image, 'draw_word',
                        lambda text, *_: shown.append(text) or np.arange(48 * 64 * 3, dtype=np.uint8).reshape(
                            48, 64, 3))
    drawer = drawn_words.DrawnWords(words=[word], codec=hebrew, styles=(RICH,), seed=3, input_size=(100, 32),
                                    max_frames=25, font_paths=list(fonts.BUILT_IN_FONTS), with_others=False)
    sample = drawer.sample(0)
    assert shown[0].strip('.,!?:"\'()-*') == word[::-1]
    assert sample.text.label == word
    assert hebrew.text_of(sample.label) == word


def test_the_first_words_of_a_list_are_drawn_most(drawer):
    labels = [drawer.sample(number).text.label.lower() for number in range(300)]
    counts = [labels.count(word) for word in WORDS]
    assert counts[0] > counts[1] > counts[2] > 0
    assert sum(counts) < 300   # other texts


def test_batches_hold_the_samples_in_order(drawer, codec):
    for number, batch in enumerate(take_batches(drawer, 3)):
        assert batch.images.shape == (4, 32, 100, 3)
        for row in range(4):
            sample = drawer.sample(4 * number + row)
            np.testing.assert_array_equal(batch.images[row], sample.image)
            assert label_of(batch, row) == sample.label
            assert batch.imagenames[row].decode() == sample.text.drawn


def test_the_replicas_batches_are_parts_of_the_whole_batch(drawer):
    whole = np.concatenate([batch.images for batch in take_batches(drawer, 2)])
    first, second = (take_batches(drawer, 2, batch_slice=BatchSlice(worker, 1, 2)) for worker in range(2))
    both = take_batches(drawer, 4, batch_slice=BatchSlice(0, 2, 2))   # two replicas of one worker
    by_turns = [first[0].images, second[0].images, first[1].images, second[1].images]
    np.testing.assert_array_equal(np.concatenate(by_turns), whole)
    np.testing.assert_array_equal(np.concatenate([batch.images for batch in both]), whole)


def test_the_stream_goes_on_where_it_stopped(drawer):
    later = take_batches(drawer, 1, first_batch=2)[0]
    np.testing.assert_array_equal(take_batches(drawer, 3)[2].images, later.images)


def test_the_first_samples_can_be_plain(codec, drawer):
    plain_first = make_drawer(codec, plain_samples=5)
    same = [np.array_equal(plain_first.sample(number).image, drawer.sample(number).image)
            for number in range(10)]
    assert same == 5 * [False] + 5 * [True]


def test_several_processes_draw_the_same(drawer):
    for ours, theirs in zip(take_batches(drawer, 3), take_batches(drawer, 3, num_processes=2), strict=True):
        np.testing.assert_array_equal(ours.images, theirs.images)
        np.testing.assert_array_equal(ours.labels.values, theirs.labels.values)
        assert ours.imagenames.tolist() == theirs.imagenames.tolist()


def test_a_process_that_draws_and_is_killed_is_named(drawer):
    with drawn_words.drawing(drawer, 1) as draw:
        drawn = draw(range(number, number + 1) for number in range(100))
        next(drawn)
        listed = subprocess.check_output(['pgrep', '-f', 'spawn_main', '-P', str(os.getpid())])
        child, = map(int, listed.split())
        os.kill(child, signal.SIGKILL)
        with pytest.raises(ValueError, match='a worker process was ended by SIGKILL'):
            list(drawn)


def test_processes_that_draw_need_no_tensorflow():
    code = "import sys, data_provider.drawing.drawn_words; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0


def test_repeated_words_come_again_varied_with_their_labels(drawer, monkeypatch):
    monkeypatch.setattr('data_provider.drawing.drawn_batches.REPEAT_STEPS', 2)
    batches = take_batches(drawer, 5, repeats=2)
    for batch, later in zip(batches, batches[2:], strict=False):
        assert later.imagenames[2:].tolist() == batch.imagenames[:2].tolist()
        assert not np.array_equal(later.images[2:], batch.images[:2])
        assert label_of(later, 2) == label_of(batch, 0)
        assert label_of(later, 3) == label_of(batch, 1)
    names = [name for batch in batches for name in batch.imagenames[:2]]
    fresh = [drawer.sample(number).text.drawn.encode() for number in range(4, 14)]   # 0 to 3 came before
    assert names == fresh
    later = take_batches(drawer, 1, repeats=2, first_batch=4)[0]
    np.testing.assert_array_equal(later.images, batches[4].images)


@pytest.mark.filterwarnings('ignore:To make it possible to preserve')   # asking for the options in a graph
def test_no_tuning_thread_is_left_to_wait_for_at_the_end(drawer):
    with tf.Graph().as_default():
        batches = drawn_batches(functools.partial(map, drawer.draw), batch_size=4, input_size=(100, 32))
        assert batches.options().autotune.enabled is False
