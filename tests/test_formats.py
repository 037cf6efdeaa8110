"""Tests of reading.formats and of the search with an automaton."""
import itertools

import numpy as np
import pytest

from crnnmodel import numpy_ctc
from crnnmodel.prefix_search import prefix_beam_search
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError, UnknownCharacter
from reading.formats import parse_formats

CODEC = CharacterCodec('ab12?,-')


def accepted(formats, codec=CODEC, longest=4):
    automaton = parse_formats(formats, codec)
    texts = [''.join(text) for length in range(longest + 1)
             for text in itertools.product(codec.characters, repeat=length)]
    return {text for text in texts if automaton.accepts(codec.encode(text))}


@pytest.mark.parametrize(('formats', 'texts'), [
    ('9', {'1', '2'}), ('A?9', {'1', '2', 'a1', 'a2', 'b1', 'b2'}), ('a-1', {'a-1'}), ('1,b', {'1', 'b'}),
    (r'\?\,1', {'?,1'}), ('a?b?1', {'1', 'a1', 'b1', 'ab1'}), ('9?', {'', '1', '2'})])
def test_a_format_accepts_its_texts_and_no_others(formats, texts):
    assert accepted(formats) == texts


@pytest.mark.parametrize(('formats', 'message'), [
    ('', 'one is empty'), ('9,', 'one is empty'), ('?9', 'has to stand behind'),
    ('9??', 'one . makes a place optional, got another behind it'), (['9', 'A'], 'expected one text'),
    ('9\\', r"^format '9\\': nothing stands behind the last backslash")])
def test_what_is_no_format_is_refused(formats, message):
    with pytest.raises(InputError, match=message):
        parse_formats(formats, CODEC)


def test_a_character_that_the_alphabet_lacks_is_named():
    with pytest.raises(UnknownCharacter, match="^format: expected characters of the alphabet .*, got '%'"):
        parse_formats('9%', CODEC)


def test_what_is_not_allowed_stands_in_no_place_and_an_empty_place_is_refused():
    allowed = np.array([character not in 'a12' for character in CODEC.characters] + [True])
    automaton = parse_formats('Ab9?,-', CODEC, allowed)
    assert [text for text in ('ab', 'bb', 'bb1', '-') if automaton.accepts(CODEC.encode(text))] == ['bb', '-']
    with pytest.raises(InputError, match='no character of the alphabet that is allowed can stand for 9'):
        parse_formats('A9', CODEC, allowed)
    with pytest.raises(InputError, match='can stand for A'):
        parse_formats('A', CharacterCodec('12'))


def test_the_search_finds_the_most_probable_texts_of_a_format_and_their_whole_probability(rng):
    codec = CharacterCodec('a1b')
    probabilities = numpy_ctc.softmax(rng.normal(size=(5, 1, 4)).astype(np.float32))
    automaton = parse_formats('A9A?', codec)
    labels = [tuple(codec.encode(text)) for text in accepted('A9A?', codec)]
    exact = np.exp(numpy_ctc.log_probabilities(numpy_ctc.rows_of(labels), probabilities,
                                               np.zeros(len(labels), int)))
    found = prefix_beam_search(probabilities[:, 0], 10 ** 6, 100, automaton)
    assert dict(found) == pytest.approx(dict(zip(labels, exact, strict=True)))
    narrow = prefix_beam_search(probabilities[:, 0], 3, 100, automaton)
    assert narrow
    assert all(automaton.accepts(label) for label, _ in narrow)
