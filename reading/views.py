"""Views: the ways in which an image is made ready for the network. Test-time augmentation reads several of
them.
"""
import math
from typing import NamedTuple

import cv2
import numpy as np

from crnnmodel import geometry
from data_provider import image_file

# pixels: a larger image is shrunk to it for views that are made later, or many would take too much memory
KEPT_PIXELS = 1 << 16
# pixels: no side stays longer; a margin is a part of the height, and would make a picture of a high strip
KEPT_SIDE = 1 << 11
# pixels: an image is shrunk to it before it is sheared or turned, which then costs little
WARPED_HEIGHT = 96
# pixels: few, for an engine may build a network for each
OWN_WIDTHS = (40, 60, 80, 100, 140, 200, 280)
UPRIGHT = 0.7             # of the height: an image that is narrower may show a word from top to bottom
LEAST_WORD = 0.1          # of the height: no word that stands inclined in an image is less high
THINNEST_WORD = 0.18      # of the height: so much is cut out at least, for crops are not exact


class View(NamedTuple):
    """A way to make an image ready; what it does comes in the order of the fields."""

    quarter_turns: int = 0       # counter-clockwise; for upright images alone where there are any
    margin: float = 0.0          # heights of the image that are added on each side; a negative one is cut off
    shear: float = 0.0           # the top goes so many heights to the left of the bottom
    turn: float = 0.0            # degrees, counter-clockwise, not 45; cut to a word that stood so inclined
    width: float = 1.0           # in widths of the network's input …
    has_own_width: bool = False  # … or in those that the image's own shape would have at the network's height
    blur: float = 0.0            # pixels at the network's height, the standard deviation


FIRST = View()
ONE = ()
# Letters of another size, width and slant, in other frames, are read with other mistakes. These add the most
# right words to sets of others for the frames that they cost, on one half of four sets of words.
# Each round is for images that those before it leave in doubt, a later one for those in more doubt.
FEW = ((View(margin=-0.1, has_own_width=True),),   # the first view squeezes or stretches; this one does not
       (View(turn=5, width=0.8), View(turn=-5, width=0.8), View(has_own_width=True),
        View(quarter_turns=1), View(quarter_turns=3)),   # signs that hang, spines of books
       (View(width=0.6, blur=0.8),                 # dots, outlines and noise become strokes
        View(turn=15, width=0.6), View(turn=-15, width=0.6), View(turn=10), View(turn=-10),
        View(turn=30, width=0.8), View(turn=-30, width=0.8),
        View(turn=40, has_own_width=True), View(turn=-40, has_own_width=True)))
# All of these at once, looser, closer, sheared, and the quarter turns in other frames.
MANY = ((*FEW[0], *FEW[1], *FEW[2],
         View(margin=0.1, has_own_width=True), View(margin=-0.1, width=0.6),
         View(shear=0.5), View(shear=-0.5),
         View(quarter_turns=1, has_own_width=True), View(quarter_turns=3, has_own_width=True)),)
# What files for phones can make: no more than margins and some widths.
FURTHER = (View(margin=0.1), View(margin=-0.06), View(width=0.8), View(width=1.44))
SETS = {'one': ONE, 'few': FEW, 'many': MANY}   # TEST.VIEWS → the rounds of views beside the first
# By a round's place in its set: an image that is read with so much confidence gains nothing from the round.
# The first is up to TEST.MIN_CONFIDENCE alone, which the others do not exceed either.
ENOUGH = (1.0, 0.45, 0.35)


def is_for(view: View, image: np.ndarray) -> bool:
    """Whether a view is for images of that shape."""
    height, width = image.shape[:2]
    if view.quarter_turns and width >= UPRIGHT * height:
        return False
    if view.quarter_turns % 2:
        height, width = width, height
    word_width, word_height = _word_size(width, height, view.turn)
    return word_width > 0 and word_height > LEAST_WORD * height


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
    """Return an image sheared and turned, the middle in the middle; beyond its edge it goes on as there.

    What is sheared is whole; of what is turned that is left which a word inclined the other way would fill.
    """
    height, width = image.shape[:2]
    if height > WARPED_HEIGHT:
        width = max(1, round(width * WARPED_HEIGHT / height))
        height = WARPED_HEIGHT
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    angle = np.deg2rad(view.turn)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, view.shear], [0, 1]])
    word_width, word_height = _word_size(width + abs(view.shear) * height, height, view.turn)
    word_height = max(word_height, THINNEST_WORD * height)
    size = np.array([max(word_width, word_height), word_height])
    shift = size / 2 - matrix @ np.array([width / 2, height / 2])
    return cv2.warpAffine(image, np.column_stack([matrix, shift]), np.ceil(size).astype(int).tolist(),
                          flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _word_size(width, height, degrees):
    """Return the (width, height) of a word that, inclined by so many degrees, just fits into a box."""
    angle = math.radians(abs(degrees))
    cosine, sine, both = math.cos(angle), math.sin(angle), math.cos(2 * angle)
    return (width * cosine - height * sine) / both, (height * cosine - width * sine) / both


class ViewedImage:
    """An image of which further views are made when they are needed."""

    def __init__(self, image: np.ndarray, input_size: tuple[int, int], rounds: tuple[tuple[View, ...], ...]):
        """Take an image, of which KEPT_PIXELS at most are kept, a side KEPT_SIDE at most.

        Args:
            image: uint8 [any height, any width, 3], BGR.
            input_size: (width, height) of the network's images.
            rounds: views beside the first that will be asked for, perhaps.
        """
        self.size = image.shape[1], image.shape[0]
        self.first = make_view(FIRST, image, input_size)
        self._input_size, self._rounds = input_size, rounds
        self._image = _kept(image) if rounds else None

    def further(self, number: int) -> list[tuple[View, np.ndarray]]:
        """Return the views of a round that are for this image, each with its pixels, uint8 [height, width of
        the view, 3].
        """
        return [(view, make_view(view, self._image, self._input_size))
                for view in self._rounds[number] if is_for(view, self._image)]


def _kept(image):
    """Return an image, or a smaller one, each pixel the mean of those that it covers."""
    height, width = image.shape[:2]
    factor = min(1, (KEPT_PIXELS / (height * width)) ** 0.5)
    size = tuple(min(KEPT_SIDE, max(1, int(side * factor))) for side in (width, height))
    return image if size == (width, height) else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
