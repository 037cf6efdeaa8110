"""Pictures of words: with what was read, with their labels."""
import os

import cv2
import numpy as np

from local_utils import files
from local_utils.errors import InputError

ENDINGS = ('.png',)
SCALE = 2            # of the word images
TEXT_HEIGHT = 24     # pixels under each word
GREEN, RED = (0, 128, 0), (0, 0, 200)


def check_path(path, inputs=()):
    """Raise InputError where a picture cannot be written to a path, or would replace one of the inputs."""
    files.check_target(path, ENDINGS)
    if os.path.realpath(path) in map(os.path.realpath, inputs):
        raise InputError(f'{path}: one of the images that are to be read; expected another name')


def draw_readings(examples, columns=4):
    """Draw word images with what was read under each, green where it is right, red with the truth where not.

    Args:
        examples: list of (uint8 [height, width, 3] BGR, truth or None, text read, confidence).
        columns: words side by side.

    Returns:
        uint8 [height, width, 3], BGR.
    """
    tiles = [_draw_reading(*example) for example in examples]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
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
    sheet = np.full((rows * height, columns * width, 3), 255, np.uint8)
    for index, (image, label) in enumerate(examples):
        y, x = index // columns * height, index % columns * width
        scale = min((width - 6) / image.shape[1], (height - TEXT_HEIGHT) / image.shape[0])
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        shown = cv2.resize(image, None, fx=scale, fy=scale, interpolation=interpolation)
        sheet[y:y + shown.shape[0], x:x + shown.shape[1]] = shown
        cv2.putText(sheet, label, (x + 2, y + height - 6), (0, 0, 0), cv2.FontFace('sans'), 13)
    with files.atomic_file(path) as file:
        file.write(cv2.imencode('.png', sheet)[1].tobytes())


def _draw_reading(image, truth, text, confidence):
    large = cv2.resize(image, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    tile = cv2.copyMakeBorder(large, 4, 4 + TEXT_HEIGHT, 6, 6, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    is_right = truth is None or truth == text
    caption = f'{text} {confidence:.2f}' if is_right else f'{text} ({truth})'
    cv2.putText(tile, caption, (8, tile.shape[0] - 9), GREEN if is_right else RED, cv2.FontFace('sans'), 14)
    return tile
