"""An endless source of drawn words, each decided by its number alone."""
import collections
import concurrent.futures
import contextlib
import functools

import cv2
import numpy as np

from data_provider import image_file
from data_provider.drawing import camera, fonts, text_image, text_style, word_texts
from local_utils import parallel
from local_utils.errors import InputError

OTHER_PROBABILITY = 0.1    # of a text that is not of the list
SHORT_PROBABILITY = 0.15   # of a short word: more than half of the words on signs have three to five letters, a sixth of a list
SHORTEST_OF = 4            # so many words of the list is a short one the shortest

Sample = collections.namedtuple('Sample', [
    'label',  # class indices, list of int
    'text',   # word_texts.Text
    'image',  # uint8 [height, width, 3], BGR, of the input size
])
Drawn = collections.namedtuple('Drawn', [
    'images',  # uint8 [samples, height, width, 3], BGR, of the input size
    'labels',  # list of lists of class indices
    'names',   # list of str: what was drawn
])

RANGES_AHEAD = 2   # that wait for each process
_drawer = None     # of a process that `drawing` started


class DrawnWords:
    """Draws words of a list, and other texts, in the fonts that can draw them."""

    def __init__(self, *, words, font_paths, codec, styles, seed, input_size, max_frames, plain_samples=0):
        """Choose what is drawn.

        Args:
            words: list of str, the commonest first: the first tenth makes up a third of what is drawn.
            font_paths: list of names and paths that fonts.load_font takes.
            codec: char_codec.CharacterCodec of the alphabet.
            styles: of which each word has one, see text_style.STYLES.
            seed: decides everything.
            input_size: (width, height) of the pictures.
            max_frames: frames that the network makes of such a picture.
            plain_samples: how many of the first samples are drawn plainly, whatever the styles.

        Raises:
            InputError: none of the fonts can draw some character of the words.
        """
        self._words = words
        self._chooser = fonts.FontChooser(font_paths)
        self._chooser.check_characters(words)
        self._codec = codec
        self._styles = styles
        self._plain_samples = plain_samples
        self._seed = seed
        self._input_size = tuple(input_size)
        self._max_frames = max_frames

    def sample(self, number):
        """Draw the word of a number; the same for the same seed, whatever was drawn before.

        Returns:
            Sample.
        """
        rng = np.random.default_rng([self._seed, number])
        text = word_texts.dressed(self._choose_word(rng), rng, self._codec, self._chooser.can_draw)
        style = text_style.PLAIN if number < self._plain_samples else text_style.choose(self._styles, rng)
        content = draw_jpeg(text.drawn, self._choose_word(rng), self._chooser, rng, style)
        return Sample(self._codec.encode(text.label), text, image_file.decode_image(content, self._input_size))

    def draw(self, numbers):
        """Draw the words of some numbers; returns Drawn."""
        labels, texts, images = zip(*map(self.sample, numbers), strict=True)
        return Drawn(np.stack(images), list(labels), [text.drawn for text in texts])

    def _choose_word(self, rng):
        """Return a word of the list, the commoner and the shorter the more often, or another text."""
        if rng.random() < OTHER_PROBABILITY:
            text = word_texts.other_text(rng)
            if word_texts.is_expressible(text, self._codec, self._max_frames) and self._chooser.can_draw(text):
                return text
        tries = SHORTEST_OF if rng.random() < SHORT_PROBABILITY else 1
        return min((self._words[int(len(self._words) * chance ** 2)] for chance in rng.random(tries)), key=len)


@contextlib.contextmanager
def drawing(drawer, num_processes):
    """Yield a function that takes an iterable of ranges of numbers and yields the Drawn of each, in order.

    Args:
        drawer: DrawnWords.
        num_processes: to draw in, a range each; 0 to draw in this one.
    """
    if not num_processes:
        yield functools.partial(map, drawer.draw)
        return
    prepare = functools.partial(_set_drawer, drawer)
    with parallel.worker_processes(num_processes, prepare) as executor:
        def draw(ranges):
            try:
                yield from parallel.ordered_map(executor, _draw, ranges, RANGES_AHEAD * num_processes)
            except concurrent.futures.BrokenExecutor as error:
                raise InputError('a process that draws was killed, perhaps because memory ran out; '
                                 'TRAIN.DRAWING_PROCESSES says how many there are') from error

        yield draw


def _set_drawer(drawer):
    """Tell a process once with what it is to draw; one of many keeps to one core."""
    global _drawer
    cv2.setNumThreads(0)
    _drawer = drawer


def _draw(numbers):
    return _drawer.draw(numbers)


def draw_jpeg(text, neighbour, chooser, rng, style):
    """Draw a text in a font that can, perhaps with a part of a neighbour.

    Args:
        text, neighbour: str.
        chooser: fonts.FontChooser.
        rng: numpy.random.Generator.
        style: text_style.Style.

    Returns:
        bytes, a JPEG file.

    Raises:
        InputError: none of the fonts can draw the text.
    """
    font = chooser.choose(text, rng)
    neighbour = word_texts.in_some_case(neighbour, rng)
    neighbour = neighbour if fonts.can_draw(font, neighbour) else ''
    return camera.encode_jpeg(text_image.draw_word(text, fonts.load_font(font), rng, style, neighbour), rng, style)
