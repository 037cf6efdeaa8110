"""Rows of probabilities to decode, written by hand, and decoders of small alphabets."""
import numpy as np

from local_utils.char_codec import CharacterCodec
from reading import Expected, ReadingSettings, weighing
from reading.decoding import Decoder
from reading.weighing import ViewGroup

H, E, L, BLANK = range(4)
A, B = 0, 1


def decoder(characters='hel', expected=None, *, beam_search=False, alternatives=0, **settings):
    return Decoder(CharacterCodec(characters), ReadingSettings(**settings), expected or Expected(),
                   beam_search=beam_search, alternatives=alternatives)


def one_hot(classes, probability=0.999):
    """Return the probabilities of one image, [time, 1, classes], in whose frames a class is seen."""
    rest = (1 - probability) / BLANK
    return (np.eye(BLANK + 1, dtype=np.float32)[classes] * (probability - rest)
            + np.float32(rest))[:, np.newaxis]


def row(*frames):
    """Return the ViewGroup of one view of one image."""
    return weighing.first_views(np.array(frames, np.float32)[:, np.newaxis])


def views_of_one(*views):
    return [ViewGroup(view, *np.zeros([2, view.shape[1]], int)) for view in views]


def text_of(decoded, characters):
    return ''.join(characters[index] for index in decoded.best.label)


# Three frames of a, b, c, blank: the best path is "ab" with a at 0.6; "cb" is the other word.
DOUBTFUL = row([0.6, 0.0, 0.4, 0.0], [0.0, 0.1, 0.0, 0.9], [0.0, 0.9, 0.0, 0.1])
