"""How words are drawn: every effect with its probability and range, plainly and as photographs show words.

The effects are those of Jaderberg et al., "Synthetic Data and Artificial Neural Networks for Natural Scene
Text Recognition" (arXiv 1406.2227, section 2), and what photographs of signs show beyond them.
"""
import collections
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Effect(NamedTuple):
    """Something that happens to a part of the words, with a strength from `low` to `high`."""

    probability: float
    low: float
    high: float
    power: float = 1   # above 1 the strengths are more often near `low`

    def draw(self, rng: np.random.Generator) -> float | None:
        """Return a strength, or None where chance leaves the effect out."""
        if rng.random() >= self.probability:
            return None
        return self.low + (self.high - self.low) * rng.random() ** self.power


Style = collections.namedtuple('Style', [
    # The letters; lengths are parts of the text size unless said otherwise.
    'text_size',         # pixels
    'weight',            # of fonts with several weights
    'spacing',           # room added between letters
    'large_initial',     # the first letter is larger by this factor
    'jumble',            # letters of other sizes, up and down, by this at most
    'disc',              # an O is a disc with something in it, of this height
    'wave',              # height of the waves of the baseline
    'arc',               # angle over which the baseline bends, radians, up or down
    'ring',              # the same, as on a ring …
    'ring_turn',         # … whose word stands at a side: angle from the top, radians
    'slant',             # shift in x for each pixel of y, to either side
    'stretch',           # width of a letter, of its own width, or one by this
    'bold',              # thickness added to the strokes, pixels
    'underline',         # thickness
    # Letters of parts, of which a word has one.
    'lamps',             # rows of lamps over the height
    'gaps',              # width of a stencil's gaps
    'stitches',          # pixels from one to the next
    'lines',             # pixels from one line of a neon tube to the next
    # What the letters are painted with.
    'contrast',          # between the grey values of text and ground, at least
    'saturation',        # of colours; words without it are black, grey and white
    'border',            # thickness, pixels
    'hollow',            # thickness of the outline that is left of a letter, pixels
    'shadow',            # offset, pixels
    'depth',             # length of the sides of solid letters, of the word's height
    'relief',            # light and shade at the edges, grey values; the letters have the ground's colour
    'bevel',             # the same on letters of their own colour
    'rim',               # the edge, or all within it, is brighter by this, grey values
    'glow',              # strength of the light around the letters
    'fill',              # strength of the pattern inside the letters, grey values
    'sheen',             # light from above to below in the letters, grey values
    'second_colour',     # how far the colour of the word's second part is from that of the first
    'wear',              # part of the letters that is rubbed off
    'blend',             # opacity of the letters
    # What is around them.
    'texture',           # strength, grey values
    'clutter',           # number of lines and patches behind the word
    'split',             # how far the colour of a second ground is from the first, of the contrast
    'plate',             # room around the word on a plate, of its height
    'ring_picture',      # number of patches inside a ring, which has a plate and rims
    'neighbour',         # distance of another word above, below or beside
    'margin',            # room between the text and the picture's edge, of its height; a part may be cut off
    'cut',               # part of the height that the picture's upper or lower edge cuts off
    'frame',             # distance of lines along the edges from them, of the picture's height
    # The camera.
    'rotation',          # degrees, to either side
    'perspective',       # shift of each corner, of the height
    'gradient',          # of the light, grey values from one side to the other
    'glare',             # brightness of a spot, grey values
    'occlusion',         # thickness of a bar across the word, of its height
    'covering',          # size of a patch before the word, of its height
    'exposure',          # factor of the brightness
    'gamma',             # exponent of the brightness, one in two words its inverse
    'focus_blur',        # sigma, of the height
    'motion_blur',       # length, of the height
    'height',            # of the picture, pixels
    'noise',             # sigma, grey values
    'grey',              # of 1: no colours
    'jpeg_quality',
])

ALWAYS, NEVER = 1.0, 0.0
NEVER_DRAWN = Effect(NEVER, 0, 0)

