"""Pictures for people: words with what was read, curves, a confusion matrix."""
import os

import cv2
import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from local_utils import files

SCALE = 2            # of the word images
TEXT_HEIGHT = 24     # pixels under each word
FIGURE_ENDINGS = ('.png', '.pdf', '.svg')
GREEN, RED = (0, 128, 0), (0, 0, 200)


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
        shown = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
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


def draw_confusion(confusion, characters, path):
    """Write the confusion matrix of an alignment as a picture.

    Args:
        confusion: dict of (true character or '', read character or '') → count; '' is an insertion or a deletion.
        characters: the alphabet, str.
        path: file to write; its ending decides the format.
    """
    labels = [*characters, '']
    index_of = {character: index for index, character in enumerate(labels)}
    counts = np.zeros([len(labels), len(labels)])
    for (truth, read), count in confusion.items():
        counts[index_of[truth], index_of[read]] = count
    figure = Figure(figsize=(4 + len(labels) * 0.16, 3 + len(labels) * 0.16), layout='constrained')
    axes = figure.add_subplot(xlabel='read', ylabel='truth', title='Share of each true character (last: none)')
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mesh = axes.matshow(shares, cmap='viridis', norm=LogNorm(vmin=1e-3, vmax=1, clip=True))
    axes.set_xticks(range(len(labels)), [*characters, '–'], fontsize=7)
    axes.set_yticks(range(len(labels)), [*characters, '–'], fontsize=7)
    figure.colorbar(mesh)
    save_figure(figure, path)


def draw_curves(losses, accuracies, path):
    """Write the curves of a training run as a picture.

    Args:
        losses: dict of step → training loss.
        accuracies: dict of step → word accuracy of the validation, in [0, 1].
        path: file to write; its ending decides the format.
    """
    figure = Figure(figsize=(8, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='step', ylabel='CTC loss (training)')
    axes.plot(*zip(*sorted(losses.items()), strict=True), color='tab:blue', label='CTC loss (training)')
    axes.set_ylim(bottom=0)
    if accuracies:
        right = axes.twinx()
        right.plot(*zip(*sorted(accuracies.items()), strict=True), color='tab:green', marker='o',
                   label='word accuracy (validation)')
        right.set(ylabel='word accuracy (validation)', ylim=(0, 1))
    figure.legend(loc='outside upper center', ncols=2)
    save_figure(figure, path)


def save_figure(figure, path):
    """Write a matplotlib figure, whole or not at all; the ending of `path` decides the format."""
    check_path(path)
    with files.atomic_file(path) as file:
        figure.savefig(file, format=os.path.splitext(path)[1][1:], dpi=120)


def check_path(path):
    """Raise ValueError where a figure cannot be written to a path."""
    if os.path.splitext(path)[1] not in FIGURE_ENDINGS:
        raise ValueError(f'{path}: expected a name that ends in {", ".join(FIGURE_ENDINGS)}')
    if not os.path.isdir(os.path.dirname(path) or '.'):
        raise ValueError(f'{path}: there is no such folder to write to')
