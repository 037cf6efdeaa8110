"""Draws pictures of words: letters in a font, painted on a ground, seen from an angle, taken by a camera.

All chance comes from the random generator that is passed in; the style says what happens and how often.
"""
import cv2
import numpy as np

from data_provider.drawing import camera, letter_paint, surface, text_mask
from data_provider.drawing.colours import any_colour, choose_colours
from data_provider.drawing.text_style import Style

SURROUNDINGS = 0.6           # room around the word that is painted, part of its height
MIN_DEVIATION = 6            # of a picture's grey values; with less nothing is seen and it is drawn again …
MAX_TRIES = 4                # … so many times at most
MIN_SHOWN = 2                # pixels of a picture's side, however much of it is cut off


def draw_word(text: str, face: cv2.FontFace, rng: np.random.Generator, style: Style,
              neighbour_text: str = '') -> np.ndarray:
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
    for _ in range(MAX_TRIES):
        image = _photograph_of(text, face, rng, style, neighbour_text)
        _, deviation = cv2.meanStdDev(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))
        if deviation.item() >= MIN_DEVIATION:
            break
    return image


def _photograph_of(text, face, rng, style, neighbour_text):
    shape = text_mask.draw_shape(text, face, rng, style)
    around = int(SURROUNDINGS * min(shape.mask.shape[0], 2 * style.text_size.high)) + 2
    shape = _with_room(shape, around)
    colours = choose_colours(rng, style)
    image = surface.draw_ground(shape, colours, rng, style)
    layers = letter_paint.layers_of(shape.mask, colours, rng, style)
    if neighbour_text:
        image = _with_neighbour(image, neighbour_text, face, around, colours, rng, style)
    image = letter_paint.paint(image, layers, rng, style)
    image, mask = _seen_from_an_angle(image, shape.mask, rng, style)
    return camera.photograph(_cropped(image, mask, rng, style), rng, style)


def _with_room(shape, around):
    """Return a Shape with `around` pixels on all sides."""
    ring = shape.ring and ((shape.ring[0][0] + around, shape.ring[0][1] + around), *shape.ring[1:])
    mask = cv2.copyMakeBorder(shape.mask, around, around, around, around, cv2.BORDER_CONSTANT)
    return text_mask.Shape(mask, ring)


def _with_neighbour(image, text, face, around, colours, rng, style):
    """Return the image with a part of another word above, below or beside the word, or on two sides."""
    distance = style.neighbour.draw(rng)
    if distance is None:
        return image
    line = text_mask.draw_shape(text, face, rng, style._replace(ring=style.ring._replace(probability=0))).mask
    canvas = np.zeros(image.shape[:2], np.uint8)
    first_side = int(rng.integers(4))
    for turns in (first_side, first_side + 2)[:1 + int(rng.random() < 0.25)]:   # so that the side is on top
        turned = np.rot90(canvas, turns)
        room = max(1, around - int(distance * (canvas.shape[0] - 2 * around)))
        _place_above(turned, np.rot90(line, turns), min(room, turned.shape[0]), rng)
    colour = colours.text if rng.random() < 0.75 else any_colour(rng)
    return letter_paint.paint(image, [letter_paint.Layer(canvas, colour)], rng, style)


def _place_above(canvas, mask, room, rng):
    """Put what there is room for of a mask, its lower part, into the first rows of a canvas."""
    rows, columns = min(room, mask.shape[0]), min(canvas.shape[1], mask.shape[1])
    x, cut = int(rng.integers(canvas.shape[1] - columns + 1)), int(rng.integers(mask.shape[1] - columns + 1))
    canvas[room - rows:room, x:x + columns] = mask[mask.shape[0] - rows:, cut:cut + columns]


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
    surface.cover(image, (x, y, width, height), rng, style)
    room = [style.margin.draw(rng) * height for _ in range(4)]
    cut = style.cut.draw(rng)
    if cut is not None:
        room[rng.integers(2, 4)] = -cut * height
    left, right = _shown(x, width, room[:2])
    top, bottom = _shown(y, height, room[2:])
    lacking = [max(0, lack) for lack in (-top, bottom - image.shape[0], -left, right - image.shape[1])]
    if any(lacking):
        image = cv2.copyMakeBorder(image, *lacking, cv2.BORDER_REPLICATE)
    above, _, before, _ = lacking
    crop = np.ascontiguousarray(image[top + above:bottom + above, left + before:right + before])
    surface.frame(crop, rng, style)
    return crop


def _shown(start, length, room):
    """Return where the picture begins and ends along one side: some room, perhaps negative, from the text."""
    first, end = int(start - room[0]), int(start + length + room[1])
    return (first, end) if end - first >= MIN_SHOWN else (start - MIN_SHOWN, start + length + MIN_SHOWN)
