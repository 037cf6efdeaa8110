"""What is drawn of a word and what is to be read of it: lists of words, cases, marks around words, labels."""
import collections
import functools
import unicodedata

import numpy as np

from local_utils import char_codec, files, log_utils, opening
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError, MissingInput, UnknownCharacter

UPPER_PROBABILITY, CAPITALISED_PROBABILITY = 0.5, 0.27   # the others stay as the list has them
MARK_PROBABILITY = 0.09
MARKS = ('{}.', '{}.', '{}.', '{},', '{},', '{}!', '{}!', '{}?', '{}:', '{}:', '{}...', '"{}"', "'{}'",
         '({})', '{}-', '-{}', '&{}', '#{}', '*{}', "{}'s", "{}'s", "{}'s", '@{}', '{};', '({}', '{})', '"{}',
         '{}"', '[{}]', '<{}>', '{}*', '{}/', '/{}', '{}&', '+{}', '{}+', "{}'", '{}-', '~{}~', '{}_', '|{}',
         '${}', '{}%', '={}')
NAMES_PATH = files.repository_path('data', 'names.txt')

Text = collections.namedtuple('Text', [
    'drawn',  # what the picture shows
    'label',  # what is to be read: as the alphabet writes it, without marks that it lacks
])


def read_words(path: str) -> list[str]:
    """Return the lines of a word list, without blank ones and each once.

    Raises:
        MissingInput: there is no such file.
        InputError: there is no word in it, or it is no UTF-8 text.
    """
    try:
        file = opening.open_file(path, 'r', encoding='utf-8-sig')
    except FileNotFoundError as error:
        raise MissingInput(f'{path}: no such file; expected words, one a line') from error
    with file:
        try:
            words = [line.strip() for line in file if line.strip()]
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise InputError(f'{path}: expected UTF-8 text, got the byte 0x{byte:02x}') from error
    if not words:
        raise InputError(f'{path}: expected words, one a line, found none')
    return list(dict.fromkeys(words))


@functools.cache
def names() -> tuple[str, ...]:
    """Return names, brands, abbreviations and foreign words as they are written, a tuple."""
    return tuple(read_words(NAMES_PATH))


def expressible_words(words: list[str], codec: CharacterCodec, max_frames: int) -> list[str]:
    """Return the words that the alphabet can write in the frames there are; say how many others there were.

    Raises:
        InputError: there is no such word.
    """
    kept = [word for word in words
            if label_of(word, codec) == word and is_expressible(word, codec, max_frames)]
    rejected = set(words).difference(kept)
    if not kept:
        raise InputError(f'no word of the list can be written in the alphabet '
                         f'{char_codec.shortened(codec.characters)} and {max_frames} frames; '
                         f'the first is {words[0]!r}')
    if rejected:
        log_utils.init_logger().warning(
            'left out %d words that the alphabet or the %d frames cannot express, like %r', len(rejected),
            max_frames, min(rejected))
    return kept


def with_marks(text: str, rng: np.random.Generator) -> str:
    """Return a text with marks around it, as they stand on signs."""
    form = MARKS[rng.integers(len(MARKS))]
    return (form.upper() if text.isupper() else form).format(text)


def in_some_case(word: str, rng: np.random.Generator) -> str:
    """Return the word as it is, Capitalised or in capitals, where its capitals have it for lower case."""
    chance = rng.random()
    if chance < UPPER_PROBABILITY:
        changed = word.upper()
    elif chance < UPPER_PROBABILITY + CAPITALISED_PROBABILITY:
        changed = word[0].upper() + word[1:]
    else:
        return word
    return changed if changed.lower() == word.lower() else word


def label_of(drawn: str, codec: CharacterCodec) -> str:
    """Return what is to be read of a text.

    That is all of it but the marks, neither letters nor digits, that the alphabet lacks; a letter whose
    accent it lacks stands without the accent.
    """
    return ''.join([_read_as(character, codec) for character in drawn])


def _read_as(character, codec):
    if character in codec.characters:
        return character
    if not character.isalnum():
        return ''
    plain = unicodedata.normalize('NFD', character)[0]
    return plain if codec.foreign(character) and not codec.foreign(plain) else character


def is_expressible(text: str, codec: CharacterCodec, max_frames: int) -> bool:
    """Whether a text has a label that the alphabet can write and CTC can express in the frames there are."""
    label = label_of(text, codec)
    try:
        return 0 < char_codec.required_frames(codec.encode(label)) <= max_frames
    except UnknownCharacter:
        return False
