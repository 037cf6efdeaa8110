"""Draws pictures of words: letters in a font, painted on a background, seen from an angle, taken by a camera.

All chance comes from the random generator that is passed in; what can happen, how often and how much is said by the style.
"""
import cv2
import numpy as np

from data_provider.drawing import camera, text_mask

GREY_OF_BGR = np.float64([0.114, 0.587, 0.299])   # how bright the eye finds blue, green and red
SURROUNDINGS = 0.6           # room around the word that is painted, share of its height
COLOUR_TRIES = 20
MIN_SHOWN = 2                # pixels of a picture's side, however much of it is cut off


def draw_word(text, face, rng, style, neighbour_text=''):
    """Draw a word as a camera would see it.

    Args:
        text: str.
        face: cv2.FontFace that can draw it, and the neighbour.
        rng: numpy.random.Generator.
        style: text_style.Style.
        neighbour_text: what stands above, below or beside the word, where the style has such.

    Returns:
        uint8 [height, width, 3], BGR.
    """
    mask = text_mask.draw_mask(text, face, rng, style)
    around = int(SURROUNDINGS * mask.shape[0]) + 2
    mask = cv2.copyMakeBorder(mask, around, around, around, around, cv2.BORDER_CONSTANT)
    background_colour, text_colour = _choose_colours(rng, style)
    image = _draw_background(mask.shape, background_colour, rng, style)
    painted = _painted_parts(mask, rng, style)
    if neighbour_text:
        painted = _with_neighbour(painted, neighbour_text, face, around, rng, style)
    image = _paint(image, painted, background_colour, text_colour, rng, style)
    image, mask = _seen_from_an_angle(image, mask, rng, style)
    return camera.photograph(_cropped(image, mask, rng, style), rng, style)


def _choose_colours(rng, style):
    """Return the colours of background and text, float64 [3] BGR each, with some contrast."""
    contrast, saturation = style.contrast.draw(rng), style.saturation.draw(rng)
    pairs = rng.uniform(0, 255, (COLOUR_TRIES, 2, 1))
    if saturation is not None:
        pairs = pairs * (1 - saturation) + saturation * rng.uniform(0, 255, (COLOUR_TRIES, 2, 3))
    pairs = np.broadcast_to(pairs, (COLOUR_TRIES, 2, 3))
    contrasts = np.abs((pairs[:, 0] - pairs[:, 1]) @ GREY_OF_BGR)
    enough = np.flatnonzero(contrasts >= contrast)
    return pairs[enough[0] if len(enough) else np.argmax(contrasts)]


def _draw_background(shape, colour, rng, style):
    """Return a wall to write on, uint8 [height, width, 3]."""
    image = np.empty((*shape, 3), np.uint8)
    image[:] = colour
    texture, clutter = style.texture.draw(rng), style.clutter.draw(rng)
    if clutter is not None:
        _add_clutter(image, int(clutter), rng)
    return image if texture is None else cv2.add(image, _pattern(shape, texture, rng), dtype=cv2.CV_8U)


def _pattern(shape, strength, rng):
    """Return changes of brightness and colour, float32 [height, width, 3]: coarse ones and fine ones."""
    height, width = shape
    total = None
    for cell in (rng.uniform(0.3, 1.0) * height, rng.uniform(1.5, 6.0)):
        rows, columns = max(2, int(height / cell)), max(2, int(width / cell))
        amplitude = strength * rng.random()
        grey = rng.uniform(-amplitude, amplitude, (rows, columns, 1))
        coarse = (grey + rng.uniform(-amplitude, amplitude, (rows, columns, 3)) * rng.uniform(0, 0.5)).astype(np.float32)
        layer = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        total = layer if total is None else total + layer
    return total


