"""The alphabet on disk: char_dict.json, code point → character; ord_map.json, class index → code point."""
import os

from local_utils import files, log_utils, stop_signals, text_file, texts
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError, MissingInput

CHAR_DICT_NAME = 'char_dict.json'
ORD_MAP_NAME = 'ord_map.json'
INDEX_SUFFIX, ORD_SUFFIX = '_index', '_ord'   # of the keys in alphabets of this project's neighbours
ENGLISH_DIR = files.repository_path('data')   # of the alphabet of a–z and 0–9


class CharDictBuilder:
    """Writes and reads the two files of an alphabet."""

    @staticmethod
    def write_char_dict(origin_char_list: str | list[str], save_path: str) -> None:
        """Write `char_dict.json`, {"97": "a", …}, for a list of characters."""
        files.write_json(save_path, char_dict_of(origin_char_list))

    @staticmethod
    def map_ord_to_index(origin_char_list: str | list[str], save_path: str) -> None:
        """Write `ord_map.json`, {"0": "97", …}, for a list of characters in the order of their indices."""
        files.write_json(save_path, ord_map_of(origin_char_list))

    @staticmethod
    def read_char_dict(dict_path: str) -> dict[int, str]:
        """Read `char_dict.json`; its keys may also be like "97_ord".

        Returns:
            code point → character.

        Raises:
            MissingInput: there is no such file.
            InputError: an entry is not a code point and its character; names the file and the entry.
        """
        char_dict = {}
        for key, character in files.read_json_object(dict_path).items():
            code_point = _code_point(key.removesuffix(ORD_SUFFIX), f'{dict_path}: key {key!r}')
            if character != chr(code_point):
                raise InputError(f'{dict_path}: entry {key!r}: expected the character {chr(code_point)!r}, '
                                 f'got {character!r}')
            char_dict[code_point] = character
        return char_dict

    @staticmethod
    def read_ord_map_dict(ord_map_dict_path: str) -> list[int]:
        """Read `ord_map.json`; entries may also be like {"0_index": "97", "97_ord": "0"}, both or one of
        them.

        Returns:
            The code point of each class index.

        Raises:
            MissingInput: there is no such file.
            InputError: an index is missing, or a code point is wrong or there twice; names the file and the
                entry.
        """
        ord_map = _plain_ord_map(files.read_json_object(ord_map_dict_path), ord_map_dict_path)
        index_of = {}
        for index in range(len(ord_map)):
            if str(index) not in ord_map:
                raise InputError(f'{ord_map_dict_path}: index "{index}" is missing; expected "0" to '
                                 f'"{len(ord_map) - 1}" for its {len(ord_map)} entries')
            code_point = _code_point(ord_map[str(index)], f'{ord_map_dict_path}: index "{index}"')
            if code_point in index_of:
                raise InputError(f'{ord_map_dict_path}: indices "{index_of[code_point]}" and "{index}" '
                                 f'are both {chr(code_point)!r} (code point {code_point})')
            index_of[code_point] = index
        return list(index_of)


def _plain_ord_map(entries, path):
    """Return {"0": "97", …} of entries like {"0_index": "97", "97_ord": "0"}, which have to agree."""
    by_index = {key.removesuffix(INDEX_SUFFIX): value for key, value in entries.items()
                if not key.endswith(ORD_SUFFIX)}
    of_ords = {key: value for key, value in entries.items() if key.endswith(ORD_SUFFIX)}
    has_ords_alone = not by_index
    for key, index in of_ords.items():
        code_point = key.removesuffix(ORD_SUFFIX)
        if not isinstance(index, str):
            raise InputError(f'{path}: entry {key!r}: expected an index as text, like "0", got {index!r}')
        if has_ords_alone:
            by_index.setdefault(index, code_point)
        if by_index.get(index) != code_point:
            raise InputError(
                f'{path}: entry {key!r} says index {index!r}, but that index is {by_index.get(index)!r}')
    return by_index


