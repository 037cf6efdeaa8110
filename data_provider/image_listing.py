"""The image files that paths, folders and patterns mean, and what lies beside them that is none."""
import collections
import glob
import os
from collections.abc import Iterator

from data_provider import image_format
from data_provider.image_path import IMAGE_ENDINGS
from local_utils import command_line, log_utils, opening
from local_utils.errors import InputError

FIRST_BYTES = 64
WHAT_TO_DO = {   # with files that look like images and cannot be read
    '.heic': 'convert to JPEG or PNG', '.heif': 'convert to JPEG or PNG', '.jxl': 'convert to JPEG or PNG',
    '.psd': 'export as PNG', '.ai': 'export as PNG', '.eps': 'render as PNG', '.svg': 'render as PNG',
    '.pdf': 'render its pages as PNG', '.djvu': 'render its pages as PNG', '.cr2': 'develop to JPEG',
    '.nef': 'develop to JPEG', '.dng': 'develop to JPEG', '.zip': 'unpack', '.tar': 'unpack', '.gz': 'unpack',
    '.rar': 'unpack', '.7z': 'unpack', '.mp4': 'extract its frames', '.mov': 'extract its frames',
}
_NO_ENDING = 'without an ending'
_LEFT_BY_MACS = '__MACOSX'
_WILDCARDS = set('*?[')


def find_images(image_paths: list[str]) -> tuple[list[str], list[str]]:
    """Find image files; says in a line what else lies in the folders.

    Args:
        image_paths: files; folders, whose images are meant with those of their sub-folders; and patterns such
            as 'img/*.png', which not every shell replaces by what they mean.

    Returns:
        (the files, in order; what is wrong with the other paths, as lines).
    """
    found, problems = [], []
    for path in image_paths:
        meant = sorted(glob.glob(path, recursive=True)) if _is_pattern(path) else [path]
        if not meant:
            problems.append(f'{path}: no file fits this pattern')
        for one in meant:
            if os.path.isdir(one):
                of_folder, of_problems = images_below(one)
                found += of_folder
                problems += of_problems
            else:
                found.append(one)
    return found, problems


def images_below(folder: str) -> tuple[list[str], list[str]]:
    """Return (the image files of a folder and those below it, in order; what is wrong, as lines).

    A file is an image by its ending or by its content.
    """
    unreadable, found, skipped = [], [], collections.Counter()
    for parent, names in folders_below(folder, unreadable.append):
        for name in names:
            ending = os.path.splitext(name)[1].lower()
            if ending in IMAGE_ENDINGS or is_image(os.path.join(parent, name)):
                found.append(os.path.join(parent, name))
            else:
                skipped[ending or _NO_ENDING] += 1
    if skipped:
        log_utils.init_logger().warning('%s: skipped %s', folder, skipped_in_words(skipped))
    problems = list(map(command_line.message_of, unreadable))
    if not found and not unreadable:
        problems.append(f'{folder}: no image in this folder; expected files that end in '
                        f'{", ".join(IMAGE_ENDINGS)}, or are images by their content')
    return sorted(found), problems


def skipped_in_words(skipped: dict[str, int]) -> str:
    """Return in words how many files of each ending were skipped, and what to do with them."""
    return ', '.join(f'{count} {ending}' + (f' ({WHAT_TO_DO[ending]})' if ending in WHAT_TO_DO else '')
                     for ending, count in sorted(skipped.items()))


def folders_below(path: str, onerror=None) -> Iterator[tuple[str, list[str]]]:
    """Yield (folder, names of its files) for a folder and all below it, those that links lead to once; see
    os.walk.

    What Macs leave in archives and on foreign disks is passed over.
    """
    seen = set()
    for folder, folders, names in os.walk(path, onerror=onerror, followlinks=True):
        real_path = os.path.realpath(folder)
        if real_path in seen:
            folders.clear()
            continue
        seen.add(real_path)
        folders[:] = sorted(name for name in folders if name != _LEFT_BY_MACS)
        yield folder, sorted(name for name in names if not name.startswith('._') and name != '.DS_Store')


def is_image(path: str) -> bool:
    """Whether the first bytes of a file are those of an image that can be read."""
    try:
        with opening.open_file(path) as file:
            start = file.read(FIRST_BYTES)
    except (OSError, InputError):
        return False
    return image_format.format_of(start) not in (None, image_format.HEIF)


def _is_pattern(path):
    return not _WILDCARDS.isdisjoint(path) and not os.path.lexists(path)
