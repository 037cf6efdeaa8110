"""Prefix beam search: the most probable labels of an image, each the sum over all of its CTC paths that the beam keeps."""
import numpy as np

ROOT = 0


def prefix_beam_search(probabilities_tc: np.ndarray, beam_width: int, num_labels: int = 1) -> list:
    """Search the most probable labels.

    Args:
        probabilities_tc: float32 [time, classes] of one image; the blank is the last class.
        beam_width: prefixes that each frame keeps; with as many as there are, the result is exact.
        num_labels: how many labels to return, at most.

    Returns:
        list of (label, tuple of int; its probability, float), the most probable first; none that is impossible.
    """
    trie, beam = _Trie(), _Beam(np.array([ROOT]), np.ones(1), np.zeros(1))
    for frame in np.asarray(probabilities_tc, np.float64):
        beam = _next_beam(trie, beam, frame, beam_width)
    totals = beam.in_blank + beam.in_character
    best = [index for index in np.argsort(-totals, kind='stable')[:num_labels] if totals[index] > 0]
    return [(trie.label(beam.nodes[index]), float(min(totals[index], 1))) for index in best]


class _Trie:
    """The prefixes that were met, as numbers: each its parent and its last character."""

    def __init__(self):
        self.parents, self.characters = [-1], [-1]
        self._children = {}

    def child(self, node, character):
        """Return the number of a prefix that is longer by a character."""
        key = node, character
        if key not in self._children:
            self._children[key] = len(self.parents)
            self.parents.append(node)
            self.characters.append(character)
        return self._children[key]

    def label(self, node):
        """Return the class indices of a prefix."""
        label = []
        while node != ROOT:
            label.append(self.characters[node])
            node = self.parents[node]
        return tuple(label[::-1])


class _Beam:
    """The prefixes of a frame."""

    def __init__(self, nodes, in_blank, in_character):
        self.nodes = nodes                 # int [prefixes], of the trie
        self.in_blank = in_blank           # float64 [prefixes]: of the paths that end in a blank …
        self.in_character = in_character   # … and of those that end in the prefix's last character


def _next_beam(trie, beam, frame, beam_width):
    """Return the _Beam after one more frame."""
    characters, blank = frame[:-1], frame[-1]
    last = np.array([trie.characters[node] for node in beam.nodes])
    totals = beam.in_blank + beam.in_character
    in_blank = totals * blank
    in_character = beam.in_character * np.where(last >= 0, characters[last], 0)   # the last character goes on
    longer = totals[:, np.newaxis] * characters
    has_last = np.flatnonzero(last >= 0)
    longer[has_last, last[has_last]] = beam.in_blank[has_last] * characters[last[has_last]]   # anew, behind a blank
    position_of = {node: position for position, node in enumerate(beam.nodes.tolist())}
    for position, node in enumerate(beam.nodes.tolist()):
        parent = position_of.get(trie.parents[node])
        if parent is not None:   # the parent made longer is this prefix, which the beam has
            in_character[position] += longer[parent, last[position]]
            longer[parent, last[position]] = 0
    chances = np.concatenate([in_blank + in_character, longer.ravel()])
    chosen = np.arange(len(chances))
    if len(chances) > beam_width:
        chosen = np.sort(np.argpartition(-chances, beam_width)[:beam_width])
    chosen = chosen[chances[chosen] > 0]
    stay, grow = chosen[chosen < len(last)], chosen[chosen >= len(last)] - len(last)
    parents, added = np.divmod(grow, len(characters))
    children = [trie.child(node, character)
                for node, character in zip(beam.nodes[parents].tolist(), added.tolist(), strict=True)]
    return _Beam(np.concatenate([beam.nodes[stay], np.array(children, int)]),
                 np.concatenate([in_blank[stay], np.zeros(len(grow))]),
                 np.concatenate([in_character[stay], longer.ravel()[grow]]))
