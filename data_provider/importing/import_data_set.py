"""The import of a data set: what a source holds, written as a data set of this project."""
import collections
import contextlib
import os
from typing import NamedTuple

from data_provider import (
    annotation,
    annotation_diagnosis,
    conversion,
    image_file,
    image_format,
    output_folder,
)
from data_provider.annotation_form import PATH_TEXT
from data_provider.conversion_output import REJECTS_NAME, row_of
from data_provider.importing import iiit5k, image_folders, lists, lmdb_folders, single_files, svt
from data_provider.importing.found_sample import FoundSample, Source
from data_provider.rejected_sample import RejectedSample
from local_utils import files, folder_lock, log_utils, opening, progress, stop_signals, visible
from local_utils.errors import InputError

FORMS = ('synth90k', 'icdar', 'iiit5k', 'svt', 'lmdb', 'csv', 'gt_txt', 'file_names', 'paddleocr')
MAX_NAME_BYTES = 255     # of a file
TEST_SALT = 'Test:'      # before a path whose hash chooses whether it becomes Test
_ENDINGS = {image_format.JPEG: '.jpg', image_format.PNG: '.png', image_format.GIF: '.gif',
            image_format.WEBP: '.webp', image_format.TIFF: '.tif',
            image_format.BMP: '.bmp', image_format.AVIF: '.avif', image_format.PNM: '.pnm'}


class ImportSettings(NamedTuple):
    """An import: from where, where to, and how."""

    form: str                   # one of FORMS
    source: str                 # a folder, or of some forms a file
    save_dir: str               # the data set
    test_fraction: float = 0.0  # of the samples that become Test, where the source has no test part
    seed: int = 0               # chooses which those are
    copies_images: bool = False   # image files are copied; else they stay, and a link leads to them
    overwrite: bool = False     # whether a data set that is there is replaced
    name_pattern: str | None = None   # of the form file_names
    annotation_format: str | None = None   # of the lists of icdar, csv and paddleocr; None to tell it


def import_data_set(settings: ImportSettings) -> None:
    """Write a data set of what a source holds.

    Raises:
        MissingInput: the source is not there.
        InputError: it is not of the form, holds no sample, or there is a data set already, or records.
        Unavailable: another run writes into the folder.
    """
    output_folder.check_data_set_folder(settings.save_dir)
    paths = [annotation.path_of(part, settings.save_dir) for part in annotation.PARTS]
    there = list(filter(os.path.exists, paths))
    if there and not settings.overwrite:
        raise InputError(f'{there[0]}: there is a data set already; give another --save_dir, or --overwrite')
    source = open_source(settings)
    with (folder_lock.only_writer(settings.save_dir), _DataSet(settings, source.image_dir) as data_set,
          progress.Progress(source.count, 'image') as shown):
        for sample in shown.over(source.samples):
            data_set.write(sample)
        data_set.check_usable()
    data_set.log_counts()


def open_source(settings: ImportSettings) -> Source:
    """Open the source of an import; raises InputError where it is not of the form."""
    form, source = settings.form, settings.source
    if form == 'synth90k':
        return lists.open_synth90k(source)
    if form == 'iiit5k':
        return iiit5k.open_iiit5k(source)
    if form == 'svt':
        return svt.open_svt(source)
    if form == 'lmdb':
        return lmdb_folders.open_lmdb(source)
    if form == 'gt_txt':
        return single_files.open_gt_files(source)
    if form == 'file_names':
        return single_files.open_file_names(source, settings.name_pattern)
    written = [*(annotation.path_of(part, settings.save_dir) for part in annotation.PARTS),
               os.path.join(settings.save_dir, REJECTS_NAME)]   # by a former import, where it is the source
    return lists.open_lists(source, form, settings.annotation_format, written)


