"""Formats of texts, such as 'AA999?' for plates and meters, as automata over the classes of an alphabet."""
from typing import NamedTuple

import numpy as np

from crnnmodel.prefix_search import IMPOSSIBLE, Automaton
from local_utils.char_codec import CharacterCodec, shortened
from local_utils.errors import InputError, UnknownCharacter, WrongArgument

LETTER, DIGIT, OPTIONAL, ESCAPE, SEPARATOR = 'A9?\\,'


class _Place(NamedTuple):
    """A place of a format."""

    indices: frozenset   # of the characters that may stand there
    is_optional: bool


def parse_formats(text: str, codec: CharacterCodec, allowed: np.ndarray | None = None) -> Automaton:
    r"""Return the automaton of formats.

    Args:
        text: formats, several by commas. A is a letter, 9 a digit, ? makes what stands before it optional;
            anything else stands for itself, and so do these behind a backslash.
        codec: of the alphabet.
        allowed: bool [classes], which may be read; None for all.

    Raises:
        WrongArgument: a format is empty, a ? stands behind nothing or another.
        InputError: not a text, a character is not in the alphabet, or none of it may stand in a place.
    """
    if not isinstance(text, str):
        raise InputError(f'formats: expected one text, the formats by commas, got {text!r}')
    return _automaton([_places(part, codec, allowed) for part in _split(text)], codec)


def check_characters(name: str, characters: str, codec: CharacterCodec) -> None:
    """Raise UnknownCharacter where characters that an argument gives are not in the alphabet."""
    foreign = codec.foreign(characters)
    if foreign:
        raise UnknownCharacter(f'{name}: expected characters of the alphabet {shortened(codec.characters)}, '
                               f'got {shortened("".join(foreign))}')


def _split(text):
    """Return the formats as lists of (character, whether it was escaped)."""
    parts, symbols = [[]], iter(text)
    for symbol in symbols:
        if symbol == ESCAPE:
            escaped = next(symbols, None)
            if escaped is None:
                raise WrongArgument(f"format '{text}': nothing stands behind the last backslash")
            parts[-1].append((escaped, True))
        elif symbol == SEPARATOR:
            parts.append([])
        else:
            parts[-1].append((symbol, False))
    if not all(parts):
        raise WrongArgument(
            f'format {text!r}: expected formats like AA999?, several by commas; one is empty')
    return parts


def _places(part, codec, allowed):
    places = []
    for symbol, is_escaped in part:
        if symbol == OPTIONAL and not is_escaped:
            if not places:
                raise WrongArgument(
                    f'format: a {OPTIONAL} has to stand behind the place that it makes optional')
            if places[-1].is_optional:
                raise WrongArgument(f'format: one {OPTIONAL} makes a place optional, got another behind '
                                    f'it; {ESCAPE}{OPTIONAL} is the character itself')
            places[-1] = places[-1]._replace(is_optional=True)
            continue
        indices = [index for index in _indices_of(symbol, is_escaped, codec)
                   if allowed is None or allowed[index]]
        places.append(_Place(frozenset(indices), False))
    for (symbol, _), place in zip([one for one in part if one != (OPTIONAL, False)], places, strict=True):
        if not place.indices and not place.is_optional:
            raise InputError(f'format: no character of the alphabet that is allowed can stand for {symbol}')
    return places


def _indices_of(symbol, is_escaped, codec):
    """Return the class indices of the characters that a symbol of a format stands for."""
    if symbol == LETTER and not is_escaped:
        return [index for index, character in enumerate(codec.characters) if character.isalpha()]
    if symbol == DIGIT and not is_escaped:
        return [index for index, character in enumerate(codec.characters) if character.isdigit()]
    check_characters('format', symbol, codec)
    return codec.encode(symbol)


def _automaton(formats, codec):
    """Return the automaton that accepts what one of the formats does; a state is a set of (format, place)
    reached.
    """
    def reached(spots):
        """Return spots with those behind optional places; a place behind the last means that the text may
        end.
        """
        spots = set(spots)
        for number, place in list(spots):
            while place < len(formats[number]) and formats[number][place].is_optional:
                place += 1
                spots.add((number, place))
        return frozenset(spots)

    start = reached((number, 0) for number in range(len(formats)))
    numbered, rows = {start: 0}, []
    waiting = [start]
    for state in waiting:   # which grows meanwhile
        row = np.full(codec.blank, IMPOSSIBLE)
        for index in range(codec.blank):
            following = reached((number, place + 1) for number, place in state
                                if place < len(formats[number]) and index in formats[number][place].indices)
            if following:
                if following not in numbered:
                    numbered[following] = len(numbered)
                    waiting.append(following)
                row[index] = numbered[following]
        rows.append(row)
    missing = [min(sum(not place.is_optional for place in formats[number][spot:]) for number, spot in state)
               for state in waiting]
    return Automaton(np.array(rows), np.array(missing))
