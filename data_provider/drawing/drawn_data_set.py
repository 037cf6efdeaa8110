"""Writes drawn words as a data set, in the layout that conversion takes; removes one that it wrote."""
import contextlib
import functools
import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from data_provider import annotation, output_folder
from data_provider.drawing.drawn_words import DrawnWords
from data_provider.rejected_sample import RejectedSample
from local_utils import establish_char_dict, files, log_utils, opening, parallel, progress, stop_signals
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError

IMAGES_IN_A_FOLDER = 500
FOLDERS_IN_A_FOLDER = 100
FOLDER_LEVELS = 2
CHUNK_IMAGES = 20             # that a worker draws at a time; some such are drawn yet after Ctrl-C
DRAWN_NAME = re.compile(r'(\d{1,18})_[^/]*\.jpg')   # of an image, as image_path gives it
MARK = '.drawing'              # a file in the data set while its images are drawn that no list names yet
REMOVED_ENDING = '.removed'   # of an annotation file whose images are being removed
MAX_NAME_CHARACTERS = 40      # of the word in a file's name


class Chunk(NamedTuple):
    """Images that a worker draws at once."""

    part: int            # index of the part's drawer
    numbers: range       # of its drawer
    first_image: int     # number of the first image in the data set


def draw_data_set(save_dir: str, drawers: Sequence[DrawnWords], counts: Sequence[int], codec: CharacterCodec,
                  num_workers: int) -> None:
    """Draw the images of Train and of Test, and write their annotation files and the alphabet.

    Args:
        save_dir: where they go; there is no data set in it.
        drawers: drawn_words.DrawnWords of each part.
        counts: images of each part.
        codec: char_codec.CharacterCodec of the alphabet.
        num_workers: processes that draw; they draw the same, however many there are.

    Raises:
        InputError: none of the fonts can draw a word, or the disk is full.
    """
    chunks, first_image = [], 0
    for part, count in enumerate(counts):
        opening.make_folder(save_dir, annotation.PARTS[part])
        chunks += [Chunk(part, range(first, min(first + CHUNK_IMAGES, count)), first_image + first)
                   for first in range(0, count, CHUNK_IMAGES)]
        first_image += count
    opening.open_file(os.path.join(save_dir, MARK), 'wb').close()
    lines = [[] for _ in counts]
    prepare = functools.partial(_prepare, save_dir, drawers)
    with (parallel.worker_processes(num_workers, prepare) as executor,
          progress.Progress(sum(counts), 'image') as shown):
        drawn_chunks = parallel.ordered_map(executor, _draw_chunk, chunks, 3 * num_workers)
        for chunk, drawn in zip(chunks, drawn_chunks, strict=True):
            lines[chunk.part] += drawn
            shown.update(len(drawn))
    establish_char_dict.write_alphabet(codec.characters, save_dir)
    with stop_signals.held_back():   # or there would be a list of one part only
        for part, part_lines in zip(annotation.PARTS, lines, strict=True):
            with files.atomic_file(annotation.path_of(part, save_dir), 'w', encoding='utf-8') as file:
                file.writelines(part_lines)
    files.remove(os.path.join(save_dir, MARK))


_save_dir = _drawers = None   # of a process that draws


def _prepare(save_dir, drawers):
    """Tell a process once what it is to draw, and where to."""
    global _save_dir, _drawers
    _save_dir, _drawers = save_dir, drawers


def _draw_chunk(chunk):
    """Draw the images of a Chunk into their files; returns their lines of the annotation file."""
    lines = []
    for number in chunk.numbers:
        picture = _drawers[chunk.part].picture(number)
        image_path = image_path_of(chunk.first_image + number - chunk.numbers[0], picture.text.drawn)
        path = os.path.join(_save_dir, image_path)
        opening.make_folder(_save_dir, os.path.dirname(image_path))
        with files.named_errors(path), opening.open_file(path, 'wb') as file:
            file.write(picture.jpeg)
        lines.append(f'/{image_path} {picture.text.label}\n')
    return lines