class _DataSet:
    """The files of a data set; its annotation files take their names when the block ends well."""

    def __init__(self, settings, image_dir):
        self._settings = settings
        self._save_dir = settings.save_dir
        self._image_dir = os.path.realpath(image_dir) if image_dir else ''
        self._given_dir = os.path.abspath(image_dir)   # which the paths of the samples begin with
        self._counts, self._rejects_of_kind = collections.Counter(), collections.Counter()
        self._first_reasons = []
        self._stack = contextlib.ExitStack()
        # Whose images a removed folder may not hold.
        self._sources = [path for path in (settings.source, image_dir) if path]
        self._replaces = any(os.path.exists(annotation.path_of(part, settings.save_dir))
                             for part in annotation.PARTS)

    def __enter__(self):
        image_folders.remove_unlisted(self._save_dir, self._sources)
        with contextlib.ExitStack() as stack:
            for part in annotation.PARTS:
                opening.make_folder(self._save_dir, part)
            self._files = {
                part: stack.enter_context(files.atomic_file(
                    annotation.path_of(part, self._save_dir), 'w', encoding='utf-8'))
                for part in annotation.PARTS}
            self._rejects = stack.enter_context(files.atomic_file(
                os.path.join(self._save_dir, REJECTS_NAME), 'w', encoding='utf-8', errors='backslashreplace'))
            self._rejects.write('file\tline\tpath\ttext\treason\n')
            self._images_prefix = self._placed_images()
            if self._image_dir and self._settings.copies_images:
                self._images = stack.enter_context(contextlib.closing(opening.Tree(self._image_dir)))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error):
        with stop_signals.held_back():   # or there would be a list of one part only
            self._stack.__exit__(*error)
            if error[0] is None and not self._counts['Test']:
                os.remove(annotation.path_of('Test', self._save_dir))
        image_folders.remove_unlisted(self._save_dir, self._sources)

    def _placed_images(self):
        """Return the folder of the data set through which image files are reached; makes a link to them."""
        save_dir, image_dir = os.path.realpath(self._save_dir), self._image_dir
        if image_dir and not self._settings.copies_images and (
                os.path.commonpath([save_dir, image_dir]) == save_dir):   # they are in the data set
            return os.path.relpath(image_dir, save_dir)
        copies = not image_dir or self._settings.copies_images
        if copies and image_dir == os.path.join(save_dir, image_folders.IMAGES_NAME):
            return image_folders.IMAGES_NAME   # they are in their place
        name = image_folders.IMAGES_NAME
        if self._replaces:
            name = image_folders.free_name(save_dir, None if copies else image_dir)
        if copies:
            image_folders.make_folder(save_dir, name)
        elif os.path.realpath(os.path.join(save_dir, name)) != image_dir:
            image_folders.make_link(save_dir, name, image_dir)
        return name

    def write(self, sample: FoundSample) -> None:
        """Take a sample, or note why it is none."""
        try:
            if sample.error is not None:
                raise sample.error
            content = sample.image() if sample.image else None
            path = (self._path_of_file(sample) if content is None
                    else self._new_path(sample.image_name, content))
            line = _checked_line(path, _checked_text(sample.text))
            self._put(path, sample, content)
        except RejectedSample as error:
            self._rejects.write(row_of(sample.file, conversion.LineNote(
                sample.number, sample.image_path or sample.image_name, sample.text, error.kind, str(error))))
            self._rejects_of_kind[error.kind] += 1
            if len(self._first_reasons) < 3:
                self._first_reasons.append(visible.located(sample.place, str(error)))
            return
        part = sample.part or self._chosen_part(path)
        self._files[part].write(line)
        self._counts[part] += 1

    def _chosen_part(self, path):
        # Of a path alone the conversion chooses the validation part: it would be a part of Test.
        path_hash = conversion.hash_of_path(TEST_SALT + path, self._settings.seed)
        return 'Test' if conversion.is_below(path_hash, self._settings.test_fraction) else 'Train'

    def _path_of_file(self, sample):
        """Return the path in the data set of an image that has a file."""
        relative = os.path.relpath(sample.image_path, self._given_dir)
        if relative.startswith(os.pardir + os.sep):
            raise RejectedSample('path leaves the source', sample.image_path)
        return os.path.normpath(os.path.join(self._images_prefix, relative)).replace(os.sep, '/')

    def _new_path(self, name, content):
        """Return the path in the data set of an image that has no file, with the ending of its format."""
        ending = _ENDINGS.get(image_format.format_of(content))
        if ending is None:
            raise RejectedSample('not an image', 'expected the bytes of a JPEG, PNG or other image')
        return f'{self._images_prefix}/{name}{ending}'

    def _put(self, path, sample, content):
        """Put an image into the data set where it has no file there yet, and is wanted there."""
        if content is not None:
            self._write_image(path, content)
        elif self._settings.copies_images:
            target = os.path.join(self._save_dir, path)
            is_there = all(map(os.path.exists, (target, sample.image_path)))
            if not is_there or not os.path.samefile(sample.image_path, target):
                self._write_image(path, self._content_of(sample.image_path))

    def _content_of(self, image_path):
        relative = os.path.relpath(image_path, self._given_dir)
        try:
            return self._images.read(relative, image_file.MAX_FILE_BYTES)
        except image_file.UNREADABLE_ERRORS as error:   # also of a link that leads out
            raise image_file.unreadable(os.path.join(self._image_dir, relative), error) from error

    def _write_image(self, path, content):
        folder, name = os.path.split(path)
        if len(os.fsencode(name)) > MAX_NAME_BYTES:
            raise RejectedSample('unusable path', f'a name of {len(os.fsencode(name))} bytes')
        target = os.path.join(opening.make_folder(self._save_dir, folder), name)
        with files.named_errors(target), opening.open_file(target, 'wb') as file:
            file.write(content)

    def check_usable(self) -> None:
        """Raise InputError where there is no sample for training."""
        if not self._counts['Train']:
            kinds = ', '.join(f'{kind}: {count}' for kind, count in self._rejects_of_kind.most_common())
            why = f'; rejected {kinds}; first {"; ".join(self._first_reasons)}' if kinds else ''
            raise InputError(f'{self._settings.source}: no sample for Train{why}')

    def log_counts(self) -> None:
        """Say what was written, what was not and why, and what to do next."""
        logger = log_utils.init_logger()
        counts = ', '.join(f'{part} {self._counts[part]}' for part in annotation.PARTS)
        logger.info('%s: %s', self._save_dir, counts)
        for kind, count in self._rejects_of_kind.most_common():
            logger.warning(
                'rejected %d: %s (see %s)', count, kind, os.path.join(self._save_dir, REJECTS_NAME))
        if not self._counts['Test']:
            logger.warning('no test part; --test_fraction 0.1 makes one')
        if not self._is_told():
            logger.warning('its lines look like those of another form: convert with --annotation_format %s',
                           PATH_TEXT)
        if os.path.islink(os.path.join(self._save_dir, self._images_prefix)):
            logger.info('the images stay where they are: convert with --follow_links')

    def _is_told(self):
        """Whether the form of the annotation file is told from its lines, which may be odd."""
        path = annotation.path_of('Train', self._save_dir)
        try:
            form = annotation_diagnosis.diagnose(path, self._save_dir)
        except InputError:
            return False
        return form.name == PATH_TEXT and not form.is_quoted and not form.header_line


def _checked_line(path, text):
    """Return the line of a sample; raises RejectedSample where it would be read as another one."""
    line = annotation.format_line(path, text)
    try:
        content = line.encode()
    except UnicodeEncodeError as error:
        raise RejectedSample('not UTF-8', f'{path!r} with {text!r}') from error
    if len(content.splitlines()) != 1 or annotation.parse_line(content.strip()) != (path, text):
        raise RejectedSample('unusable path', f'{path!r} with {text!r} cannot stand in a line')
    return line


def _checked_text(text):
    if not text:
        raise RejectedSample('no text', 'expected what is written in the image, got nothing')
    if len(text.splitlines()) > 1:
        raise RejectedSample('several lines', f'expected one line of text, got {text!r}')
    return text
