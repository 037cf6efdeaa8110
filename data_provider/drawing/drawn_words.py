"""An endless source of drawn words, each decided by its number alone."""
import collections
import concurrent.futures
import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np

from data_provider import augmentation, image_file
from data_provider.drawing import camera, fonts, text_image, text_source, text_style, word_texts
from local_utils import parallel, texts
from local_utils.errors import Unavailable

SCRIPT_CAPITALS = 0.2   # of the texts in capitals that stay so in a script; its capitals are no neighbours

Sample = collections.namedtuple('Sample', [
    'label',  # class indices, in the order of the picture, list of int
    'text',   # word_texts.Text
    'image',  # uint8 [height, width, 3], BGR, of the input size
])
Picture = collections.namedtuple('Picture', [
    'text',  # word_texts.Text
    'jpeg',  # bytes of a JPEG file
])
Drawn = collections.namedtuple('Drawn', [
    'images',  # uint8 [samples, height, width, 3], BGR, of the input size
    'labels',  # list of lists of class indices
    'names',   # list of str: what was drawn
])

RANGES_AHEAD = 2   # that wait for each process
_drawer = None     # of a process that `drawing` started


class DrawnWords:
    """Draws words of a list, and other texts, in the fonts that can draw them.

    What trains, what is written to files and what a preview shows all comes from here.
    """

    def __init__(self, *, words, font_paths, codec, styles, seed, input_size, max_frames, plain_samples=0,
                 with_others=True, in_turn=False, part=None, rand_augment=0):
        """Choose what is drawn.

        Args:
            words: list of str, the commonest first: the first tenth makes up nearly half of what is drawn.
            font_paths: list of names and paths that fonts.load_font takes.
            codec: char_codec.CharacterCodec of the alphabet.
            styles: of which each word has one, see text_style.STYLES.
            seed: decides everything.
            input_size: (width, height) of the samples.
            max_frames: frames that the network makes of such a picture.
            plain_samples: how many of the first samples are drawn plainly, whatever the styles.
            with_others, in_turn, part: of the texts, see text_source.TextSource.
            rand_augment: operations on each sample that is not drawn plainly, see augmentation.rand_augment.

        Raises:
            InputError: none of the fonts can draw some character of the words.
        """
        self._chooser = fonts.FontChooser(font_paths)
        self._chooser.check_characters(words)
        self._source = text_source.TextSource(
            words, codec=codec, max_frames=max_frames, can_draw=self._chooser.can_draw,
            with_others=with_others, in_turn=in_turn, part=part)
        self._codec = codec
        self._styles = styles
        self._plain_samples = plain_samples
        self._rand_augment = rand_augment
        self._seed = seed
        self._max_frames = max_frames
        self._input_size = tuple(input_size)

    def picture(self, number: int) -> Picture:
        """Draw the word of a number; the same for the same seed, whatever was drawn before.

        Returns:
            Picture.

        Raises:
            InputError: none of the fonts can draw the text, or there is no text of the part.
        """
        rng = np.random.default_rng([self._seed, number])
        text = self._source.text(number, rng)
        neighbour = self._source.neighbour(rng)
        style = text_style.PLAIN if number < self._plain_samples else text_style.choose(self._styles, rng)
        font = self._chooser.choose(text.drawn, rng)
        parallel.note(font)
        text = self._as_drawn_in(font, text.drawn, rng)
        neighbour = neighbour if fonts.can_draw(font, neighbour) else ''
        style = text_style.for_kind(style, fonts.kind_of(font))
        shown, beside = texts.in_picture_order(text.drawn), texts.in_picture_order(neighbour)
        image = text_image.draw_word(shown, fonts.load_font(font), rng, style, beside)
        return Picture(text, camera.encode_jpeg(image, rng, style))

    def sample(self, number: int) -> Sample:
        """Return the picture of a number as the network takes it, a Sample; raises what `picture` raises."""
        text, jpeg = self.picture(number)
        image = image_file.decode_image(jpeg, self._input_size)
        if number >= self._plain_samples:
            rng = np.random.default_rng([self._seed, number, 1])
            image = augmentation.rand_augment(image, rng, self._rand_augment)
        return Sample(self._codec.encode(texts.in_picture_order(text.label)), text, image)

    def draw(self, numbers: Iterable[int]) -> Drawn:
        """Draw the words of some numbers; returns Drawn."""
        labels, drawn, images = zip(*map(self.sample, numbers), strict=True)
        return Drawn(np.stack(images), list(labels), [text.drawn for text in drawn])

    def _as_drawn_in(self, font, drawn, rng):
        """Return a text, as Text, as it looks in a font: in capitals in one that has no others."""
        in_script = fonts.kind_of(font) == 'script'
        if in_script and len(drawn) > 2 and drawn.isupper() and rng.random() > SCRIPT_CAPITALS:
            drawn = drawn[0] + drawn[1:].lower()
        shown = {'upper': drawn.upper(), 'lower': drawn.lower(), None: drawn}[fonts.only_case(font)]
        if len(shown) != len(drawn) or not word_texts.is_expressible(shown, self._codec, self._max_frames):
            shown = drawn
        return word_texts.Text(drawn, word_texts.label_of(shown, self._codec))


@contextlib.contextmanager
def drawing(drawer: DrawnWords, num_processes: int) -> Iterator[Callable]:
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
                raise Unavailable(f'{executor.how_one_died()}; TRAIN.DRAWING_PROCESSES says how many of '
                                  'those that draw there are') from error

        yield draw


def _set_drawer(drawer):
    """Tell a process once with what it is to draw; one of many keeps to one core."""
    global _drawer
    cv2.setNumThreads(0)
    _drawer = drawer


def _draw(numbers):
    return _drawer.draw(numbers)
