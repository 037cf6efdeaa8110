"""What is drawn of a word and what is to be read of it: lists of words, cases, marks around words, labels."""
import collections
import functools
import unicodedata
from collections.abc import Callable

import numpy as np

from local_utils import char_codec, files, log_utils, text_file, texts, visible
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
    """Return the lines of a word list, each once, without blank ones and without what leaves no ink.

    Raises:
        MissingInput: there is no such file.
        InputError: there is no word in it, or it is no text.
    """
    try:
        words = dict.fromkeys(map(texts.without_invisible, text_file.read_words(path)))
    except FileNotFoundError as error:
        raise MissingInput(f'{path}: no such file; expected words, one a line') from error
    words.pop('', None)
    if not words:
        raise InputError(f'{path}: expected words, one a line, found none')
    return list(words)


@functools.cache
def names() -> tuple[str, ...]:
    """Return names, brands, abbreviations and foreign words as they are written, a tuple."""
    return tuple(read_words(NAMES_PATH))


def usable_words(words: list[str], codec: CharacterCodec, max_frames: int,
                 drawable: Callable[[list[str]], list[str]]) -> list[str]:
    """Return the words that can be drawn, and read in the frames there are; say which others there were.

    Args:
        words: in form NFC.
        codec: of the alphabet that has to write them.
        max_frames: frames that the network makes of a picture.
        drawable: returns those of some words that the fonts can draw.

    Raises:
        InputError: there is no such word.
        Unavailable: one is written from right to left, and the library for it is missing.
    """
    left_out = collections.defaultdict(list)   # why → words
    kept = []
    for word in words:
        if script := texts.script_that_needs_shaping(word):
            left_out[f'that drawing letter by letter would show wrong ({script})'].append(word)
        elif label_of(word, codec) != word or not is_expressible(word, codec, max_frames):
            left_out[f'that the alphabet or the {max_frames} frames cannot express'].append(word)
        else:
            texts.in_picture_order(word)   # so that a missing library is said now
            kept.append(word)
    with_glyphs = drawable(kept)
    left_out['that no font can draw'] = sorted(set(kept).difference(with_glyphs))
    reasons = [f'{visible.counted(len(of_reason), "word")} {reason}, like {of_reason[0]!r}'
               for reason, of_reason in left_out.items() if of_reason]
    if not with_glyphs:
        raise InputError(f'no word of the list can be drawn and read (alphabet '
                         f'{char_codec.shortened(codec.characters)}): {"; ".join(reasons)}')
    for reason in reasons:
        log_utils.init_logger().warning('left out %s', reason)
    return with_glyphs


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
