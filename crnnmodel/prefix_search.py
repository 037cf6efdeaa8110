"""Prefix beam search: the most probable labels of an image, each the sum over all its CTC paths that the beam
keeps.
"""
from typing import NamedTuple

import numpy as np

ROOT = 0
IMPOSSIBLE = -1
SMALL = 1e-100   # below it the probabilities of a beam are scaled up, or many frames would leave none


class Automaton(NamedTuple):
    """The labels that are allowed: what a prefix may be followed by; it starts in the state 0."""

    # int [states, characters]: the state after a character, IMPOSSIBLE where it may not come
    next_states: np.ndarray
    # int [states]: characters that a whole label still needs, at least; 0 where it may end
    missing: np.ndarray

    def accepts(self, label) -> bool:
        """Whether a label, a sequence of class indices, is allowed."""
        state = 0
        for index in label:
            state = self.next_states[state, index]
            if state == IMPOSSIBLE:
                return False
        return bool(self.missing[state] == 0)


class _Beam(NamedTuple):
    """The prefixes that a frame keeps."""

    nodes: np.ndarray          # int [prefixes], of the trie
    in_blank: np.ndarray       # float64 [prefixes]: the probability of the paths that end in a blank …
    in_character: np.ndarray   # … and of those that end in the prefix's last character


def prefix_beam_search(probabilities_tc: np.ndarray, beam_width: int, num_labels: int = 1,
                       automaton: Automaton | None = None) -> list:
    """Search the most probable labels.

    Args:
        probabilities_tc: float32 [time, classes] of one image; the blank is the last class.
        beam_width: prefixes that each frame keeps; with as many as there are, the result is exact.
        num_labels: how many labels to return, at most.
        automaton: of the labels that are allowed; None for all.

    Returns:
        list of (label, tuple of int; its probability, float, 0 where it is below the smallest), the most
        probable first; none that is impossible.
    """
    trie, beam, scale = _Trie(automaton), _Beam(np.array([ROOT]), np.ones(1), np.zeros(1)), 1.0
    for frame, classes in enumerate(np.asarray(probabilities_tc, np.float64), start=1):
        beam = _next_beam(trie, beam, classes, beam_width, frames_left=len(probabilities_tc) - frame)
        if not len(beam.nodes):   # no allowed label has so few frames
            return []
        highest = (beam.in_blank + beam.in_character).max()
        if highest < SMALL:
            scale *= highest
            beam = beam._replace(in_blank=beam.in_blank / highest, in_character=beam.in_character / highest)
    totals = beam.in_blank + beam.in_character
    best = [index for index in np.argsort(-totals, kind='stable')[:num_labels] if totals[index] > 0]
    return [(trie.label(beam.nodes[index]), float(min(scale * totals[index], 1))) for index in best]


class _Trie:
    """The prefixes that were met, as numbers: each its parent, its last character, its state in the
    automaton.
    """

    def __init__(self, automaton):
        self.parents, self.characters, self.states = [-1], [-1], [0]
        self._children = {}
        self._automaton = automaton

    def child(self, node, character):
        """Return the number of a prefix that is longer by a character."""
        key = node, character
        if key not in self._children:
            self._children[key] = len(self.parents)
            self.parents.append(node)
            self.characters.append(character)
            state = self.states[node]
            self.states.append(int(self._automaton.next_states[state, character]) if self._automaton
                               else state)
        return self._children[key]

    def label(self, node):
        """Return the class indices of a prefix."""
        label = []
        while node != ROOT:
            label.append(self.characters[node])
            node = self.parents[node]
        return tuple(label[::-1])

    def can_end(self, nodes, frames_left):
        """Return whether so many frames suffice for what the prefixes still need, bool [prefixes]."""
        return self._automaton.missing[[self.states[node] for node in nodes]] <= frames_left

    def may_follow(self, nodes, frames_left):
        """Return bool [prefixes, characters]: a prefix made longer by the character can still
        become a label.
        """
        following = self._automaton.next_states[[self.states[node] for node in nodes]]
        return (following != IMPOSSIBLE) & (self._automaton.missing[following] <= frames_left)

    @property
    def has_automaton(self):
        """Whether not all labels are allowed."""
        return self._automaton is not None


def _next_beam(trie, beam, classes, beam_width, frames_left):
    """Return the _Beam after one more frame, whose probabilities are `classes`."""
    characters, blank = classes[:-1], classes[-1]
    nodes = beam.nodes.tolist()
    last = np.array([trie.characters[node] for node in nodes])
    totals = beam.in_blank + beam.in_character
    in_blank = totals * blank
    in_character = beam.in_character * np.where(last >= 0, characters[last], 0)   # the last character goes on
    longer = totals[:, np.newaxis] * characters
    has_last = np.flatnonzero(last >= 0)
    # anew, behind a blank
    longer[has_last, last[has_last]] = beam.in_blank[has_last] * characters[last[has_last]]
    position_of = {node: position for position, node in enumerate(nodes)}
    for position, node in enumerate(nodes):
        parent = position_of.get(trie.parents[node])
        if parent is not None:   # the parent made longer is this prefix, which the beam has
            in_character[position] += longer[parent, last[position]]
            longer[parent, last[position]] = 0
    if trie.has_automaton:
        longer *= trie.may_follow(nodes, frames_left)
        can_end = trie.can_end(nodes, frames_left)
        in_blank, in_character = in_blank * can_end, in_character * can_end
    chances = np.concatenate([in_blank + in_character, longer.ravel()])
    chosen = np.arange(len(chances))
    if len(chances) > beam_width:
        chosen = np.sort(np.argpartition(-chances, beam_width)[:beam_width])
    chosen = chosen[chances[chosen] > 0]
    stay, grow = chosen[chosen < len(nodes)], chosen[chosen >= len(nodes)] - len(nodes)
    parents, added = np.divmod(grow, len(characters))
    children = [trie.child(nodes[parent], character)
                for parent, character in zip(parents.tolist(), added.tolist(), strict=True)]
    return _Beam(np.concatenate([beam.nodes[stay], np.array(children, int)]),
                 np.concatenate([in_blank[stay], np.zeros(len(grow))]),
                 np.concatenate([in_character[stay], longer.ravel()[grow]]))