def read_character_list(path: str) -> str:
    """Read an alphabet from a plain list, one character a line, in the order of the lines and in form NFC.

    A line of one blank is the blank. Empty lines are passed over.

    Raises:
        MissingInput: there is no such file.
        InputError: a line has several characters, one that leaves no ink, or one that another line has; says
            which.
    """
    lines = {}
    for number, line in text_file.read_whole_lines(path):
        character = texts.normalised(line)
        if len(character) != 1:
            raise InputError(f'{path}, line {number}: expected one character, got {character[:20]!r}')
        if texts.is_invisible(character):
            raise InputError(
                f'{path}, line {number}: {texts.named(character)} leaves no ink, and cannot be read')
        if character in lines:
            raise InputError(
                f'{path}, line {number}: {character!r} stands in line {lines[character]} already')
        lines[character] = number
    if not lines:
        raise InputError(f'{path}: expected one character a line, got no line')
    return ''.join(lines)


def char_dict_of(characters: str | list[str]) -> dict[str, str]:
    """Return what `char_dict.json` holds for an alphabet."""
    return {str(ord(character)): character for character in characters}


def ord_map_of(characters: str | list[str]) -> dict[str, str]:
    """Return what `ord_map.json` holds for an alphabet."""
    return {str(index): str(ord(character)) for index, character in enumerate(characters)}


def write_alphabet(characters: str | list[str], folder: str) -> None:
    """Write both alphabet files of `characters` (in the order of their class indices) into a folder."""
    with stop_signals.held_back():   # or they would be of two alphabets
        CharDictBuilder.write_char_dict(characters, os.path.join(folder, CHAR_DICT_NAME))
        CharDictBuilder.map_ord_to_index(characters, os.path.join(folder, ORD_MAP_NAME))


def read_alphabet(folder: str) -> CharacterCodec:
    """Read both alphabet files of a folder and return their codec.

    Raises:
        MissingInput: one of the files is missing.
        InputError: a file is malformed or the two disagree; names the file and the entry.
    """
    char_dict_path, ord_map_path = (os.path.join(folder, name) for name in (CHAR_DICT_NAME, ORD_MAP_NAME))
    for path in (char_dict_path, ord_map_path):
        if not os.path.lexists(path):
            raise MissingInput(f'{path}: no such file; an alphabet is the two files {CHAR_DICT_NAME} and '
                               f'{ORD_MAP_NAME}')
    char_dict = CharDictBuilder.read_char_dict(char_dict_path)
    code_points = CharDictBuilder.read_ord_map_dict(ord_map_path)
    for code_point in sorted(set(code_points) ^ set(char_dict)):
        names = [ORD_MAP_NAME, CHAR_DICT_NAME]
        here, there = names if code_point in code_points else names[::-1]
        raise InputError(f'{folder}: {chr(code_point)!r} (code point {code_point}) stands in {here} but not '
                         f'in {there}')
    if not code_points:
        raise InputError(f'{ord_map_path}: expected at least one character, got none')
    return CharacterCodec([chr(code_point) for code_point in code_points])


def has_alphabet(folder: str) -> bool:
    """Whether a folder holds either of the two alphabet files."""
    return any(os.path.lexists(os.path.join(folder, name)) for name in (CHAR_DICT_NAME, ORD_MAP_NAME))


def nearest_dir(folder: str, default_dir: str | None = None) -> str:
    """Return where a folder's alphabet is: there, in the default, or, with a warning, the English one."""
    if has_alphabet(folder):
        return folder
    if default_dir:
        return default_dir
    log_utils.init_logger().warning(
        '%s has no alphabet files; taking the English letters and digits', folder)
    return ENGLISH_DIR


def _code_point(text, where):
    """Return the int that `text` writes, or raise InputError where it is no code point of a character."""
    if isinstance(text, str) and text.isdecimal() and len(text) <= 7:
        code_point = int(text)
        if str(code_point) == text and code_point <= 0x10FFFF and not 0xD800 <= code_point <= 0xDFFF:
            return code_point
    raise InputError(f'{where}: expected the code point of a character as text, like "97", got {text!r}')
