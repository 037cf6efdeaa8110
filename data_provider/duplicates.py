"""Paths that annotation files list more than once, found by a hash a line.

That takes 12 bytes of memory a line, and at the end some 25 more for a moment.
"""
import array
import contextlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from data_provider import annotation, conversion
from data_provider.annotation import AnnotationFile
from data_provider.conversion import Converted, LineNote
from data_provider.rejected_sample import RejectedSample

SAME_TEXT, OTHER_TEXT, TRAIN_AND_TEST = KINDS = (
    'listed again with the same text', 'listed again with another text', 'listed in Train and in Test')
MAX_NAMED = 1000   # lines; more are counted only


class Duplicates(NamedTuple):
    """Lines whose path another line has listed, by their numbers in the order of all lines, from 0."""

    later: np.ndarray   # int64 [count], ascending
    first: np.ndarray   # int64 [count], the line that lists the path first
    kinds: np.ndarray   # int64 [count], index into KINDS

    def counts(self) -> dict[str, int]:
        """Return how many there are of each kind."""
        return {kind: int((self.kinds == number).sum()) for number, kind in enumerate(KINDS)
                if (self.kinds == number).any()}


class LineHashes:
    """The hashes of the lines of several annotation files."""

    def __init__(self):
        self._paths, self._texts = array.array('Q'), array.array('I')
        self._starts = []   # how many lines there are before each file

    def start_file(self) -> None:
        """Say that what is added from now on is of the next file."""
        self._starts.append(len(self._paths))

    def add(self, converted: Converted) -> None:
        """Take the hashes of some lines."""
        self._paths.extend(converted.path_hashes)
        self._texts.extend(converted.text_hashes)

    def duplicates(self) -> Duplicates:
        """Return the lines whose path was listed before."""
        paths, texts = np.frombuffer(self._paths, np.uint64), np.frombuffer(self._texts, np.uint32)
        order = np.argsort(paths, kind='stable')
        in_order = paths[order]
        repeats = np.flatnonzero((in_order[1:] == in_order[:-1]) & (in_order[1:] != conversion.NO_PATH)) + 1
        firsts = order[np.searchsorted(in_order, in_order[repeats])]
        laters = order[repeats]
        file_of = np.searchsorted(self._starts, np.stack([laters, firsts]), side='right')
        kinds = np.where(file_of[0] != file_of[1], KINDS.index(TRAIN_AND_TEST), np.where(
            texts[laters] == texts[firsts], KINDS.index(SAME_TEXT), KINDS.index(OTHER_TEXT)))
        by_line = np.argsort(laters)
        return Duplicates(laters[by_line], firsts[by_line], kinds[by_line])


def named_duplicates(duplicates: Duplicates,
                     files: dict[str, AnnotationFile]) -> Iterator[tuple[str, LineNote]]:
    """Yield (part, note) of the first MAX_NAMED lines whose path was listed before.

    Args:
        duplicates: of the lines of these files.
        files: part → its annotation file, in the order in which their lines were added.
    """
    later, first, kinds = (values[:MAX_NAMED].tolist() for values in duplicates)
    lines = _lines_of(set(later) | set(first), files)
    for later_index, first_index, kind in zip(later, first, kinds, strict=True):
        if later_index in lines and first_index in lines:   # the files are as they were
            part, number, path, text = lines[later_index]
            first_part, first_number, _, first_text = lines[first_index]
            where = f'line {first_number} of {annotation.name_of(first_part)} has it with {first_text!r}'
            yield part, LineNote(number, path, text, KINDS[kind], where)


def _lines_of(indices, files):
    """Return index → (part, line number, path, text) of some lines."""
    found, last = {}, max(indices, default=-1)
    lines = ((part, file, line) for part, file in files.items() for line in file.lines())
    for index, (part, file, line) in zip(range(last + 1), lines, strict=False):
        if index in indices:
            with contextlib.suppress(RejectedSample):   # it has changed since
                found[index] = part, line.number, *annotation.parse_line(line.content, file.form)
    return found
