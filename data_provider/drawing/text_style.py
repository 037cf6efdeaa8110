"""How words are drawn: every effect with its probability and its range, for plain words and for words as photographs show them.

The effects are those of Jaderberg et al., "Synthetic Data and Artificial Neural Networks for Natural Scene Text Recognition"
(arXiv 1406.2227, section 2), and what photographs of signs show beyond them.
"""
import collections
from typing import NamedTuple


class Effect(NamedTuple):
    """Something that happens to a part of the words, with a strength from `low` to `high`."""

    probability: float
    low: float
    high: float
    power: float = 1   # above 1 the strengths are more often near `low`

    def draw(self, rng):
        """Return a strength, or None where chance leaves the effect out."""
        if rng.random() >= self.probability:
            return None
        return self.low + (self.high - self.low) * rng.random() ** self.power


Style = collections.namedtuple('Style', [
    # The letters; lengths are shares of the text size unless said otherwise.
    'text_size',         # pixels
    'weight',            # of fonts with several weights
    'spacing',           # room added between letters
    'large_initial',     # the first letter is larger by this factor
    'wave',              # height of the waves of the baseline
    'arc',               # angle over which the baseline bends, radians, up or down
    'ring',              # the same, as on a ring …
    'ring_turn',         # … whose word stands at a side: angle from the top, radians
    'slant',             # shift in x for each pixel of y, to either side
    'stretch',           # width of a letter, of its own width, or one by this
    'bold',              # thickness added to the strokes, pixels
    'underline',         # thickness
    # What the letters are painted with.
    'contrast',          # between the grey values of text and background, at least
    'saturation',        # of colours; words without it are black, grey and white
    'border',            # thickness, pixels
    'hollow',            # thickness of the outline that is left of a letter, pixels
    'shadow',            # offset, pixels
    'depth',             # length of the letters' sides, pixels
    'relief',            # strength of light and shade at the edges, grey values; the letters have the background's colour
    'fill',              # strength of the pattern inside the letters, grey values
    'wear',              # share of the letters that is rubbed off
    # What is around them.
    'texture',           # strength, grey values
    'clutter',           # number of lines and patches behind the word
    'neighbour',         # distance of another word above, below or beside
    'margin',            # room between the text and the edge of the picture; a share may be cut off
    # The camera.
    'rotation',          # degrees, to either side
    'cut',               # share of the height that the picture's upper or lower edge cuts off
    'perspective',       # shift of each corner, share of the height
    'gradient',          # of the light, grey values from one side to the other
    'glare',             # brightness of a spot, grey values
    'occlusion',         # thickness of a bar across the word
    'exposure',          # factor of the brightness
    'gamma',             # exponent of the brightness, one in two words its inverse
    'focus_blur',        # sigma, share of the height
    'motion_blur',       # length, share of the height
    'height',            # of the picture, pixels
    'noise',             # sigma, grey values
    'grey',              # of 1: no colours
    'jpeg_quality',
])

ALWAYS, NEVER = 1.0, 0.0
NEVER_DRAWN = Effect(NEVER, 0, 0)

