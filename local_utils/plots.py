"""Plots: the curves of a training run, a confusion matrix."""
import collections
import os

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from local_utils import files

MAX_CHARACTERS = 100   # of a confusion matrix
FEW_POINTS = 20        # of a curve, that are marked: a single one is not seen otherwise


def draw_confusion(confusion, characters, path):
    """Write the confusion matrix of an alignment as a picture.

    Args:
        confusion: dict of (true character or '', read character or '') → count; '' is an insertion or a
            deletion.
        characters: the alphabet, str; of a large one the characters with the most mistakes are drawn.
        path: file to write; its ending decides the format.
    """
    labels = [*_most_confused(confusion, characters), '']
    index_of = {character: index for index, character in enumerate(labels)}
    counts = np.zeros([len(labels), len(labels)])
    for (truth, read), count in confusion.items():
        if truth in index_of and read in index_of:
            counts[index_of[truth], index_of[read]] = count
    figure = Figure(figsize=(4 + len(labels) * 0.16, 3 + len(labels) * 0.16), layout='constrained')
    axes = figure.add_subplot(
        xlabel='read', ylabel='truth', title='Fraction of each true character (last: none)')
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mesh = axes.matshow(fractions, cmap='viridis', norm=LogNorm(vmin=1e-3, vmax=1, clip=True))
    axes.set_xticks(range(len(labels)), [*labels[:-1], '–'], fontsize=7)
    axes.set_yticks(range(len(labels)), [*labels[:-1], '–'], fontsize=7)
    figure.colorbar(mesh)
    save_figure(figure, path)


def _most_confused(confusion, characters):
    """Return the characters of an alphabet, in its order; of a large one those with the most mistakes."""
    mistakes = collections.Counter()
    for (truth, read), count in confusion.items():
        if truth != read:
            mistakes.update({truth: count, read: count})
    most = [character for character, _ in mistakes.most_common(MAX_CHARACTERS)]
    return [character for character in characters if len(characters) <= MAX_CHARACTERS or character in most]


def draw_curves(losses, accuracies, path):
    """Write the curves of a training run as a picture.

    Args:
        losses: dict of step → training loss.
        accuracies: dict of step → word accuracy of the validation, in [0, 1].
        path: file to write; its ending decides the format.
    """
    figure = Figure(figsize=(8, 4), layout='constrained')
    axes = figure.add_subplot(xlabel='step', ylabel='CTC loss (training)')
    marker = '.' if len(losses) < FEW_POINTS else None
    axes.plot(*zip(*sorted(losses.items()), strict=True), color='tab:blue', marker=marker,
              label='CTC loss (training)')
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
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
    files.check_target(path, files.FIGURE_ENDINGS)
    with files.atomic_file(path) as file:
        figure.savefig(file, format=os.path.splitext(path)[1][1:], dpi=120)