def _add_clutter(image, count, rng):
    """Paint lines, patches and discs onto the image."""
    height, width, _ = image.shape
    for _ in range(count):
        (x1, x2), (y1, y2) = rng.integers(-width // 4, width + width // 4, 2).tolist(), rng.integers(0, height, 2).tolist()
        colour = np.clip(image[y1 % height, x1 % width] + rng.uniform(-60, 60, 3), 0, 255).tolist()
        kind = rng.random()
        if kind < 0.4:
            cv2.line(image, (x1, y1), (x2, y2), colour, int(rng.integers(1, 6)), cv2.LINE_AA)
        elif kind < 0.8:
            cv2.rectangle(image, (x1, y1), (x2, y2), colour, -1)
        else:
            cv2.circle(image, (x1, y1), int(rng.integers(3, max(4, height // 2))), colour, -1, cv2.LINE_AA)


def _painted_parts(mask, rng, style):
    """Return what is painted one over the other: list of (mask, (kind, strength)), see `_paint`; the text itself is the last."""
    hollow, relief = style.hollow.draw(rng), style.relief.draw(rng)
    if relief is not None:
        x, y = rng.choice([-1, 1], 2)
        edges = [(_shifted(mask, x, y), ('light', relief)), (_shifted(mask, -x, -y), ('light', -relief))]
        return [*edges, (mask, ('background', 0))]
    wear, shadow, depth, border = (effect.draw(rng) for effect in (style.wear, style.shadow, style.depth, style.border))
    text = mask
    if hollow is not None:
        text = cv2.subtract(text_mask.dilated(mask, hollow), mask)
    elif wear is not None:
        text = _worn(mask, wear, rng)
    parts = []
    if shadow is not None:
        offset = shadow * np.exp(1j * rng.uniform(0, 2 * np.pi))
        shade = _shifted(mask, offset.real, offset.imag)
        parts.append((cv2.blur(shade, (3, 3)) if rng.random() < 0.5 else shade, ('light', -rng.uniform(30, 150))))
    if depth is not None:
        parts.append((_extruded(mask, depth, rng), ('other', 0)))
    if border is not None and hollow is None:
        parts.append((text_mask.dilated(mask, border), ('other', 0)))
    return [*parts, (text, ('text', 0))]


def _paint(image, parts, background_colour, text_colour, rng, style):
    """Return the image with the parts painted onto it, one after the other."""
    fill = style.fill.draw(rng)
    for mask, (kind, strength) in parts:
        if kind == 'light':
            layer = cv2.add(image, np.full_like(image, abs(strength))) if strength > 0 else cv2.subtract(
                image, np.full_like(image, abs(strength)))
        else:
            colour = {'text': text_colour, 'background': background_colour}.get(kind)
            layer = np.empty_like(image)
            layer[:] = rng.uniform(0, 255, 3) if colour is None else colour
            if kind == 'text' and fill is not None:
                layer = cv2.add(layer, _pattern(mask.shape, fill, rng), dtype=cv2.CV_8U)
        share = mask * np.float32(1 / 255)
        image = cv2.blendLinear(layer, image, share, 1 - share)
    return image


def _with_neighbour(parts, text, face, around, rng, style):
    """Return the painted parts with another word above, below or beside the word, of which the picture shows a part."""
    distance = style.neighbour.draw(rng)
    if distance is None:
        return parts
    line = text_mask.draw_mask(text, face, rng, style)
    canvas = np.zeros_like(parts[0][0])
    turns = int(rng.integers(4))   # so that the side is on top
    turned = np.rot90(canvas, turns)
    room = max(1, around - int(distance * (canvas.shape[0] - 2 * around)))
    _place_above(turned, np.rot90(line, turns), room, rng)
    return [*parts, (canvas, ('text' if rng.random() < 0.7 else 'other', 0))]


def _place_above(canvas, mask, room, rng):
    """Put what there is room for of a mask, its lower part, into the first rows of a canvas; sideways anywhere."""
    rows, columns = min(room, mask.shape[0]), min(canvas.shape[1], mask.shape[1])
    x, cut = int(rng.integers(canvas.shape[1] - columns + 1)), int(rng.integers(mask.shape[1] - columns + 1))
    canvas[room - rows:room, x:x + columns] = mask[mask.shape[0] - rows:, cut:cut + columns]


def _shifted(mask, x, y):
    height, width = mask.shape
    return cv2.warpAffine(mask, np.float32([[1, 0, x], [0, 1, y]]), (width, height))


def _extruded(mask, depth, rng):
    """Return the mask drawn out to one side, as letters of wood or steel are."""
    direction = np.exp(1j * rng.uniform(0, 2 * np.pi))
    sides = mask
    for step in range(1, int(depth) + 1):
        offset = direction * step
        sides = cv2.max(sides, _shifted(mask, offset.real, offset.imag))
    return sides


def _worn(mask, share, rng):
    """Return the mask with a share of it rubbed off."""
    height, width = mask.shape
    paint = cv2.resize(rng.random((max(2, height // 4), max(2, width // 4)), np.float32), (width, height))
    kept = (paint > np.quantile(paint[::4, ::4], share)).astype(np.uint8) * 255
    return cv2.min(mask, cv2.blur(kept, (2, 2)))


def _seen_from_an_angle(image, mask, rng, style):
    """Return image and mask turned and in perspective."""
    rotation, perspective = style.rotation.draw(rng), style.perspective.draw(rng)
    if rotation is None and perspective is None:
        return image, mask
    height, width = mask.shape
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    moved = corners.copy()
    if perspective is not None:
        moved += rng.uniform(-perspective, perspective, (4, 2)).astype(np.float32) * height
    if rotation is not None:
        angle = np.radians(rotation) * (1 if rng.random() < 0.5 else -1)
        turn = np.float32([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moved = (moved - moved.mean(0)) @ turn.T + moved.mean(0)
    moved -= moved.min(0)
    size = [int(np.ceil(side)) for side in moved.max(0)]
    matrix = cv2.getPerspectiveTransform(corners, moved)
    return (cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE),
            cv2.warpPerspective(mask, matrix, size))


def _cropped(image, mask, rng, style):
    """Return the part of the image with the word, and more or less room on each side."""
    x, y, width, height = cv2.boundingRect(mask)
    occlusion = style.occlusion.draw(rng)
    if occlusion is not None:
        ends = [(x, y + int(rng.integers(height))), (x + width, y + int(rng.integers(height)))]
        cv2.line(image, *ends, rng.uniform(0, 255, 3).tolist(), max(1, int(occlusion * height)), cv2.LINE_AA)
    room = [style.margin.draw(rng) * height for _ in range(4)]
    cut = style.cut.draw(rng)
    if cut is not None:
        room[rng.integers(2, 4)] = -cut * height
    left, right = _shown(x, width, room[:2], mask.shape[1])
    top, bottom = _shown(y, height, room[2:], mask.shape[0])
    return image[top:bottom, left:right]


def _shown(start, length, room, size):
    """Return where the picture begins and ends along one side: at the text and some room, which can be negative for wide ones."""
    first, end = max(0, int(start - room[0])), min(size, int(start + length + room[1]))
    return (first, end) if end - first >= MIN_SHOWN else (max(0, start - MIN_SHOWN), min(size, start + length + MIN_SHOWN))
