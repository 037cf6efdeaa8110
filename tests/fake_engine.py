"""An engine that reads what a test writes into an image's pixels, for tests of what lies
around the network.
"""
import numpy as np

from crnnmodel.architecture import Architecture

ALPHABET = 'abcd'


class FakeEngine:
    """Sees in each column of four pixels the class that its first pixel has: 0 for a blank, 1 for 'a', and so
    on.

    Where the pixels are doubtful, see picture_of, it gives that class a third of its logit.
    """

    architecture = Architecture(ALPHABET, len(ALPHABET) + 1, (24, 32))
    prefix = 'a fake'
    batches_together = 1

    def __init__(self, concurrency=2, probability=0.99):
        self.concurrency = concurrency
        self.widths = []   # of the images of each call
        # of the logit of what it sees
        self._height = np.log(probability / (1 - probability) * len(ALPHABET))

    def logits(self, images):
        """Return the logits."""
        self.widths += [images.shape[2]] * len(images)
        classes = (images[:, 0, ::4, 0].T.astype(int) - 1) % (len(ALPHABET) + 1)
        heights = np.where(images[:, 0, 0, 2] > 0, self._height / 3, self._height)
        return (heights[:, np.newaxis] * np.eye(len(ALPHABET) + 1)[classes]).astype(np.float32)


def picture_of(text, frames=6, is_doubtful=False):
    """Return an image in the size of the fake's input, uint8 [32, 4 * frames, 3], which it
    reads as a text.
    """
    classes = [ALPHABET.index(character) + 1 for character in text] + [0] * (frames - len(text))
    image = np.zeros([32, 4 * frames, 3], np.uint8)
    image[:, :, 0] = np.repeat(classes, 4)
    image[:, :, 2] = is_doubtful
    return image
