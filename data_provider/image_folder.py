"""The images of a folder: read from inside it only, or found in it."""
import os
from typing import NamedTuple

import numpy as np

from data_provider import image_file, image_format, image_path
from data_provider.rejected_sample import RejectedSample
from local_utils import opening, parallel


class LoadedImage(NamedTuple):
    """An image, and what its reader should know of the file."""

    image: np.ndarray   # uint8 [height, width, 3], BGR
    remarks: list       # of (kind, detail)


class ImageFolder:
    """Reads images of a folder and those below it, never one outside; several threads may share it."""

    def __init__(self, folder: str, *, follow_links: bool = False):
        """Open the folder.

        Args:
            folder: its path.
            follow_links: whether symbolic links may lead out of it.

        Raises:
            OSError: there is no such folder.
        """
        self._folder = os.path.realpath(folder)
        self._tree = None if follow_links else opening.Tree(self._folder)

    def load(self, path: str, input_size: tuple | None = None) -> LoadedImage:
        """Read an image as `image_file.read_image` does.

        A file that is missing is looked for under other spellings of its path, see image_path.

        Args:
            path: relative to the folder, without `..`.
            input_size: (width, height) to resize to; None to leave the size.

        Raises:
            RejectedSample: also where a symbolic link on the way leads out of the folder.
        """
        parallel.note(path)
        remarks = []
        try:
            content = self._read(path)
        except RejectedSample as error:
            if error.kind != image_file.MISSING:
                raise
            other = image_path.other_spelling(self._folder, path)
            remarks.append(('found under another name', f'{other} for {path}'))
            content = self._read(other)
        image = image_file.decode_image(content, input_size)
        if not content.startswith(image_format.JPEG_START):   # which has one picture
            remarks += image_file.remarks_on(content, path)
        return LoadedImage(image, remarks)

    def _read(self, path):
        if self._tree is None:
            return image_file.read_content(os.path.join(self._folder, path))
        try:
            return self._tree.read(path, image_file.MAX_FILE_BYTES)
        except image_file.UNREADABLE_ERRORS as error:
            raise image_file.unreadable(os.path.join(self._folder, path), error) from error

    def close(self) -> None:
        """Let go of the folder."""
        if self._tree is not None:
            self._tree.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
