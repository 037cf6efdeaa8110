"""Views: the ways in which an image is made ready for the network. Test-time augmentation reads several of
them.
"""
from typing import NamedTuple

import cv2
import numpy as np

from crnnmodel import geometry
from data_provider import image_file

# pixels; to keep many larger ones for views that are made later would take too much memory
LARGE_IMAGE = 1 << 16
# pixels: an image is shrunk to it before it is sheared or turned, which then costs little
WARPED_HEIGHT = 64
# pixels: few, for an engine may build a network for each
OWN_WIDTHS = (32, 48, 64, 80, 100, 124, 156, 196, 244, 280)
UPRIGHT = 0.7             # of the height: an image that is narrower may show a word from top to bottom


class View(NamedTuple):
    """A way to make an image ready; what it does comes in the order of the fields."""

    quarter_turns: int = 0       # counter-clockwise; for upright images alone where there are any
    margin: float = 0.0          # heights of the image that are added on each side; a negative one is cut off
    shear: float = 0.0           # the top goes so many heights to the left of the bottom
    turn: float = 0.0            # degrees, counter-clockwise
    width: float = 1.0           # in widths of the network's input …
    has_own_width: bool = False  # … or in those that the image's own shape would have at the network's height
    blur: float = 0.0            # pixels at the network's height, the standard deviation


FIRST = View()
ONE = ()
# Letters of another size, width and slant, in other frames, are read with other mistakes. These add the most
# right words to sets of others for the frames that they cost, on either half of four sets of words.
# The second round is for images that the first leaves in doubt.
FEW = ((View(margin=-0.1, has_own_width=True),),   # the first view squeezes or stretches; this one does not
       (View(margin=-0.1),                         # what is cut out loosely is larger without its rim
        View(width=0.6),
        View(shear=0.25, has_own_width=True), View(shear=-0.25, has_own_width=True),
        View(blur=0.8),                            # dots, outlines and noise become strokes
        # signs that hang, spines of books
        View(quarter_turns=1), View(quarter_turns=1, has_own_width=True),
        View(quarter_turns=3), View(quarter_turns=3, has_own_width=True)))
# Also what runs up or down, and the turned ones cut closer; all in one round.
MANY = ((*FEW[0], *FEW[1], View(turn=10), View(turn=-10),
         View(quarter_turns=1, margin=-0.1, has_own_width=True),
         View(quarter_turns=3, margin=-0.1, has_own_width=True)),)
# What files for phones can make: no more than margins and some widths.
FURTHER = (View(margin=0.1), View(margin=-0.06), View(width=0.8), View(width=1.44))
SETS = {'one': ONE, 'few': FEW, 'many': MANY}   # TEST.VIEWS → the rounds of views beside the first


def is_for(view: View, image: np.ndarray) -> bool:
    """Whether a view is for images of that shape."""
    height, width = image.shape[:2]
    return not view.quarter_turns or width < UPRIGHT * height


def make_view(view: View, image: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
    """Return a view of an image.

    Args:
        view: View.
        image: uint8 [any height, any width, 3], BGR.
        input_size: (width, height) of the network's images.

    Returns:
        uint8 [height of the network, width of the view, 3].
    """
    if view.quarter_turns:
        image = np.rot90(image, view.quarter_turns)
    if view.margin:
        image = image_file.with_margin(image, view.margin)
    if view.shear or view.turn:
        image = _warped(image, view)
    image = image_file.resize(np.ascontiguousarray(image),
                              (view_width(view, image, input_size), input_size[1]))
    return cv2.GaussianBlur(image, (0, 0), view.blur) if view.blur else image


def view_width(view: View, image: np.ndarray, input_size: tuple[int, int]) -> int:
    """Return the width of a view of an image in pixels, some whole frames."""
    if not view.has_own_width:
        return size_of(view, input_size)[0]
    own = view.width * input_size[1] * image.shape[1] / image.shape[0]
    return min(OWN_WIDTHS, key=lambda offered: max(offered / own, own / offered))


def size_of(view: View, input_size: tuple[int, int]) -> tuple[int, int]:
    """Return the (width, height) of a view that has no own width, the width some whole frames."""
    width, height = input_size
    if view.width == 1:
        return width, height
    frames = round(view.width * width / geometry.PIXELS_PER_FRAME)
    return geometry.PIXELS_PER_FRAME * max(geometry.MIN_FRAMES, frames), height


def _warped(image, view):
    """Return an image sheared and turned, on a canvas that holds it all; beyond its edge it goes on as at the
    edge.
    """
    height, width = image.shape[:2]
    if height > WARPED_HEIGHT:
        width = max(1, round(width * WARPED_HEIGHT / height))
        height = WARPED_HEIGHT
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    angle = np.deg2rad(view.turn)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, view.shear], [0, 1]])
    corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height]])
    low, high = corners.min(axis=1), corners.max(axis=1)
    size = np.maximum(np.ceil(high - low), 1).astype(int)
    return cv2.warpAffine(image, np.column_stack([matrix, -low]), size.tolist(), flags=cv2.INTER_LINEAR,
                          borderMode=cv2.BORDER_REPLICATE)


class ViewedImage:
    """An image of which views are made as they are needed, but those of a large one at once,
    to let go of it.
    """

    def __init__(self, image: np.ndarray, input_size: tuple[int, int], rounds: tuple[tuple[View, ...], ...]):
        """Take an image.

        Args:
            image: uint8 [any height, any width, 3], BGR.
            input_size: (width, height) of the network's images.
            rounds: views beside the first that will be asked for, perhaps.
        """
        self.size = image.shape[1], image.shape[0]
        self.first = make_view(FIRST, image, input_size)
        self._input_size = input_size
        self._rounds = [[view for view in views if is_for(view, image)] for views in rounds]
        self._image, self._made = image, None
        if image.shape[0] * image.shape[1] > LARGE_IMAGE:
            self._made, self._image = list(map(self.further, range(len(rounds)))), None

    def further(self, number: int) -> list[tuple[View, np.ndarray]]:
        """Return the views of a round that are for this image, each with its pixels, uint8 [height, width of
        the view, 3].
        """
        if self._made is not None:
            return self._made[number]
        return [(view, make_view(view, self._image, self._input_size)) for view in self._rounds[number]]