RICH = Style(
    text_size=Effect(ALWAYS, 28, 48), weight=Effect(ALWAYS, 250, 900), spacing=Effect(0.3, -0.15, 1.8, 3),
    large_initial=Effect(0.1, 1.15, 2.2, 2), wave=Effect(0.08, 0.03, 0.15), arc=Effect(0.1, 0.1, 1.4), ring=Effect(0.1, 0.9, 2.6),
    ring_turn=Effect(0.35, 0.15, 1.0), slant=Effect(0.2, 0.05, 0.5, 2), stretch=Effect(0.3, 1.1, 1.8),
    bold=Effect(0.2, 0.5, 2.0), underline=Effect(0.02, 0.04, 0.08),
    contrast=Effect(ALWAYS, 35, 140), saturation=Effect(0.75, 0.05, 0.9), border=Effect(0.14, 1.0, 3.5),
    hollow=Effect(0.04, 1.0, 2.5), shadow=Effect(0.2, 1.0, 5.0), depth=Effect(0.08, 2.0, 6.0), relief=Effect(0.06, 25, 90),
    fill=Effect(0.2, 5, 40), wear=Effect(0.05, 0.03, 0.2),
    texture=Effect(0.45, 3, 35), clutter=Effect(0.2, 1, 7), neighbour=Effect(0.35, 0.05, 0.6), margin=Effect(ALWAYS, -0.04, 0.9, 5),
    rotation=Effect(0.5, 0, 35, 2), cut=Effect(0.06, 0.04, 0.15), perspective=Effect(0.4, 0.02, 0.35, 1.5), gradient=Effect(0.3, 10, 100),
    glare=Effect(0.08, 30, 140), occlusion=Effect(0.03, 0.04, 0.12), exposure=Effect(0.2, 0.4, 0.9), gamma=Effect(0.2, 1.1, 1.8),
    focus_blur=Effect(0.4, 0.01, 0.11, 2.5), motion_blur=Effect(0.12, 0.05, 0.22), height=Effect(ALWAYS, 8, 56),
    noise=Effect(0.35, 1.0, 11.0), grey=Effect(0.15, 1, 1), jpeg_quality=Effect(ALWAYS, 25, 95))

# The letters of RICH in a picture that a person reads at a glance: damage teaches little about the shapes of letters.
LEGIBLE = RICH._replace(
    spacing=Effect(0.35, -0.12, 1.8, 3), wave=Effect(0.1, 0.03, 0.15), arc=Effect(0.12, 0.1, 1.4), contrast=Effect(ALWAYS, 35, 140),
    wear=Effect(NEVER, 0, 0), texture=Effect(0.4, 3, 15), clutter=Effect(0.15, 1, 5), neighbour=Effect(0.2, 0.1, 0.6),
    margin=Effect(ALWAYS, -0.02, 0.8, 5), rotation=Effect(0.4, 0, 35, 2.5), cut=Effect(0.04, 0.04, 0.12), perspective=Effect(0.35, 0.02, 0.2),
    gradient=Effect(0.3, 10, 60), glare=Effect(NEVER, 0, 0), occlusion=Effect(NEVER, 0, 0), exposure=Effect(0.1, 0.5, 0.9),
    focus_blur=Effect(0.4, 0.01, 0.03), motion_blur=Effect(NEVER, 0, 0), height=Effect(ALWAYS, 22, 56),
    noise=Effect(0.35, 0.5, 4.0), jpeg_quality=Effect(ALWAYS, 50, 95))

PLAIN = Style(*[Effect(NEVER, 0, 0)] * len(Style._fields))._replace(
    text_size=Effect(ALWAYS, 26, 46), weight=Effect(ALWAYS, 300, 800), slant=Effect(0.25, 0.02, 0.25),
    contrast=Effect(ALWAYS, 70, 150), saturation=Effect(0.8, 0.1, 1.0), margin=Effect(ALWAYS, 0.02, 0.3),
    gradient=Effect(0.3, 0, 50), focus_blur=Effect(0.5, 0.01, 0.03), height=Effect(ALWAYS, 32, 56), noise=Effect(0.6, 1.0, 8.0),
    jpeg_quality=Effect(ALWAYS, 50, 95))

STYLES = {'rich': (RICH, RICH, LEGIBLE, LEGIBLE, PLAIN), 'plain': (PLAIN,)}   # of several, chance chooses one for each word


def for_kind(style, kind):
    """Return a style for a kind of fonts: the letters of a script stand as close as its strokes need."""
    return style._replace(spacing=NEVER_DRAWN, large_initial=NEVER_DRAWN) if kind == 'script' else style


def choose(styles, rng):
    """Return one of several styles."""
    return styles[rng.integers(len(styles))]
