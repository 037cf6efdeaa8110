"""How well texts were read: word accuracy, 1 - N.E.D., character error rate, confusion of characters."""
import collections


def edit_distance(truth, read):
    """Return the Levenshtein distance of two sequences: insertions, deletions, substitutions count 1."""
    return _distances(truth, read)[-1][-1]


def alignment(truth, read):
    """Align two texts by a shortest edit.

    Returns:
        list of (character of `truth` or '', character of `read` or ''), in order.
    """
    distances = _distances(truth, read)
    row, column = len(truth), len(read)
    pairs = []
    while row or column:
        here = distances[row][column]
        if row and column and here == distances[row - 1][column - 1] + (truth[row - 1] != read[column - 1]):
            row, column = row - 1, column - 1
            pairs.append((truth[row], read[column]))
        elif row and here == distances[row - 1][column] + 1:
            row -= 1
            pairs.append((truth[row], ''))
        else:
            column -= 1
            pairs.append(('', read[column]))
    return pairs[::-1]


class TextMetrics:
    """Adds up how well texts were read, under one protocol."""

    def __init__(self, samples=0, correct=0, edits=0, characters=0, similarity=0.0):
        """Start from nothing, or from `totals` of others."""
        self.samples = int(samples)
        self.correct = int(correct)
        self.edits = int(edits)
        self.characters = int(characters)
        self._similarity = similarity
        self.confusion = collections.Counter()   # (true character or '', read character or '') -> count

    def add(self, truth, read):
        """Count one text."""
        pairs = list(zip(truth, read, strict=True)) if truth == read else alignment(truth, read)
        edits = sum(left != right for left, right in pairs)
        self.samples += 1
        self.correct += truth == read
        self.edits += edits
        self.characters += len(truth)
        self._similarity += 1 - edits / max(len(truth), len(read), 1)
        self.confusion.update(pairs)

    def totals(self):
        """Return what the figures are worked out from, numbers to add up, in the order of the arguments."""
        return [self.samples, self.correct, self.edits, self.characters, self._similarity]

    @property
    def word_accuracy(self):
        """Fraction of the texts that were read without a mistake; 0 where there are none."""
        return self.correct / max(self.samples, 1)

    @property
    def similarity(self):
        """1 - N.E.D. of ICDAR 2019: the mean of 1 - distance / length of the longer text; 0 without any."""
        return self._similarity / max(self.samples, 1)

    @property
    def character_error_rate(self):
        """Edits for each character of the truth; 0 where there are none."""
        return self.edits / max(self.characters, 1)

    def results(self, excluded=0):
        """Return the figures as a dict; None for a figure of no sample at all.

        Args:
            excluded: samples that the protocol could not count; the figure of that name counts them as wrong.
        """
        everything = self.samples + excluded
        return {
            'samples': self.samples,
            'excluded': excluded,
            'word_accuracy': self.word_accuracy if self.samples else None,
            'word_accuracy_with_excluded_as_wrong': self.correct / everything if everything else None,
            'one_minus_ned': self.similarity if self.samples else None,
            'character_error_rate': self.character_error_rate if self.samples else None,
        }


def _distances(truth, read):
    """Return the table of the edit distances of all prefixes, [len(truth) + 1][len(read) + 1]."""
    table = [list(range(len(read) + 1))]
    for row, left in enumerate(truth, start=1):
        above = table[-1]
        distances = [row]
        for column, right in enumerate(read, start=1):
            distances.append(min(above[column] + 1, distances[-1] + 1, above[column - 1] + (left != right)))
        table.append(distances)
    return table
