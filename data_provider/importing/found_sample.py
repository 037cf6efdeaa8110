"""What an importer finds: samples, and what is none with the reason."""
import os
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from data_provider.rejected_sample import RejectedSample


class FoundSample(NamedTuple):
    """A sample of a source, or something that should have been one."""

    file: str                  # where it stands
    number: int | str = ''     # of its line or record there; '' where it is the whole file
    text: str = ''
    part: str | None = None    # one of annotation.PARTS; None where the source does not say
    image_path: str = ''       # its image file; or …
    image_name: str = ''       # … the name, without an ending, for …
    image: Callable[[], bytes] | None = None   # … the bytes of an image that has no file
    error: RejectedSample | None = None        # why it is none
    unit: str = 'line'         # what is numbered

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f'{self.file}, {self.unit} {self.number}' if self.number else self.file


class Source(NamedTuple):
    """A source that was opened."""

    count: int                        # of samples, about
    samples: Iterable[FoundSample]
    image_dir: str = ''               # the folder that all image files are below, '' where there are none


def part_of(path: str, source: str) -> str:
    """Return Test where a path below a source has `test` or `eval` in its names, else Train."""
    relative = os.path.relpath(path, source) if os.path.isdir(source) else os.path.basename(path)
    return 'Test' if re.search('(?<![a-z])(test|eval)', relative.lower()) else 'Train'


def parts_of(paths: list[str], source: str) -> list[str | None]:
    """Return the part of each path; None for all where none is of Test."""
    parts = [part_of(path, source) for path in paths]
    return parts if 'Test' in parts else [None] * len(parts)
