"""The folders of images that imports make in a data set.

An import over a data set puts its images into a folder of another name, so that the lists that are there name
the images that they were made for until the new lists take their place.
"""
import itertools
import os
import re
from collections.abc import Iterable

from data_provider import annotation
from data_provider.rejected_sample import RejectedSample
from local_utils import files, log_utils, opening
from local_utils.errors import InputError

IMAGES_NAME = 'images'
NAME = re.compile(rf'{IMAGES_NAME}(-\d+)?')
MARK = '.imported'   # a file in the folders that imports have made, and may remove


def listed_folders(save_dir: str) -> set[str]:
    """Return the folders that the first lines of a data set's lists name, one for each import."""
    folders = set()
    for part in annotation.PARTS:
        path = annotation.path_of(part, save_dir)
        for line in itertools.islice(annotation.read_lines(path), 1) if os.path.exists(path) else ():
            try:
                folders.add(annotation.parse_line(line.content)[0].split('/')[0])
            except RejectedSample:
                folders.add('')   # of a list that no import has written
    return folders


def free_name(save_dir: str, image_dir: str | None = None) -> str:
    """Return the name of a folder that is not there yet.

    Args:
        save_dir: the data set.
        image_dir: where the name is to lead, for that of a link that does already.
    """
    def is_free(name):
        path = os.path.join(save_dir, name)
        return not os.path.lexists(path) or image_dir is not None and os.path.realpath(path) == image_dir

    names = itertools.chain([IMAGES_NAME], (f'{IMAGES_NAME}-{number}' for number in itertools.count(2)))
    return next(filter(is_free, names))


def make_folder(save_dir: str, name: str) -> None:
    """Make a folder for images and mark it as an import's; one that is there stays as it is."""
    path = os.path.join(save_dir, name)
    if not os.path.lexists(path):
        os.mkdir(path)
        opening.open_file(os.path.join(path, MARK), 'wb').close()


def remove_unlisted(save_dir: str, kept: Iterable[str]) -> None:
    """Remove the links and folders of imports whose images no list names: of a former one, of a killed one.

    Args:
        save_dir: the data set.
        kept: paths that no removed folder may hold; where one is in the data set, its links stay.
    """
    listed = listed_folders(save_dir)
    for name in sorted(filter(NAME.fullmatch, os.listdir(save_dir))):
        path = os.path.join(save_dir, name)
        if name in listed:
            continue
        if os.path.islink(path):
            if not _holds(save_dir, kept):
                os.remove(path)
        elif os.path.isfile(os.path.join(path, MARK)) and not _holds(path, kept):
            log_utils.init_logger().info('removing %s, images of a former import that no list names', path)
            files.remove(path)


def _holds(folder, paths):
    """Whether one of some paths is a folder, or lies in it; links are followed."""
    inside = os.path.join(os.path.realpath(folder), '')
    return any(os.path.join(os.path.realpath(path), '').startswith(inside) for path in paths)


def make_link(save_dir: str, name: str, image_dir: str) -> None:
    """Make a link to a folder of images; raises InputError where that is not possible."""
    link = os.path.join(save_dir, name)
    if os.path.lexists(link):
        raise InputError(f'{link}: expected to make a link of this name to the images; remove it, or --copy')
    try:
        os.symlink(image_dir, link, target_is_directory=True)
    except OSError as error:   # as on Windows without the right to
        raise InputError(
            f'{link}: cannot make a link to the images ({error.strerror}); --copy copies them') from error
