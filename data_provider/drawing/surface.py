"""What a word stands on and what is around it: walls, plates, rings, lines, patches, what covers it."""
import cv2
import numpy as np

from data_provider.drawing.colours import Colours, any_colour
from data_provider.drawing.text_mask import Shape
from data_provider.drawing.text_style import Style

COLOUR_NOISE = 0.2   # of the changes of a pattern's colour, of those of its brightness, at most


def draw_ground(shape: Shape, colours: Colours, rng: np.random.Generator, style: Style) -> np.ndarray:
    """Return a surface to write on.

    Args:
        shape: text_mask.Shape, with the room around it that is painted.
        colours: of the word.
        rng: numpy.random.Generator.
        style: text_style.Style.

    Returns:
        uint8 [height, width, 3], BGR.
    """
    size = shape.mask.shape
    image = np.empty((*size, 3), np.uint8)
    image[:] = colours.background
    split, texture, clutter = style.split.draw(rng), style.texture.draw(rng), style.clutter.draw(rng)
    plate, ring_picture = style.plate.draw(rng), style.ring_picture.draw(rng)
    if split is not None:
        _add_second_ground(image, split, colours, rng)
    if clutter is not None:
        _add_clutter(image, int(clutter), rng)
    if shape.ring and ring_picture is not None:
        _add_ring(image, shape.ring, ring_picture, colours, rng)
    elif plate is not None:
        image = _with_plate(image, shape.mask, plate, colours, rng)
    return image if texture is None else cv2.add(image, pattern(size, texture, rng), dtype=cv2.CV_8U)


