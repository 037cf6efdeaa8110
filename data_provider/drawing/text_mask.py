"""The shape of a word: its letters set in a font, with spacing, a bent baseline, a slant."""
import cv2
import numpy as np

MIN_RADIUS = 0.7   # of the middle line of a text on an arc, in heights of the text
WIDE_LETTERS = 5   # up to which a word is set as wide as the style says
ARC_POINTS = 33    # along an arc that tell how far it reaches


def draw_mask(text, face, rng, style):
    """Draw a word as it would stand on a sign.

    Args:
        text: str.
        face: cv2.FontFace that can draw it.
        rng: numpy.random.Generator.
        style: text_style.Style.

    Returns:
        uint8 [height, width], cut close; 255 where the text is.
    """
    mask, size = _set_letters(text, face, rng, style)
    bold = style.bold.draw(rng)
    if bold is not None:
        mask = dilated(cv2.copyMakeBorder(mask, 3, 3, 3, 3, cv2.BORDER_CONSTANT), bold)
    slant = style.slant.draw(rng)
    if slant is not None:
        mask = _slanted(mask, slant * _either_side(rng))
    stretch = style.stretch.draw(rng)
    if stretch is not None:
        mask = _stretched(mask, stretch if rng.random() < 0.4 else 1 / stretch)
    arc, ring, turn, wave = (effect.draw(rng) for effect in (style.arc, style.ring, style.ring_turn, style.wave))
    if ring is not None:
        mask = _bent(mask, ring * _either_side(rng), (turn or 0.0) * _either_side(rng))
    elif arc is not None:
        mask = _bent(mask, arc * _either_side(rng))
    elif wave is not None:
        mask = _waved(mask, wave * size, rng)
    return _cut_close(mask)


def dilated(mask, thickness):
    """Return the mask grown by a thickness in pixels, softly where it is no whole number."""
    diameter = 2 * int(np.ceil(thickness)) + 1
    grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (diameter, diameter)))
    return grown if thickness == int(thickness) else cv2.blur(grown, (2, 2))


def _either_side(rng):
    return 1 if rng.random() < 0.5 else -1


def _set_letters(text, face, rng, style):
    """Return the letters on a straight baseline, and the text size."""
    size, weight = int(style.text_size.draw(rng)), int(style.weight.draw(rng))
    spacing, large_initial, underline = style.spacing.draw(rng), style.large_initial.draw(rng), style.underline.draw(rng)
    canvas = np.zeros((4 * size, (2 * len(text) + 3) * size), np.uint8)
    start = (size, 2 * size)
    if spacing is None and large_initial is None:
        end, _ = cv2.putText(canvas, text, start, 255, face, size, weight)
    else:
        end, added = start, _added_room(spacing, len(text), size)
        for index, letter in enumerate(text):
            letter_size = int(size * large_initial) if index == 0 and large_initial else size
            end, _ = cv2.putText(canvas, letter, (end[0] + (added if index else 0), end[1]), 255, face,
                                 letter_size, weight)
    if underline is not None:
        thickness = max(1, round(underline * size))
        cv2.rectangle(canvas, (start[0], start[1] + 2 * thickness), (end[0], start[1] + 3 * thickness), 255, -1)
    return _cut_close(canvas), size


def _added_room(spacing, num_letters, size):
    """Return the pixels between letters beside their own room; long words are set wide seldom, so less wide."""
    return round((spacing or 0) * (min(1, WIDE_LETTERS / num_letters) if (spacing or 0) > 0 else 1) * size)


def _cut_close(mask):
    x, y, width, height = cv2.boundingRect(mask)   # getTextSize leaves out what hangs over, the tail of a j
    return mask[y:y + height, x:x + width]


def _slanted(mask, slant):
    height, width = mask.shape
    shift = max(0.0, -slant * height)
    return cv2.warpAffine(mask, np.float32([[1, slant, shift], [0, 1, 0]]), (int(width + abs(slant) * height), height))


def _waved(mask, amplitude, rng):
    """Return the mask with its columns shifted up and down in waves, half a wave to two over the word."""
    height, width = mask.shape
    phase = np.linspace(0, rng.uniform(np.pi, 4 * np.pi), width, dtype=np.float32) + np.float32(rng.uniform(0, 2 * np.pi))
    margin = int(np.ceil(amplitude))
    map_x, map_y = _grid(height + 2 * margin, width)
    return cv2.remap(mask, map_x, map_y - margin + np.float32(amplitude) * np.sin(phase), cv2.INTER_LINEAR)


def _stretched(mask, factor):
    """Return the mask at a factor of its width."""
    height, width = mask.shape
    size = max(2, round(width * factor)), height
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


def _bent(mask, angle, turn=0.0):
    """Return the mask on an arc.

    Args:
        mask: uint8 [height, width].
        angle: over which the text goes, radians; it rises in the middle, or sinks where the angle is negative.
        turn: between the top of the ring, or its bottom, and the middle of the text, radians.
    """
    if angle < 0:
        return _bent(mask[::-1, ::-1], -angle, turn)[::-1, ::-1]
    height, width = mask.shape
    radius = width / min(angle, width / (MIN_RADIUS * height))   # of the middle line
    outer, half_angle = radius + height / 2, width / radius / 2
    directions = np.linspace(turn - half_angle, turn + half_angle, ARC_POINTS)
    edges = np.outer([radius - height / 2, outer], np.exp(1j * directions)).ravel()   # up is real, right imaginary
    left, top = np.floor(edges.imag.min()), np.ceil(edges.real.max())
    x, y = _grid(int(np.ceil(top - edges.real.min())), int(np.ceil(edges.imag.max() - left)))
    up, right = np.float32(top) - y, x + np.float32(left)
    if turn:   # the middle of the text upwards, so that no direction in it is near half a turn
        cosine, sine = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        up, right = cosine * up + sine * right, cosine * right - sine * up
    distance = np.hypot(up, right)
    direction = np.arctan2(right, up)
    return cv2.remap(mask, direction * np.float32(radius) + np.float32(width / 2), np.float32(outer) - distance,
                     cv2.INTER_LINEAR)


def _grid(height, width):
    """Return where each pixel lies: x and y, each float32 [height, width]."""
    x = np.tile(np.arange(width, dtype=np.float32), (height, 1))
    y = np.repeat(np.arange(height, dtype=np.float32), width).reshape(height, width)
    return x, y
