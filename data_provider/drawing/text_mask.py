"""The shape of a word: its letters in a font, with spacing, of parts, on a bent baseline, with a slant."""
from typing import NamedTuple

import cv2
import numpy as np

from data_provider.drawing import letter_parts
from data_provider.drawing.text_style import Style

MIN_RADIUS = 1.0   # of the middle line of a text on an arc, in heights of the text
ARC_POINTS = 33    # along an arc that tell how far it reaches
WIDE_LETTERS = 5   # up to which a word is set as wide as the style says
DISC_LETTERS = 'oO0'


class Shape(NamedTuple):
    """A word on its plane."""

    mask: np.ndarray        # uint8 [height, width], cut close; 255 where the text is
    ring: tuple | None      # of a text on a ring: ((x, y) of its centre, inner radius, outer radius), pixels


def draw_shape(text: str, face: cv2.FontFace, rng: np.random.Generator, style: Style) -> Shape:
    """Draw a word as it would stand on a sign.

    Args:
        text: str.
        face: cv2.FontFace that can draw it.
        rng: numpy.random.Generator.
        style: text_style.Style.

    Returns:
        Shape.
    """
    mask, size = _set_letters(text, face, rng, style)
    bold = style.bold.draw(rng)
    if bold is not None:
        mask = dilated(cv2.copyMakeBorder(mask, 3, 3, 3, 3, cv2.BORDER_CONSTANT), bold)
    mask = _of_parts(mask, size, rng, style)
    slant, stretch = style.slant.draw(rng), style.stretch.draw(rng)
    if slant is not None:
        mask = _slanted(mask, slant * _either_side(rng))
    if stretch is not None:
        mask = _stretched(mask, stretch if rng.random() < 0.4 else 1 / stretch)
    bends = style.arc, style.ring, style.ring_turn, style.wave
    arc, ring, turn, wave = (effect.draw(rng) for effect in bends)
    if ring is not None:
        return _cut_shape(_bent(mask, ring * _either_side(rng), (turn or 0.0) * _either_side(rng)))
    if arc is not None:
        mask = _bent(mask, arc * _either_side(rng)).mask
    elif wave is not None:
        mask = _waved(mask, wave * size, rng)
    return _cut_shape(Shape(mask, None))


def dilated(mask: np.ndarray, thickness: float) -> np.ndarray:
    """Return the mask grown by a thickness in pixels, softly where it is no whole number."""
    diameter = 2 * int(np.ceil(thickness)) + 1
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter)))
    return grown if thickness == int(thickness) else cv2.blur(grown, (2, 2))


def _either_side(rng):
    return 1 if rng.random() < 0.5 else -1


def _set_letters(text, face, rng, style):
    """Return the letters on a straight baseline, and the text size."""
    size, weight = int(style.text_size.draw(rng)), int(style.weight.draw(rng))
    settings = style.spacing, style.large_initial, style.underline, style.jumble, style.disc
    spacing, large_initial, underline, jumble, disc = (effect.draw(rng) for effect in settings)
    canvas = np.zeros((5 * size, (2 * len(text) + 4) * size), np.uint8)
    start = (size, 3 * size)
    if spacing is None and large_initial is None and jumble is None and disc is None:
        end, _ = cv2.putText(canvas, text, start, 255, face, size, weight)
    else:
        sizes = np.full(len(text), size, float)
        offsets = np.zeros(len(text))
        if jumble is not None:
            sizes *= 1 + jumble * rng.uniform(-1, 1, len(text))
            offsets = size * jumble * rng.uniform(-1, 1, len(text))
        if large_initial is not None:
            sizes[0] *= large_initial
        end, added = start, _added_room(spacing, len(text), size)
        for index, letter in enumerate(text):
            place = (end[0] + (added if index else 0), start[1] + round(offsets[index]))
            if disc is not None and letter in DISC_LETTERS:
                end = _draw_disc(canvas, place, sizes[index], disc, rng)
            else:
                end, _ = cv2.putText(canvas, letter, place, 255, face, int(sizes[index]), weight)
    if underline is not None:
        thickness = max(1, round(underline * size))
        top = start[1] + 2 * thickness
        cv2.rectangle(canvas, (start[0], top), (end[0], top + thickness), 255, -1)
    return _cut_shape(Shape(canvas, None)).mask, size


def _added_room(spacing, num_letters, size):
    """Return the pixels between letters beside their own room; long words are set less wide."""
    room = spacing or 0
    return round(room * size * (min(1, WIDE_LETTERS / num_letters) if room > 0 else 1))