def pattern(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> np.ndarray:
    """Return changes of brightness and a little of colour, coarse and fine, float32 [height, width, 3]."""
    height, width = shape
    total = None
    for cell in (rng.uniform(0.3, 1.0) * height, rng.uniform(1.5, 6.0)):
        rows, columns = max(2, int(height / cell)), max(2, int(width / cell))
        amplitude = strength * rng.random()
        grey = rng.uniform(-amplitude, amplitude, (rows, columns, 1))
        colour = rng.uniform(-amplitude, amplitude, (rows, columns, 3)) * rng.uniform(0, COLOUR_NOISE)
        layer = cv2.resize(np.float32(grey + colour), (width, height), interpolation=cv2.INTER_LINEAR)
        total = layer if total is None else total + layer
    return total


def cover(image: np.ndarray, box: tuple, rng: np.random.Generator, style: Style) -> None:
    """Draw what stands before a word onto the image: a bar, a branch, a post, a sticker.

    Args:
        image: uint8 [height, width, 3], BGR; changed.
        box: (x, y, width, height) of the word.
        rng: numpy.random.Generator.
        style: text_style.Style.
    """
    x, y, width, height = box
    occlusion, covering = style.occlusion.draw(rng), style.covering.draw(rng)
    if occlusion is not None:
        ends = [(x, y + int(rng.integers(height))), (x + width, y + int(rng.integers(height)))]
        cv2.line(image, *ends, any_colour(rng).tolist(), max(1, int(occlusion * height)), cv2.LINE_AA)
    if covering is not None:
        centre = np.array([x + rng.uniform(0, width), y + rng.uniform(0, height)])
        points = centre + _blob(rng) * covering * height
        cv2.fillPoly(image, [points.astype(np.int32)], any_colour(rng).tolist(), cv2.LINE_AA)


def frame(image: np.ndarray, rng: np.random.Generator, style: Style) -> None:
    """Draw lines along the edges of the picture, as of a sign's frame or a table, onto the image."""
    distance = style.frame.draw(rng)
    if distance is None:
        return
    height, width, _ = image.shape
    thickness = int(rng.integers(1, max(2, height // 12)))
    colour = any_colour(rng).tolist() if rng.random() < 0.5 else [float(rng.choice([0, 255]))] * 3
    margin = int(distance * height)
    tilt = rng.uniform(-0.03, 0.03, 4) * height
    for side in np.flatnonzero(rng.random(4) < 0.5):
        first, second = margin + tilt[side], margin - tilt[side]
        ends = [((0, first), (width, second)), ((0, height - 1 - first), (width, height - 1 - second)),
                ((first, 0), (second, height)), ((width - 1 - first, 0), (width - 1 - second, height))][side]
        cv2.line(image, *[tuple(map(int, end)) for end in ends], colour, thickness, cv2.LINE_AA)


def _blob(rng):
    """Return the corners of a shape of about size 1 about a centre, float [corners, 2]."""
    count = int(rng.integers(3, 10))
    directions = np.sort(rng.uniform(0, 2 * np.pi, count))
    radii = rng.uniform(0.25, 0.6, count)
    corners = np.stack([radii * np.cos(directions), radii * np.sin(directions)], 1)
    return corners * (1, rng.choice([1, 1, 3]))


def _add_second_ground(image, split, colours, rng):
    """Paint what lies beyond a line through the image in another colour, which lets the letters be seen."""
    height, width, _ = image.shape
    angle = rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    normal = np.array([np.cos(angle), np.sin(angle)])
    centre = np.array([width, height]) * rng.uniform(0.25, 0.75, 2)
    along = np.array([-normal[1], normal[0]]) * (width + height)
    corners = np.array([centre + along, centre - along, centre - along + normal * 2 * (width + height),
                        centre + along + normal * 2 * (width + height)])
    colour = colours.background + (colours.background - colours.text) * split + rng.uniform(-25, 25, 3)
    cv2.fillPoly(image, [corners.astype(np.int32)], np.clip(colour, 0, 255).tolist(), cv2.LINE_AA)


def _add_clutter(image, count, rng):
    """Paint lines, patches and discs onto the image."""
    height, width, _ = image.shape
    for _ in range(count):
        (x1, x2) = rng.integers(-width // 4, width + width // 4, 2).tolist()
        (y1, y2) = rng.integers(0, height, 2).tolist()
        change = rng.uniform(-60, 60) + rng.uniform(-20, 20, 3)
        colour = np.clip(image[y1 % height, x1 % width] + change, 0, 255).tolist()
        kind = rng.random()
        if kind < 0.4:
            cv2.line(image, (x1, y1), (x2, y2), colour, int(rng.integers(1, 6)), cv2.LINE_AA)
        elif kind < 0.8:
            cv2.rectangle(image, (x1, y1), (x2, y2), colour, -1)
        else:
            cv2.circle(image, (x1, y1), int(rng.integers(3, max(4, height // 2))), colour, -1, cv2.LINE_AA)


def _add_ring(image, ring, strength, colours, rng):
    """Paint the plate of a text on a ring, with rims around it and a picture inside, onto the image."""
    (x, y), inner, outer = ring
    centre = (int(x), int(y))
    rim = colours.text if rng.random() < 0.5 else any_colour(rng)
    if rng.random() < 0.6:   # a disc before another wall
        image[:] = any_colour(rng)
        radius = int(outer * rng.uniform(1.04, 1.3)) + 1
        cv2.circle(image, centre, radius, colours.background.tolist(), -1, cv2.LINE_AA)
    for radius in (inner * rng.uniform(0.8, 0.97), outer * rng.uniform(1.03, 1.2)):
        if rng.random() < 0.6 and radius > 1:
            cv2.circle(image, centre, int(radius), rim.tolist(), int(rng.integers(1, 4)), cv2.LINE_AA)
    if rng.random() < 0.3 and inner > 3:
        cv2.circle(image, centre, int(inner * 0.9), any_colour(rng).tolist(), -1, cv2.LINE_AA)
    for _ in range(int(strength)):
        points = np.array([x, y]) + (rng.uniform(-0.4, 0.4, 2) + _blob(rng) * 0.9) * inner
        cv2.fillPoly(image, [points.astype(np.int32)], any_colour(rng).tolist(), cv2.LINE_AA)


def _with_plate(image, mask, margin, colours, rng):
    """Return a wall of another colour with a plate on it, of the image, that the text just fits on."""
    x, y, width, height = cv2.boundingRect(mask)
    room = np.array([margin * rng.uniform(0.3, 1.5), margin]) * height
    left, top = (np.array([x, y]) - room).astype(int)
    right, bottom = (np.array([x + width, y + height]) + room).astype(int)
    plate = np.zeros(mask.shape, np.uint8)
    kind = rng.random()
    if kind < 0.2:
        half = (int((right - left) * 0.6), int((bottom - top) * 0.75))
        cv2.ellipse(plate, ((left + right) // 2, (top + bottom) // 2), half, 0, 0, 360, 255, -1)
    else:
        cv2.rectangle(plate, (left, top), (right, bottom), 255, -1)
        if kind < 0.5:   # with round corners
            size = int(rng.uniform(0.2, 0.9) * height) // 2 * 2 + 1
            corner = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
            plate = cv2.morphologyEx(plate, cv2.MORPH_OPEN, corner)
    wall = np.empty_like(image)
    wall[:] = any_colour(rng)
    if rng.random() < 0.5:
        rim = cv2.dilate(plate, np.ones((3, 3), np.uint8), iterations=int(rng.integers(1, 4)))
        wall[rim > 0] = colours.text if rng.random() < 0.5 else any_colour(rng)
    return cv2.copyTo(image, plate, wall)
