"""The probabilities of many labels at once, by CTC's forward algorithm on a trie: shared beginnings are
worked out once.
"""
import numpy as np

from crnnmodel.numpy_ctc import RESCALED_EVERY, required_frames, rows_of

NODES_AT_ONCE = 1 << 20   # of all views: what is worked on fits in some megabytes


class LabelTrie:
    """Labels by their beginnings; a node for each beginning, parents before children."""

    def __init__(self, labels: list):
        """Build the trie of labels, each a sequence of class indices."""
        self.labels = list(map(tuple, labels))
        children, parents, characters, ends = {}, [0], [0], []   # (node, character) → node
        for label in self.labels:
            node = 0
            for character in label:
                child = children.setdefault((node, character), len(parents))
                if child == len(parents):
                    parents.append(node)
                    characters.append(character)
                node = child
            ends.append(node)
        self._parents, self._characters, self._ends = map(np.array, (parents, characters, ends))
        # From the parent's character a path may go straight on to another one, but not from the root, which
        # has none.
        self._may_skip = (self._characters != self._characters[self._parents]) & (self._parents > 0)
        self.required_frames = required_frames(rows_of(self.labels))   # of each label

    def log_probabilities(self, probabilities_tbc: np.ndarray) -> np.ndarray:
        """Return log p(label | view) of each view and label, float64 [views, labels]; -inf where the frames
        do not suffice.

        Args:
            probabilities_tbc: float32 [time, views, classes].
        """
        views_at_once = max(1, NODES_AT_ONCE // len(self._parents))
        parts = [self._of_part(probabilities_tbc[:, start:start + views_at_once])
                 for start in range(0, probabilities_tbc.shape[1], views_at_once)]
        return np.concatenate(parts)

    def _of_part(self, probabilities_tbc):
        views, nodes = probabilities_tbc.shape[1], len(self._parents)
        # in_character: the path ends in a node's character; in_blank: in the blank behind it.
        in_character, in_blank = np.zeros([nodes, views]), np.zeros([nodes, views])
        in_blank[0] = 1
        log_scale = np.zeros(views)
        may_skip = self._may_skip[:, np.newaxis]
        for frame, classes in enumerate(probabilities_tbc.transpose(0, 2, 1).astype(np.float64), start=1):
            arriving = in_blank[self._parents]
            arriving += np.where(may_skip, in_character[self._parents], 0)
            in_blank += in_character
            in_blank *= classes[-1]
            in_character += arriving
            in_character *= classes[self._characters]
            in_character[0] = 0   # the root has no character
            if frame % RESCALED_EVERY == 0:
                scale = np.maximum(in_character.max(axis=0), in_blank.max(axis=0))
                scale[scale == 0] = 1
                in_character /= scale
                in_blank /= scale
                log_scale += np.log(scale)
        with np.errstate(divide='ignore'):
            logs = np.log(in_character[self._ends] + in_blank[self._ends])
        return np.minimum(logs + log_scale, 0).T
