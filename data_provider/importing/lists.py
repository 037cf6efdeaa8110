"""Annotation files beside images: Synth 90k, ICDAR, CSV, the lists of PaddleOCR."""
import itertools
import json
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from data_provider import annotation, image_path
from data_provider.annotation import AnnotationFile
from data_provider.annotation_form import SYNTH90K
from data_provider.image_listing import folders_below
from data_provider.importing.found_sample import FoundSample, Source, parts_of
from data_provider.rejected_sample import RejectedSample
from local_utils import log_utils, opening, texts
from local_utils.errors import InputError, MissingInput

ENDINGS = {'icdar': ('.txt', '.json'), 'csv': ('.csv', '.tsv', '.txt'), 'paddleocr': ('.txt',)}
SYNTH90K_LISTS = {
    'annotation_train.txt': 'Train', 'annotation_val.txt': 'Train', 'annotation_test.txt': 'Test'}
NO_LISTS = ('coords', 'lexicon', 'readme', 'dict', 'imlist')   # names of files that only look like lists
TRIED_LINES = 20


class List(NamedTuple):
    """An annotation file of a source."""

    file: AnnotationFile
    image_dir: str
    part: str | None


def open_synth90k(source: str) -> Source:
    """Open Synth 90k, by its own lists and its lexicon; its validation part becomes training samples.

    Raises:
        MissingInput: the lists are not there.
    """
    places = [folder for folder, names in folders_below(source) if 'annotation_train.txt' in names]
    if not places:
        raise MissingInput(f'{source}: expected annotation_train.txt in it, or in a folder below')
    lists = []
    for name, part in SYNTH90K_LISTS.items():
        path = os.path.join(places[0], name)
        if os.path.exists(path):
            lists.append(List(annotation.open_annotation(path, places[0], SYNTH90K), places[0], part))
    if not os.path.exists(os.path.join(places[0], 'lexicon.txt')):
        log_utils.init_logger().warning(
            '%s: no lexicon.txt; the words are taken from the names of the images', places[0])
    return _source_of(lists, are_files_looked_for=False)


def open_lists(source: str, form: str, annotation_format: str | None = None,
               passed_over: Iterable[str] = ()) -> Source:
    """Open a source of annotation files: one file, or a folder with some.

    Args:
        source: the file or the folder.
        form: a key of ENDINGS.
        annotation_format: one of annotation_form.FORMATS that the files are of; None to tell it.
        passed_over: files below the folder that are none of its lists.

    Raises:
        MissingInput: there is no such file.
        InputError: none of the files is one of annotations.
    """
    if not os.path.exists(source):
        raise MissingInput(f'{source}: no such file or folder')
    candidates = [source] if os.path.isfile(source) else _lists_below(source, form, passed_over)
    lists, arts, refusals = [], [], []
    for path in candidates:
        try:
            if path.lower().endswith('.json') and (words := _words_of_art(path)):
                arts.append((path, words))
            else:
                lists.append(_opened(path, annotation_format))
        except InputError as error:
            refusals.append(error)
    if not lists and not arts:
        raise refusals[0] if refusals else MissingInput(
            f'{source}: expected annotation files that end in {", ".join(ENDINGS[form])}, found none')
    for error in refusals:
        log_utils.init_logger().warning('passed over %s', error)
    parts = parts_of([item.file.path for item in lists] + [path for path, _ in arts], source)
    opened = _source_of([item._replace(part=part) for item, part in zip(lists, parts, strict=False)])
    for (path, words), part in zip(arts, parts[len(lists):], strict=True):
        opened = opened._replace(count=opened.count + len(words), samples=itertools.chain(
            opened.samples, _samples_of_art(path, words, part)))
    return opened._replace(image_dir=source if os.path.isdir(source) else opened.image_dir)


def _lists_below(folder, form, passed_over):
    """Return the paths of the files below a folder that are lists by their names."""
    none_of_them = set(map(os.path.realpath, passed_over))
    paths = [os.path.join(parent, name) for parent, names in folders_below(folder) for name in names
             if name.lower().endswith(ENDINGS[form]) and not any(word in name.lower() for word in NO_LISTS)]
    return [path for path in paths if os.path.realpath(path) not in none_of_them]


def _opened(path, annotation_format):
    folder = os.path.dirname(os.path.abspath(path))
    file = annotation.open_annotation(path, folder, annotation_format)
    tried = [_parsed(file, line) for line in itertools.islice(file.lines(), TRIED_LINES)]
    firsts = [sample for sample in tried if not isinstance(sample, RejectedSample)]
    return List(file, _image_dir(folder, [image_path for image_path, _ in firsts]), None)


def _image_dir(folder, paths):
    """Return the folder that most paths are relative to: the list's, one below it, or one beside it."""
    parent = os.path.dirname(folder)
    places = [folder, *_folders_in(folder), parent, *_folders_in(parent)]
    found = [sum(os.path.isfile(os.path.join(place, path)) for path in paths) for place in places]
    return places[found.index(max(found))]


def _folders_in(folder):
    return sorted(entry.path for entry in os.scandir(folder) if entry.is_dir())


def _source_of(lists, are_files_looked_for=True):
    if not lists:
        return Source(0, ())
    image_dir = os.path.commonpath([os.path.abspath(item.image_dir) for item in lists])
    return Source(sum(item.file.count() for item in lists), itertools.chain.from_iterable(
        _samples_of(item, are_files_looked_for) for item in lists), image_dir)


def _parsed(file, line):
    try:
        return annotation.parse_line(line.content, file.form)
    except RejectedSample as error:
        return error


def _samples_of(item, are_files_looked_for) -> Iterator[FoundSample]:
    real_dir = os.path.realpath(item.image_dir)
    for line in item.file.lines():
        parsed = _parsed(item.file, line)
        if isinstance(parsed, RejectedSample):
            yield FoundSample(item.file.path, line.number, line.content.decode('utf-8', 'replace'),
                              error=parsed)
            continue
        path, text = os.path.join(item.image_dir, parsed[0]), parsed[1]
        error = None
        if are_files_looked_for and not os.path.isfile(path):
            try:
                path = os.path.join(item.image_dir, image_path.other_spelling(real_dir, parsed[0]))
            except RejectedSample as missing:
                error = missing
        yield FoundSample(item.file.path, line.number, text, item.part, path, error=error)


def _words_of_art(path):
    """Return name → word of a list of ICDAR 2019's curved texts, or None where it is none."""
    with opening.open_file(path, 'r', encoding='utf-8-sig') as file:
        try:
            value = json.load(file)
        except (ValueError, RecursionError):
            return None
    if not isinstance(value, dict):
        return None
    words = {name: items[0] for name, items in value.items() if isinstance(items, list) and len(items) == 1
             and isinstance(items[0], dict) and isinstance(items[0].get('transcription'), str)}
    return words if len(words) == len(value) and words else None


def _samples_of_art(path, words, part):
    folder = os.path.dirname(os.path.abspath(path))
    names = [f'{name}.jpg' for name in words]
    image_dir = _image_dir(folder, names[:TRIED_LINES])
    for number, (name, word) in enumerate(words.items(), start=1):
        image_path = os.path.join(image_dir, f'{name}.jpg')
        error = RejectedSample('illegible', 'says the list') if word.get('illegibility') else None
        if error is None and not os.path.isfile(image_path):
            error = RejectedSample('missing image', f'{image_path}: no such file')
        text = texts.normalised(word['transcription'])
        yield FoundSample(path, number, text, part, image_path, error=error, unit='entry')
