"""Pictures of words: with what was read, with their labels."""
import os

import cv2
import numpy as np

from local_utils import files
from local_utils.errors import InputError

ENDINGS = ('.png',)
TILE_SIZE = (220, 80)   # (width, height), pixels, into which a word image is fitted …
TILE_MARGIN = 6         # … with this around it
TEXT_HEIGHT = 24        # pixels under each word
GREEN, RED = (0, 128, 0), (0, 0, 200)


def check_path(path, inputs=()):
    """Raise InputError where a picture cannot be written to a path, or would replace one of the inputs."""
    files.check_target(path, ENDINGS)
    if os.path.realpath(path) in map(os.path.realpath, inputs):
        raise InputError(f'{path}: one of the images that are to be read; expected another name')


def draw_readings(examples, columns=4):
    """Draw word images with what was read under each, green where it is right, red with the truth where not.

    Args:
        examples: list of (uint8 [height, width, 3] BGR of any size, truth or None, text read, confidence).
        columns: words side by side.

    Returns:
        uint8 [height, width, 3], BGR.
    """
    tiles = [_draw_reading(*example) for example in examples]
    tiles += [_white(tiles[0].shape)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start:start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(rows)


def save_readings(examples, path):
    """Write what `draw_readings` draws as a PNG file, whole or not at all."""
    with files.atomic_file(path) as file:
        file.write(cv2.imencode('.png', draw_readings(examples))[1].tobytes())


def save_contact_sheet(examples, path, columns=8, cell_size=(200, 84)):
    """Write pictures side by side, each with its label below, as a PNG file, whole or not at all.

    Args:
        examples: list of (uint8 [height, width, 3] BGR, label).
        path: the file.
        columns: pictures side by side.
        cell_size: (width, height) of what each picture and its label take up.
    """
    width, height = cell_size
    rows = -(-len(examples) // columns)
    sheet = _white((rows * height, columns * width, 3))
    for index, (image, label) in enumerate(examples):
        y, x = index // columns * height, index % columns * width
        shown = _fitted(image, (width - TILE_MARGIN, height - TEXT_HEIGHT))
        sheet[y:y + shown.shape[0], x:x + shown.shape[1]] = shown
        cv2.putText(sheet, label, (x + 2, y + height - 6), (0, 0, 0), cv2.FontFace('sans'), 13)
    with files.atomic_file(path) as file:
        file.write(cv2.imencode('.png', sheet)[1].tobytes())


def _draw_reading(image, truth, text, confidence):
    width, height = TILE_SIZE
    shown = _fitted(image, TILE_SIZE)
    tile = _white((height + 2 * TILE_MARGIN + TEXT_HEIGHT, width + 2 * TILE_MARGIN, 3))
    y = TILE_MARGIN + (height - shown.shape[0]) // 2
    x = TILE_MARGIN + (width - shown.shape[1]) // 2
    tile[y:y + shown.shape[0], x:x + shown.shape[1]] = shown
    is_right = truth is None or truth == text
    caption = f'{text} {confidence:.2f}' if is_right else f'{text} ({truth})'
    cv2.putText(tile, caption, (8, tile.shape[0] - 9), GREEN if is_right else RED, cv2.FontFace('sans'), 14)
    return tile


def _fitted(image, size):
    """Return an image as large as fits into a size, (width, height), its sides in proportion."""
    width, height = size
    scale = min(width / image.shape[1], height / image.shape[0])
    new_size = max(round(scale * image.shape[1]), 1), max(round(scale * image.shape[0]), 1)
    return cv2.resize(image, new_size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _white(shape):
    return np.full(shape, 255, np.uint8)
