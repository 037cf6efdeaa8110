"""Colours of words and of what is around them."""
from typing import NamedTuple

import numpy as np

from data_provider.drawing.text_style import Style

GREY_OF_BGR = np.float64([0.114, 0.587, 0.299])   # how bright the eye finds blue, green and red
COLOUR_TRIES = 20
NEUTRAL_PROBABILITY = 0.55   # of black, white or grey letters, or such a ground
DARK, LIGHT = (0, 50), (205, 255)


class Colours(NamedTuple):
    """Colours of a word, float64 [3] BGR each."""

    background: np.ndarray
    text: np.ndarray


def choose_colours(rng: np.random.Generator, style: Style) -> Colours:
    """Return the Colours of a word, with some contrast."""
    contrast, saturation = style.contrast.draw(rng), style.saturation.draw(rng)
    pairs = rng.uniform(0, 255, (COLOUR_TRIES, 2, 1))
    if saturation is not None:
        pairs = pairs * (1 - saturation) + saturation * rng.uniform(0, 255, (COLOUR_TRIES, 2, 3))
    pairs = np.broadcast_to(pairs, (COLOUR_TRIES, 2, 3)).copy()
    if rng.random() < NEUTRAL_PROBABILITY:
        grey = dark_or_light(rng)
        pairs[:, rng.integers(2)] = grey + rng.uniform(-12, 12, 3)
    pairs = np.clip(pairs, 0, 255)
    contrasts = np.abs((pairs[:, 0] - pairs[:, 1]) @ GREY_OF_BGR)
    enough = np.flatnonzero(contrasts >= contrast)
    return Colours(*pairs[enough[0] if len(enough) else np.argmax(contrasts)])


def any_colour(rng: np.random.Generator) -> np.ndarray:
    """Return a colour, rarely a bright one, float64 [3] BGR."""
    saturation = rng.random() ** 2
    return (1 - saturation) * rng.uniform(0, 255) + saturation * rng.uniform(0, 255, 3)


def dark_or_light(rng: np.random.Generator) -> float:
    """Return a grey value near black or near white."""
    return rng.uniform(*(DARK if rng.random() < 0.5 else LIGHT))