RICH = Style(
    text_size=Effect(ALWAYS, 28, 48), weight=Effect(ALWAYS, 250, 900), spacing=Effect(0.3, -0.15, 1.8, 3),
    large_initial=Effect(0.08, 1.15, 2.2, 2), jumble=Effect(0.04, 0.03, 0.15), disc=Effect(0.02, 0.6, 0.9),
    wave=Effect(0.06, 0.03, 0.15), arc=Effect(0.1, 0.1, 1.4), ring=Effect(0.1, 0.9, 2.6),
    ring_turn=Effect(0.35, 0.15, 1.0), slant=Effect(0.2, 0.05, 0.5, 2), stretch=Effect(0.3, 1.1, 1.8),
    bold=Effect(0.2, 0.5, 2.0), underline=Effect(0.02, 0.04, 0.08),
    lamps=Effect(0.025, 7, 15), gaps=Effect(0.02, 0.04, 0.1), stitches=Effect(0.012, 3, 6),
    lines=Effect(0.012, 3, 4.5),
    contrast=Effect(ALWAYS, 40, 150), saturation=Effect(0.75, 0.05, 0.9, 2), border=Effect(0.14, 1.0, 3.5),
    hollow=Effect(0.04, 1.0, 2.5), shadow=Effect(0.2, 1.0, 5.0), depth=Effect(0.1, 0.03, 0.15),
    relief=Effect(0.05, 30, 100), bevel=Effect(0.08, 20, 110), rim=Effect(0.05, 30, 120),
    glow=Effect(0.04, 0.5, 1.0),
    fill=Effect(0.2, 5, 40), sheen=Effect(0.12, 15, 90), second_colour=Effect(0.04, 0.3, 1.0),
    wear=Effect(0.06, 0.03, 0.25), blend=Effect(0.1, 0.5, 0.95),
    texture=Effect(0.45, 3, 35), clutter=Effect(0.2, 1, 7), split=Effect(0.1, 0.1, 1.0),
    plate=Effect(0.15, 0.05, 0.4),
    ring_picture=Effect(0.7, 0, 4), neighbour=Effect(0.35, 0.05, 0.6), margin=Effect(ALWAYS, -0.04, 0.9, 5),
    cut=Effect(0.06, 0.04, 0.15), frame=Effect(0.12, 0.0, 0.15),
    rotation=Effect(0.5, 0, 35, 2), perspective=Effect(0.4, 0.02, 0.35, 1.5), gradient=Effect(0.3, 10, 100),
    glare=Effect(0.08, 30, 140), occlusion=Effect(0.03, 0.04, 0.12), covering=Effect(0.04, 0.15, 0.6),
    exposure=Effect(0.2, 0.4, 0.9), gamma=Effect(0.2, 1.1, 1.8), focus_blur=Effect(0.4, 0.01, 0.11, 2.5),
    motion_blur=Effect(0.1, 0.05, 0.2), height=Effect(ALWAYS, 8, 56), noise=Effect(0.35, 1.0, 10.0, 1.5),
    grey=Effect(0.12, 1, 1), jpeg_quality=Effect(ALWAYS, 25, 95))

# The letters of RICH in a picture that a person reads at a glance: damage teaches little about their shapes.
LEGIBLE = RICH._replace(
    contrast=Effect(ALWAYS, 45, 160), wear=NEVER_DRAWN, texture=Effect(0.4, 3, 15),
    clutter=Effect(0.15, 1, 5),
    neighbour=Effect(0.2, 0.1, 0.6), margin=Effect(ALWAYS, -0.02, 0.8, 5), cut=Effect(0.04, 0.04, 0.12),
    rotation=Effect(0.4, 0, 35, 2.5), perspective=Effect(0.35, 0.02, 0.2), gradient=Effect(0.3, 10, 60),
    glare=NEVER_DRAWN, occlusion=NEVER_DRAWN, covering=NEVER_DRAWN, exposure=Effect(0.1, 0.5, 0.9),
    focus_blur=Effect(0.4, 0.01, 0.03), motion_blur=NEVER_DRAWN, height=Effect(ALWAYS, 22, 56),
    noise=Effect(0.35, 0.5, 4.0), jpeg_quality=Effect(ALWAYS, 50, 95))

# Damage as photographs have it, all at once: small, turned, blurred and dark.
WORN = RICH._replace(
    lamps=NEVER_DRAWN, gaps=NEVER_DRAWN, stitches=NEVER_DRAWN, lines=NEVER_DRAWN, ring=NEVER_DRAWN,
    glare=NEVER_DRAWN, occlusion=NEVER_DRAWN, covering=NEVER_DRAWN, wear=NEVER_DRAWN,
    contrast=Effect(ALWAYS, 60, 150),
    rotation=Effect(0.7, 0, 25, 1.5), perspective=Effect(0.7, 0.05, 0.35), exposure=Effect(0.5, 0.5, 0.9),
    focus_blur=Effect(0.8, 0.02, 0.075), motion_blur=Effect(0.25, 0.05, 0.12), height=Effect(ALWAYS, 11, 24),
    noise=Effect(0.5, 1.0, 6.0), jpeg_quality=Effect(ALWAYS, 30, 90))

PLAIN = Style(*[NEVER_DRAWN] * len(Style._fields))._replace(
    text_size=Effect(ALWAYS, 26, 46), weight=Effect(ALWAYS, 300, 800), slant=Effect(0.25, 0.02, 0.25),
    contrast=Effect(ALWAYS, 70, 150), saturation=Effect(0.8, 0.1, 1.0), margin=Effect(ALWAYS, 0.02, 0.3),
    gradient=Effect(0.3, 0, 50), focus_blur=Effect(0.5, 0.01, 0.03), height=Effect(ALWAYS, 32, 56),
    noise=Effect(0.6, 1.0, 8.0), jpeg_quality=Effect(ALWAYS, 50, 95))

# Of several styles chance chooses one for each word.
STYLES = {'rich': (RICH, RICH, RICH, LEGIBLE, LEGIBLE, LEGIBLE, LEGIBLE, WORN, PLAIN, PLAIN),
          'plain': (PLAIN,)}


def for_kind(style: Style, kind: str) -> Style:
    """Return a style for a kind of fonts: the letters of a script stand as close as its strokes need."""
    if kind != 'script':
        return style
    return style._replace(spacing=NEVER_DRAWN, large_initial=NEVER_DRAWN, jumble=NEVER_DRAWN,
                          disc=NEVER_DRAWN)


def choose(styles: Sequence[Style], rng: np.random.Generator) -> Style:
    """Return one of several styles."""
    return styles[rng.integers(len(styles))]