def _draw_disc(canvas, place, size, height, rng):
    """Draw a disc with something in it for an O; return the end of the letter, (x, y)."""
    radius = max(3, round(height * size / 2))
    centre = (place[0] + radius + 1, place[1] - radius)
    cv2.circle(canvas, centre, radius, 255, -1, cv2.LINE_AA)
    for _ in range(rng.integers(0, 4)):   # holes
        offset = rng.uniform(-0.5, 0.5, 2) * radius
        hole = (round(centre[0] + offset[0]), round(centre[1] + offset[1]))
        axes = rng.integers(1, max(2, radius // 2), 2).tolist()
        cv2.ellipse(canvas, hole, axes, rng.uniform(0, 180), 0, 360, 0, -1)
    return place[0] + 2 * radius + 3, place[1]


def _of_parts(mask, size, rng, style):
    """Return the mask of letters that are made of parts, where the style has such."""
    parts = style.lamps, style.gaps, style.stitches, style.lines
    lamps, gap, stitches, lines = (effect.draw(rng) for effect in parts)
    if lamps is not None:
        return letter_parts.as_lamps(mask, round(lamps), rng)
    if gap is not None:
        return letter_parts.with_gaps(mask, gap * size, rng)
    if stitches is not None:
        return letter_parts.as_stitches(mask, stitches, rng)
    return mask if lines is None else letter_parts.as_lines(mask, lines)


def _cut_shape(shape):
    """Return a Shape cut close: getTextSize leaves out what hangs over, the tail of a j."""
    x, y, width, height = cv2.boundingRect(shape.mask)
    ring = shape.ring and ((shape.ring[0][0] - x, shape.ring[0][1] - y), *shape.ring[1:])
    return Shape(shape.mask[y:y + height, x:x + width], ring)


def _slanted(mask, slant):
    height, width = mask.shape
    shift = max(0.0, -slant * height)
    size = int(width + abs(slant) * height), height
    return cv2.warpAffine(mask, np.float32([[1, slant, shift], [0, 1, 0]]), size)


def _stretched(mask, factor):
    """Return the mask at a factor of its width."""
    height, width = mask.shape
    size = max(2, round(width * factor)), height
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


def _waved(mask, amplitude, rng):
    """Return the mask with its columns shifted up and down in waves, half a wave to two over the word."""
    height, width = mask.shape
    phase = np.linspace(0, rng.uniform(np.pi, 4 * np.pi), width, dtype=np.float32)
    phase += np.float32(rng.uniform(0, 2 * np.pi))
    margin = int(np.ceil(amplitude))
    map_x, map_y = _grid(height + 2 * margin, width)
    return cv2.remap(mask, map_x, map_y - margin + np.float32(amplitude) * np.sin(phase), cv2.INTER_LINEAR)


def _bent(mask, angle, turn=0.0):
    """Return the Shape of a mask on an arc.

    Args:
        mask: uint8 [height, width].
        angle: over which the text goes, radians; it rises in the middle, or sinks where that is negative.
        turn: between the top of the ring, or its bottom, and the middle of the text, radians.
    """
    if angle < 0:
        bent = _bent(mask[::-1, ::-1], -angle, turn)
        height, width = bent.mask.shape
        (x, y), *radii = bent.ring
        return Shape(bent.mask[::-1, ::-1], ((width - x, height - y), *radii))
    height, width = mask.shape
    radius = width / min(angle, width / (MIN_RADIUS * height))   # of the middle line
    inner, outer, half_angle = radius - height / 2, radius + height / 2, width / radius / 2
    directions = np.linspace(turn - half_angle, turn + half_angle, ARC_POINTS)
    edges = np.outer([inner, outer], np.exp(1j * directions)).ravel()   # up is real, right imaginary
    left, top = np.floor(edges.imag.min()), np.ceil(edges.real.max())
    x, y = _grid(int(np.ceil(top - edges.real.min())), int(np.ceil(edges.imag.max() - left)))
    up, right = np.float32(top) - y, x + np.float32(left)
    if turn:   # the middle of the text upwards, so that no direction in it is near half a turn
        cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        up, right = cosine * up + sine * right, cosine * right - sine * up
    distance, direction = np.hypot(up, right), np.arctan2(right, up)
    x, y = direction * np.float32(radius) + np.float32(width / 2), np.float32(outer) - distance
    return Shape(cv2.remap(mask, x, y, cv2.INTER_LINEAR), ((-left, top), inner, outer))


def _grid(height, width):
    """Return where each pixel lies: x and y, each float32 [height, width]."""
    x = np.tile(np.arange(width, dtype=np.float32), (height, 1))
    y = np.repeat(np.arange(height, dtype=np.float32), width).reshape(height, width)
    return x, y
