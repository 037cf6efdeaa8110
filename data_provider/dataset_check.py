"""A look at a data set before its conversion: what would be used, what not and why, what is in it."""
import collections
import contextlib
import functools
import itertools
import os
import time
from collections.abc import Iterator
from typing import NamedTuple

from data_provider import annotation, duplicates, output_folder, usable_text
from data_provider.annotation import AnnotatedLine, AnnotationFile
from data_provider.check_report import CheckReport
from data_provider.conversion import COMPLAINT, LineNote, hash_of_line
from data_provider.convert import PART_OF, conversion_of, open_annotations
from data_provider.image_folder import ImageFolder
from data_provider.rejected_sample import RejectedSample
from data_provider.settings import ConversionSettings
from local_utils import char_codec, complaints, files, parallel, pictures, progress, texts
from local_utils.errors import UnknownCharacter

CHUNK_LINES = 1000
MAX_IMAGES = 20000       # that are looked at, spread evenly over the lines
MAX_SECONDS = 40         # that a worker looks at images; then only at the texts
SHEET_IMAGES = 48
SHEET_NAME = 'contact_sheet.png'
MAX_ASPECT = 20          # of pictures on the sheet; longer ones are squeezed


class CheckedLines(NamedTuple):
    """What was seen of some lines."""

    num_lines: int
    rejects: list[LineNote]           # for their texts, or for their images where these were looked at
    remarks: list[LineNote]
    characters: collections.Counter   # of the texts, as they stand
    frames: collections.Counter       # that CTC needs → texts
    sizes: list[tuple[int, int]]      # (width, height) of the images that were looked at
    shown: list[tuple[str, str]]      # (path, text) of good samples, for the sheet
    path_hashes: list[int]
    text_hashes: list[int]


def check_data_set(settings: ConversionSettings) -> CheckReport:
    """Look at a data set, and draw a sheet of some samples with their texts into the folder of the records.

    Raises:
        MissingInput, InputError: as of a conversion, where there is no data set or no alphabet, or a folder
            that no records may go to.
    """
    output_folder.check_records_folder(settings.save_dir, settings.dataset_dir)
    annotations = open_annotations(settings)
    of_worker = conversion_of(settings, annotations)
    num_lines = {split: file.count() for split, file in annotations.items()}
    total = sum(num_lines.values())
    stride = max(1, -(-total // MAX_IMAGES))
    report = CheckReport(of_worker, {
        PART_OF[split]: (annotations[split], count) for split, count in num_lines.items()})
    hashes = duplicates.LineHashes()
    with (progress.Progress(total, 'line') as shown,
          parallel.worker_processes(settings.num_workers, functools.partial(
              _prepare, of_worker)) as executor):
        for split, file in annotations.items():
            hashes.start_file()
            check = functools.partial(check_lines, split, stride, MAX_SECONDS)
            chunks = parallel.chunked(_numbered(file), CHUNK_LINES)
            for checked in parallel.ordered_map(executor, check, chunks, 3 * settings.num_workers):
                hashes.add(checked)
                report.add(annotation.name_of(PART_OF[split]), checked)
                shown.update(checked.num_lines)
    found = hashes.duplicates()
    report.duplicates = found.counts()
    report.named_duplicates = list(itertools.islice(duplicates.named_duplicates(
        found, {PART_OF[split]: file for split, file in annotations.items()}), 3))
    report.sheet_path = _draw_sheet(settings, report.shown)
    return report


def _numbered(file: AnnotationFile) -> Iterator[tuple[int, AnnotatedLine]]:
    return enumerate(file.lines())


@functools.cache
def _time_of_first_call():
    """Return when this process began to work; its start is no work."""
    return time.monotonic()


_conversion = None   # of a process that looks at lines


def _prepare(conversion):
    """Tell a process once of which data set its lines will be."""
    global _conversion
    _conversion = conversion
    _time_of_first_call()


def check_lines(split: str, stride: int, max_seconds: float,
                lines: list[tuple[int, AnnotatedLine]]) -> CheckedLines:
    """Look at the texts of some lines, and at the image of each stride-th; what a prepared process does.

    Args:
        split: of the lines.
        stride: lines from one whose image is looked at to the next.
        max_seconds: since the process began, after which no image is looked at.
        lines: (number from 0 in its file, line).
    """
    conversion, settings, form = _conversion, _conversion.settings, _conversion.forms[split]
    deadline = _time_of_first_call() + max_seconds
    checked = CheckedLines(len(lines), [], [], collections.Counter(), collections.Counter(), [], [], [], [])
    with complaints.caught_complaints() as caught, ImageFolder(
            conversion.dataset_dir, follow_links=settings.follow_links) as images:
        for number, line in lines:
            path, text = line.content.decode('utf-8', 'replace'), ''
            path_hash = text_hash = 0
            try:
                path, text = annotation.parse_line(line.content, form)
                path_hash, text_hash = hash_of_line(path, text, settings.seed)
                usable_text.check_not_ignored(text, settings.text_rules)
                checked.characters.update(text)
                if number % stride == 0 and time.monotonic() < deadline:
                    _look_at_image(images, line, path, text, checked, caught)
                usable = _check_text(conversion, text, checked)
                if number % stride == 0:
                    checked.shown.append((path, usable))
            except RejectedSample as error:
                checked.rejects.append(LineNote(line.number, path, text, error.kind, str(error)))
            checked.path_hashes.append(path_hash)
            checked.text_hashes.append(text_hash)
    return checked


def _look_at_image(images, line, path, text, checked, caught):
    image, remarks = images.load(path)
    checked.sizes.append((image.shape[1], image.shape[0]))
    if complaint := caught.take():
        remarks.append((COMPLAINT, complaint))
    checked.remarks.extend(LineNote(line.number, path, text, kind, detail) for kind, detail in remarks)


def _check_text(conversion, text, checked):
    """Return the text as it would be learned; raises RejectedSample."""
    rules, codec = conversion.settings.text_rules, conversion.codec
    text, _ = usable_text.visible_text(text, rules)
    text, _ = usable_text.known_text(text, rules, codec)
    with contextlib.suppress(UnknownCharacter):   # is said below
        checked.frames[char_codec.required_frames(codec.encode(texts.in_picture_order(text)))] += 1
    usable_text.encode_text(codec, text, conversion.settings.max_frames)
    return text


def _draw_sheet(settings, shown):
    """Draw some of the samples; returns the path of the picture, or '' where there is none."""
    examples = []
    with ImageFolder(settings.dataset_dir, follow_links=settings.follow_links) as images:
        for path, text in shown[::max(1, len(shown) // SHEET_IMAGES)][:SHEET_IMAGES]:
            try:
                image = images.load(path).image
                height, width = image.shape[:2]
                if max(width / height, height / width) > MAX_ASPECT:
                    image = images.load(path, settings.input_size).image
                examples.append((image, text))
            except RejectedSample:
                continue   # of one whose image was not looked at before
    if not examples:
        return ''
    files.make_target_folder(settings.save_dir)
    path = os.path.join(settings.save_dir, SHEET_NAME)
    pictures.save_contact_sheet(examples, path)
    return path
