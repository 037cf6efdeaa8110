"""Views: the ways in which an image is resized for the network. Test-time augmentation reads several of them."""
from typing import NamedTuple

import numpy as np

from crnnmodel import geometry
from data_provider import image_file

LARGE_IMAGE = 1 << 19   # pixels; keeping many larger ones, of which views are made later, would take too much memory


class View(NamedTuple):
    """A way to resize an image."""

    width: float = 1.0    # in widths of the network's input
    margin: float = 0.0   # heights of the image that are added on each side; a negative one is cut off


FIRST = View()
# Letters of another size and width, in other frames, are read with other mistakes: the image cut out more loosely and
# more closely, narrower and wider, because the first view squeezed or stretched all to one width.
FURTHER = (View(margin=0.1), View(margin=-0.06), View(width=0.8), View(width=1.44))


def size_of(view: View, input_size: tuple[int, int]) -> tuple[int, int]:
    """Return the (width, height) of a view, the width some whole frames, for a network with that input size."""
    width, height = input_size
    if view.width == 1:
        return width, height
    frames = round(view.width * width / geometry.PIXELS_PER_FRAME)
    return geometry.PIXELS_PER_FRAME * max(geometry.MIN_FRAMES, frames), height


class ViewedImage:
    """An image of which views are made as they are needed, but those of a large one at once, to let go of it."""

    def __init__(self, image: np.ndarray, input_size: tuple[int, int], further: tuple[View, ...]):
        """Take an image.

        Args:
            image: uint8 [any height, any width, 3], BGR.
            input_size: (width, height) of the network's images.
            further: views that will be asked for, perhaps.
        """
        self._image, self._input_size = image, input_size
        self.first = self._made(FIRST)
        self._further = None
        if image.shape[0] * image.shape[1] > LARGE_IMAGE:
            self._further = [self._made(view) for view in further]
            self._image = None
        self._views = further

    def further(self) -> list[np.ndarray]:
        """Return the further views, uint8 [height, width of the view, 3] each."""
        return self._further or [self._made(view) for view in self._views]

    def _made(self, view):
        image = image_file.with_margin(self._image, view.margin) if view.margin else self._image
        return image_file.resize(image, size_of(view, self._input_size))
