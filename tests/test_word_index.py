"""Tests of reading.word_index and of crnnmodel.label_trie."""
import tracemalloc

import numpy as np
import pytest

from crnnmodel import numpy_ctc
from crnnmodel.label_trie import LabelTrie
from local_utils import metrics
from local_utils.char_codec import CharacterCodec
from reading.expected import Bounds, Expected, Lexicon
from reading.word_index import WordIndex


def random_words(rng, count, alphabet='abcde'):
    return [''.join(rng.choice(list(alphabet), rng.integers(1, 9))) for _ in range(count)]


@pytest.mark.parametrize('max_edits', [0, 1, 2, 3])
def test_the_nearest_words_are_those_of_the_edit_distance_the_nearest_first(rng, max_edits):
    words = random_words(rng, 400)
    index = WordIndex(words)
    for text in [*random_words(rng, 30), '', 'a', 'zzz', 'ab' * 20]:
        distances = {word: metrics.edit_distance(text, word) for word in words}
        expected = sorted((word for word in distances if distances[word] <= max_edits),
                          key=lambda word: (distances[word], words.index(word)))
        assert index.nearest(text, max_edits, 1000) == expected
        assert index.nearest(text, max_edits, 3) == expected[:3]


def test_of_all_words_the_nearest_are_found_however_far_they_are():
    index = WordIndex(['market', 'street', 'xylophone'])
    assert index.nearest('zzzzzzzzzz', 3, 5) == []
    assert index.nearest_of_all('strxxxxx', 2) == ['street', 'market']
    assert 'street' in index
    assert len(index) == 3


def test_the_words_of_a_lexicon_near_a_text_come_in_all_their_forms_whatever_its_case():
    lexicon = Lexicon(['Market', 'x', 'am'], Bounds(Expected(), CharacterCodec('MARKETmarketx')))
    assert lexicon.near('mARKXt') == ['Market', 'market', 'MARKET']
    assert lexicon.near('tttttt') == []
    assert lexicon.near_however_far('tttttt')[0] == 'Market'


def test_where_case_is_not_read_a_word_has_the_forms_that_are():
    for characters, forms in (('MARKETmarket', ['market']), ('MARKET', ['MARKET'])):
        bounds = Bounds(Expected(lower_case=True), CharacterCodec(characters))
        assert list(Lexicon(['Market'], bounds).forms) == forms


def test_words_of_any_script_are_found():
    index = WordIndex(['münchen', '北京', '上海', 'москва'])
    assert index.nearest('munchen', 1, 5) == ['münchen']
    assert index.nearest('北海', 1, 5) == ['北京', '上海']


def test_a_trie_of_long_labels_takes_memory_by_their_characters(rng):
    labels = [tuple(rng.integers(0, 90, 700).tolist()) for _ in range(20)]
    tracemalloc.start()
    try:
        LabelTrie(labels)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 8_000_000   # of 14,000 characters; all beginnings, each by itself, take 40 MB


def test_a_trie_gives_the_probability_of_each_label(rng):
    labels = [tuple(rng.integers(0, 3, rng.integers(0, 7)).tolist()) for _ in range(60)]
    probabilities = numpy_ctc.softmax(rng.normal(scale=2, size=(9, 4, 4)).astype(np.float32))
    trie = LabelTrie(labels)
    logs = trie.log_probabilities(probabilities)
    assert logs.shape == (4, 60)
    for view in range(4):
        expected = numpy_ctc.log_probabilities(numpy_ctc.rows_of(labels), probabilities, np.full(60, view))
        np.testing.assert_allclose(logs[view], expected)
    assert trie.required_frames.tolist() == numpy_ctc.required_frames(numpy_ctc.rows_of(labels)).tolist()
    assert np.isinf(logs[:, trie.required_frames > 9]).all()
