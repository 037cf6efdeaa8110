"""The shape of a word: its letters set in a font, with spacing, a bent baseline, a slant."""
import cv2
import numpy as np


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
    arc, wave = style.arc.draw(rng), style.wave.draw(rng)
    if arc is not None:
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
        end = start
        for index, letter in enumerate(text):
            letter_size = int(size * large_initial) if index == 0 and large_initial else size
            end, _ = cv2.putText(canvas, letter, (end[0] + (round((spacing or 0) * size) if index else 0), end[1]), 255, face,
                                 letter_size, weight)
    if underline is not None:
        thickness = max(1, round(underline * size))
        cv2.rectangle(canvas, (start[0], start[1] + 2 * thickness), (end[0], start[1] + 3 * thickness), 255, -1)
    return _cut_close(canvas), size


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


def _bent(mask, angle):
    """Return the mask on an arc of an angle in radians; the text rises in the middle, or sinks where the angle is negative."""
    if angle < 0:
        return _bent(mask[::-1, ::-1], -angle)[::-1, ::-1]
    height, width = mask.shape
    radius = width / angle   # of the middle line
    angle = min(angle, 1.8 * radius / height)
    outer, inner = radius + height / 2, radius - height / 2
    half_width = int(np.ceil(outer * np.sin(min(angle / 2, np.pi / 2))))
    top, bottom = outer, inner * np.cos(angle / 2)
    x, y = _grid(int(np.ceil(top - bottom)), 2 * half_width)
    distance, direction = cv2.cartToPolar(np.float32(top) - y, x - half_width)   # of each new pixel from the centre
    direction = np.where(direction > np.pi, direction - np.float32(2 * np.pi), direction)
    return cv2.remap(mask, direction * np.float32(radius) + np.float32(width / 2), np.float32(outer) - distance, cv2.INTER_LINEAR)


def _grid(height, width):
    """Return where each pixel lies: x and y, each float32 [height, width]."""
    x = np.tile(np.arange(width, dtype=np.float32), (height, 1))
    y = np.repeat(np.arange(height, dtype=np.float32), width).reshape(height, width)
    return x, y