def image_path_of(number: int, drawn: str) -> str:
    """Return the path of an image relative to the data set: a folder, its number and what it shows."""
    safe = ''.join(character if character.isalnum() else '-' for character in drawn)[:MAX_NAME_CHARACTERS]
    return f'{folder_of(number)}/{number}_{safe}.jpg'


def folder_of(number: int) -> str:
    """Return the folder of the image of a number, relative to the data set."""
    folder = number // IMAGES_IN_A_FOLDER
    return f'{folder // FOLDERS_IN_A_FOLDER + 1}/{folder % FOLDERS_IN_A_FOLDER + 1}'


def make_room(save_dir: str, overwrite: bool) -> None:
    """Refuse a folder that holds a data set, or remove the images and the annotation files of that data set.

    What a killed run has drawn is removed, too.

    An annotation file loses its name first and is removed last: so it never names images that are gone, and
    the next run removes what a killed one has left of them.

    Raises:
        InputError: there is one, and it is not to be overwritten, or not of drawn words; or there are
            records.
    """
    output_folder.check_data_set_folder(save_dir)
    there = [path for part in annotation.PARTS if os.path.exists(path := annotation.path_of(part, save_dir))]
    if there and not overwrite:
        raise InputError(f'{there[0]}: there is a data set already; give another --save_dir, or --overwrite')
    for path in there:
        images = _paths_in(path)
        if images and not is_drawn(images[0]):
            raise InputError(f'{path}: no data set of this tool, which would draw no {images[0]!r}; '
                             'nothing was removed')
    for path in there:
        os.replace(path, path + REMOVED_ENDING)
    for part in annotation.PARTS:
        path = annotation.path_of(part, save_dir) + REMOVED_ENDING
        if os.path.exists(path):
            _remove_images(save_dir, filter(is_drawn, _paths_in(path)))
            os.remove(path)
    mark = os.path.join(save_dir, MARK)
    if os.path.lexists(mark):
        log_utils.init_logger().info('%s: removing the images of a run that was ended', save_dir)
        _remove_images(save_dir, list(filter(is_drawn, _paths_of_images(save_dir))))
        os.remove(mark)


def _paths_of_images(save_dir):
    """Yield the paths, relative to a data set, of the files in its numbered folders; follows no link."""
    folders = ['']
    for _ in range(FOLDER_LEVELS):
        folders = [f'{folder}{name}/' for folder in folders
                   for name in os.listdir(os.path.join(save_dir, folder))
                   if name.isdecimal() and opening.is_folder(os.path.join(save_dir, folder, name))]
    for folder in folders:
        yield from (folder + name for name in os.listdir(os.path.join(save_dir, folder)))


def _paths_in(annotation_path):
    """Return the paths that an annotation file lists."""
    return list(map(_path_in, annotation.read_lines(annotation_path)))


def _path_in(line):
    """Return the path in an AnnotatedLine, or '' where there is none."""
    try:
        return annotation.parse_line(line.content)[0]
    except RejectedSample:
        return ''


def is_drawn(path: str) -> bool:
    """Whether a path is one of image_path_of's: a set such as Synth 90k has the like in other folders."""
    folder, _, name = path.rpartition('/')
    match = DRAWN_NAME.fullmatch(name)
    return match is not None and folder == folder_of(int(match[1]))


def _remove_images(save_dir, paths):
    """Remove images, as far as they are there, and the numbered folders that are empty then."""
    folders = set()
    for path in paths:
        folders.add(os.path.dirname(path))
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(save_dir, path))
    folders |= {os.path.dirname(folder) for folder in folders}
    for folder in sorted(folders, reverse=True):   # inner ones first
        with contextlib.suppress(OSError):   # not empty
            os.rmdir(os.path.join(save_dir, folder))
