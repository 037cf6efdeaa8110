"""Which texts are drawn: words of a list or made-up ones, numbers, prices, codes; in some case, with marks around them."""
import collections

from local_utils import char_codec, files, log_utils
from local_utils.errors import InputError, MissingInput, UnknownCharacter

LETTERS = 'abcdefghijklmnopqrstuvwxyz'
CONSONANTS, VOWELS = 'bcdfghjklmnpqrstvwxyz', 'aeiou'
SYLLABLES = [onset + vowel + coda for onset in CONSONANTS for vowel in VOWELS for coda in ('', '', 'n', 'r', 's', 't', 'l')]
MAX_SYLLABLES = 4
UPPER_PROBABILITY, CAPITALISED_PROBABILITY, MIXED_PROBABILITY = 0.35, 0.25, 0.03
MARK_PROBABILITY = 0.06
MARKS = ('{}.', '{},', '{}!', '{}?', '{}:', '{}...', '"{}"', "'{}'", '({})', '{}-', '-{}', '&{}', '#{}', '*{}', "{}'s", '@{}')
UNITS = ('%', 'kg', 'g', 'ml', 'km', 'm', 'mm', 'l', 'oz', 'lb', 'mph', 'cm', 'am', 'pm', 'th', 'st', 'nd', 'rd', 'x', 'k', 'hrs')

Text = collections.namedtuple('Text', [
    'drawn',  # what the picture shows
    'label',  # what is to be read: without marks that the alphabet lacks
])


def read_words(path):
    """Return the lines of a word list, without blank ones and each once.

    Raises:
        MissingInput: there is no such file.
        InputError: there is no word in it, or it is no UTF-8 text.
    """
    try:
        file = files.open_regular(path, 'r', encoding='utf-8-sig')
    except FileNotFoundError as error:
        raise MissingInput(f'{path}: no such file; expected words, one a line') from error
    with file:
        try:
            words = [line.strip() for line in file if line.strip()]
        except UnicodeDecodeError as error:
            raise InputError(f'{path}: expected UTF-8 text, got the byte 0x{error.object[error.start]:02x}') from error
    if not words:
        raise InputError(f'{path}: expected words, one a line, found none')
    return list(dict.fromkeys(words))


def expressible_words(words, codec, max_frames):
    """Return the words that the alphabet can write in the frames there are, saying how many others there were.

    Raises:
        InputError: there is no such word.
    """
    kept = [word for word in words if label_of(word, codec) == word and is_expressible(word, codec, max_frames)]
    rejected = set(words).difference(kept)
    if not kept:
        raise InputError(f'no word of the list can be written in the alphabet {char_codec.shortened(codec.characters)} and '
                         f'{max_frames} frames; the first is {words[0]!r}')
    if rejected:
        log_utils.init_logger().warning('left out %d words that the alphabet or the %d frames cannot express, like %r',
                                        len(rejected), max_frames, min(rejected))
    return kept


def different_texts(count, codec, max_frames, rng, can_draw):
    """Return `count` different texts of `other_text` that alphabet and fonts can write; fewer where there are not so many."""
    texts = {}
    for _ in range(20 * count):
        text = other_text(rng)
        if is_expressible(text, codec, max_frames) and can_draw(text):
            texts[text] = None
        if len(texts) == count:
            break
    return list(texts)


def made_up_word(rng):
    """Return a pronounceable word."""
    return ''.join(SYLLABLES[index] for index in rng.integers(len(SYLLABLES), size=rng.integers(1, MAX_SYLLABLES, endpoint=True)))


def other_text(rng):
    """Return a text that stands in no list of words: a number, a price, a time, a measure, a code, some letters."""
    chance = rng.random()
    for share, make in OTHER_TEXTS:
        if chance < share:
            return make(rng)
        chance -= share
    return _number(rng)


def dressed(word, rng, codec, can_draw):
    """Return a word as it could stand on a sign, in some case and with marks around it.

    Args:
        word: str that has a label, see `label_of`.
        rng: numpy.random.Generator.
        codec: char_codec.CharacterCodec of the alphabet.
        can_draw: a function that says whether there is a font that can draw a text; the word itself has to be such.

    Returns:
        Text.
    """
    cased = in_some_case(word, rng)
    drawn = cased if can_draw(cased) else word
    if rng.random() < MARK_PROBABILITY:
        marked = MARKS[rng.integers(len(MARKS))].format(drawn)
        if label_of(marked, codec) == label_of(drawn, codec) and can_draw(marked):   # not where the alphabet has the mark
            drawn = marked
    return Text(drawn, label_of(drawn, codec))


def in_some_case(word, rng):
    """Return the word as it is, Capitalised, in capitals or mixed, where its capitals have it for lower case."""
    chance = rng.random()
    if chance < UPPER_PROBABILITY:
        changed = word.upper()
    elif chance < UPPER_PROBABILITY + CAPITALISED_PROBABILITY:
        changed = word[0].upper() + word[1:]
    elif chance < UPPER_PROBABILITY + CAPITALISED_PROBABILITY + MIXED_PROBABILITY:
        is_upper = rng.random(len(word)) < 0.5
        changed = ''.join(letter.upper() if upper else letter for letter, upper in zip(word, is_upper, strict=True))
    else:
        return word
    return changed if changed.lower() == word.lower() else word


def label_of(drawn, codec):
    """Return what is to be read of a text: all of it but the marks, neither letters nor digits, that the alphabet lacks."""
    return ''.join([character for character in drawn if character in codec.characters or character.isalnum()])


def is_expressible(word, codec, max_frames):
    """Whether a word has a label that the alphabet can write and CTC can express in the frames there are."""
    label = label_of(word, codec)
    try:
        return 0 < char_codec.required_frames(codec.encode(label)) <= max_frames
    except UnknownCharacter:
        return False


def _number(rng):
    return str(rng.integers(10 ** rng.integers(1, 8)))


def _digits(rng, count):
    return ''.join(map(str, rng.integers(10, size=count)))


def _price(rng):
    sign, number = ('$', '£', '€', '', 'Rs.')[rng.integers(5)], rng.integers(10 ** rng.integers(1, 5))
    form = ('{}{}', '{}{}.{:02}', '{}{:,}', '{}{}.00', '{}{}/-')[rng.integers(5)]
    return form.format(sign, number, rng.integers(100))


def _time(rng):
    form = ('{}:{:02}', '{}/{}', '{}-{}', '{}.{}', '{}:{:02}am')[rng.integers(5)]
    return form.format(rng.integers(1, 32), rng.integers(60))


def _phone(rng):
    return '-'.join(_digits(rng, count) for count in rng.integers(2, 5, size=rng.integers(2, 4)))


def _measure(rng):
    return f'{rng.integers(1, 10 ** rng.integers(1, 4))}{UNITS[rng.integers(len(UNITS))]}'


def _code(rng):
    are_digits = rng.random(rng.integers(2, 8)) < rng.uniform(0.2, 0.8)
    return ''.join(_digits(rng, 1) if is_digit else LETTERS[rng.integers(26)] for is_digit in are_digits)


def _letters(rng):
    return ''.join(LETTERS[index] for index in rng.integers(26, size=rng.integers(1, 6)))


def _initials(rng):
    return ''.join(f'{LETTERS[index]}.' for index in rng.integers(26, size=rng.integers(1, 4)))


OTHER_TEXTS = ((0.3, _number), (0.12, _price), (0.07, _time), (0.05, _phone), (0.13, _measure), (0.08, _code), (0.1, _letters),
               (0.03, _initials), (0.12, made_up_word))
