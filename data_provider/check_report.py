"""The report on a data set, in lines for people."""
import collections
from collections.abc import Iterator

import numpy as np

from data_provider.conversion import Conversion
from local_utils import texts, visible

MAX_FIRST = 3        # examples of a kind
MAX_LISTED = 30      # characters in a line
RARE = 5             # times, up to which a character counts as rare
MAX_SHOWN = 100000   # samples that a sheet is chosen from
UPRIGHT = 2.0        # heights over the width from which a picture counts as upright


class CheckReport:
    """What was seen of a data set, added up."""

    def __init__(self, conversion: Conversion, files: dict):
        """Start.

        Args:
            conversion: what a worker of the conversion has to know.
            files: part → (AnnotationFile, number of its lines).
        """
        self._conversion, self._files = conversion, files
        self._rejects, self._remarks = collections.Counter(), collections.Counter()
        self._firsts = collections.defaultdict(list)   # kind → of the first lines where and why
        self.characters, self.frames = collections.Counter(), collections.Counter()
        self.sizes, self.shown = [], []
        self.duplicates, self.named_duplicates, self.sheet_path = {}, [], ''

    def add(self, annotation_name: str, checked) -> None:
        """Take what was seen of some lines, a dataset_check.CheckedLines."""
        for counter, notes in ((self._rejects, checked.rejects), (self._remarks, checked.remarks)):
            for note in notes:
                counter[note.kind] += 1
                if len(self._firsts[note.kind]) < MAX_FIRST:
                    where = f'{annotation_name}, line {note.line_number}: {visible.escaped(note.path)}'
                    self._firsts[note.kind].append(f'{where}: {note.reason}')
        self.characters.update(checked.characters)
        self.frames.update(checked.frames)
        self.sizes += checked.sizes
        self.shown += checked.shown[:max(0, MAX_SHOWN - len(self.shown))]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the report."""
        for part, (file, count) in self._files.items():
            yield f'{part}: {visible.counted(count, "line")}; {file.form.description}'
        total = sum(count for _, count in self._files.values())
        yield f'images looked at: {len(self.sizes)} readable, of {total}'
        yield f'rejected: {sum(self._rejects.values())}'
        yield from self._kinds(self._rejects)
        yield f'to be looked at: {sum(self._remarks.values())}'
        yield from self._kinds(self._remarks)
        yield f'paths listed more than once: {sum(self.duplicates.values())}'
        yield from (f'  {count} {kind}' for kind, count in self.duplicates.items())
        for part, note in self.named_duplicates:
            where = f'{part}, line {note.line_number}: {visible.escaped(note.path)}'
            yield f'    {where} with {note.text!r}; {note.reason}'
        yield from self._characters()
        yield from self._lengths()
        yield from self._shapes()
        if self.sheet_path:
            yield f'contact sheet: {self.sheet_path}'

    def _kinds(self, counter):
        for kind, count in counter.most_common():
            yield f'  {count} {kind}'
            yield from (f'    {first}' for first in self._firsts[kind])

    def _characters(self):
        codec = self._conversion.codec
        counts = self.characters
        foreign = collections.Counter({
            each: count for each, count in counts.items() if not codec.knows(each)})
        folded = collections.Counter({each: count for each, count in counts.items()
                                      if each not in codec.characters and codec.knows(each)})
        unused = [each for each in codec.characters if each not in counts and each.upper() not in counts]
        yield f'different characters: {len(counts)} in the texts, {len(codec.characters)} in the alphabet'
        yield f'  most often: {_counted(counts.most_common(MAX_LISTED))}'
        rare = [pair for pair in counts.most_common()[::-1] if pair[1] <= RARE]
        yield f'  rare ({RARE} times or less): {_counted(rare[:MAX_LISTED]) or "none"}'
        invisible = [pair for pair in counts.items() if texts.is_invisible(pair[0])]
        yield f'  without ink: {_counted(sorted(invisible)) or "none"}'
        yield f'  not in the alphabet: {_counted(foreign.most_common(MAX_LISTED)) or "none"}'
        yield f'  folded to small letters: {_counted(folded.most_common(MAX_LISTED)) or "none"}'
        yield f'  of the alphabet in no text: {"".join(unused[:MAX_LISTED]) or "none"}'

    def _lengths(self):
        if not self.frames:
            return
        limit = self._conversion.settings.max_frames
        over = sum(count for frames, count in self.frames.items() if frames > limit)
        yield (f'frames that CTC needs, of {limit}: {min(self.frames)} to {max(self.frames)}, '
               f'median {_weighted_median(self.frames)}; texts that need more: {over}')

    def _shapes(self):
        if not self.sizes:
            return
        sizes = np.array(self.sizes, np.float64)
        aspects = sizes[:, 0] / sizes[:, 1]
        for name, values in (('width', sizes[:, 0]), ('height', sizes[:, 1]), ('width / height', aspects)):
            numbers = ', '.join(f'{value:.4g}' for value in np.quantile(values, [0, 0.05, 0.5, 0.95, 1]))
            yield f'{name} (least, 5 %, median, 95 %, most): {numbers}'
        yield f'upright (height over {UPRIGHT:g} times the width): {int((aspects < 1 / UPRIGHT).sum())}'


def _counted(pairs):
    return ', '.join(f'{texts.named([each]) if each == " " or texts.is_invisible(each) else each} {count}'
                     for each, count in pairs)


def _weighted_median(counts):
    """Return the median of values that are there so many times."""
    half, seen = sum(counts.values()) / 2, 0
    for value, count in sorted(counts.items()):
        seen += count
        if seen >= half:
            return value
    return None
