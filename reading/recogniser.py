"""The front door: a trained network that reads images,
Recogniser.open('bundled').read(['word.jpg', array]).
"""
import collections
import concurrent.futures
import contextlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from data_provider import image_file
from data_provider.rejected_sample import RejectedSample
from local_utils import establish_char_dict, parallel, texts, visible
from local_utils.char_codec import CharacterCodec, alphabet_difference
from local_utils.errors import InputError
from reading import decoding, engines, views, weighing
from reading.decoding import Decoder
from reading.expected import Expected, checked_words
from reading.readings import Alternative, Character, Reading, unreadable
from reading.settings import ReadingSettings, check_settings
from reading.views import ViewedImage
from reading.weighing import ViewGroup

DECODING_THREADS = 2
DEFAULTS = ReadingSettings()

Image = str | os.PathLike | bytes | np.ndarray | Callable[[], np.ndarray]


class WithLexicon(NamedTuple):
    """An image that shows one of some words; the text is empty where none of them can be read."""

    image: Image
    lexicon: Iterable[str]


class _Loaded(NamedTuple):
    """An image that is ready to be read."""

    image: ViewedImage
    lexicon: list[str] | None


class Recogniser:
    """Reads images with one network; several threads may use one at the same time.

    An image that is read with too little confidence is read in further views, and all of them together.
    """

    def __init__(self, engine: engines.Engine, codec: CharacterCodec, settings: ReadingSettings = DEFAULTS, *,
                 expected: Expected = decoding.NOTHING_EXPECTED, beam_search: bool = False,
                 alternatives: int = 0):
        """Take an engine that is open; `open` opens one.

        Args:
            engine: engines.Engine.
            codec: of its alphabet.
            settings: ReadingSettings.
            expected: what is known of the texts.
            beam_search: search a beam instead of the best path.
            alternatives: how many other texts each Reading should have, at most.

        Raises:
            InputError: a setting has a value that it may not have, what is expected cannot be written with
                the alphabet, or `alternatives` is negative.
            Unavailable: the alphabet has letters that are written from right to left, and python-bidi is not
                installed.
        """
        check_settings(settings)
        for character in codec.characters:
            texts.in_reading_order(character)   # now, not with the first such word
        if alternatives < 0:
            raise InputError(f'alternatives: expected a whole number of at least 0, got {alternatives}')
        self.codec = codec
        self.prefix = engine.prefix
        self.input_size = engine.architecture.input_size
        self.concurrency = engine.concurrency   # so many threads that call `read` keep the machine busy
        self._engine, self._settings = engine, settings
        self._decoder = Decoder(codec, settings, expected, beam_search=beam_search, alternatives=alternatives)
        # for good: a thread leaves a kilobyte behind where it ends
        self._decoders = concurrent.futures.ThreadPoolExecutor(DECODING_THREADS, 'decoder')
        self._readers = concurrent.futures.ThreadPoolExecutor(engine.concurrency, 'reader')
        self._rounds = views.SETS[settings.views] if settings.min_confidence > 0 else views.ONE

    @classmethod
    def open(cls, weights_path: str = 'bundled', *, settings: ReadingSettings = DEFAULTS,
             alphabet_dir: str | None = None, expected: Expected = decoding.NOTHING_EXPECTED,
             beam_search: bool = False, alternatives: int = 0, num_images: int | None = None) -> 'Recogniser':
        """Open a checkpoint.

        Args:
            weights_path: see engines.open_engine.
            settings: ReadingSettings.
            alphabet_dir: the folder of the alphabet that the checkpoint has to have, see find_codec.
            expected: what is known of the texts, such as Expected(lexicon=['open', 'closed']).
            beam_search: search a beam of settings.beam_width instead of the best path.
            alternatives: how many other texts each Reading should have, at most.
            num_images: how many will be read, where that is known; few are then read sooner.

        Raises:
            MissingInput: there is no such checkpoint.
            InputError: it is damaged, or of another network or alphabet, what is expected is not of the
                alphabet, or a setting has a value that it may not have.
        """
        engine = engines.open_engine(os.fspath(weights_path), settings, num_images)
        return cls(engine, find_codec(engine.architecture, engine.prefix, alphabet_dir), settings,
                   expected=expected, beam_search=beam_search, alternatives=alternatives)

    def read(self, images: Iterable[Image | WithLexicon]) -> list[Reading]:
        """Read images; see `read_all`.

        Returns:
            list of Reading, one an image, in order.

        Raises:
            InputError: as `read_all`.
        """
        images = list(_several(images))
        if len(images) == 1:   # in this thread: it would only wait for another
            return self._read_piece([self._load(images[0])])
        return list(self.read_all(images))

    def read_all(self, images: Iterable[Image | WithLexicon]) -> Iterator[Reading]:
        """Read any number of images, a stream of them as it comes; memory is bounded.

        Args:
            images: each a path, the bytes of an image file, uint8 [height, width, 3] BGR, or a function that
                returns such an array, or raises RejectedSample; it is called in a thread. Or one of these
                WithLexicon.

        Yields:
            Reading, one an image, in order. What cannot be read has no text, but an error.

        Raises:
            InputError: there is too little memory for settings.batch_size images, or `images` is one image.
        """
        images = _several(images)
        loaded = parallel.ordered_map(self._decoders, self._load, images, 2 * self._settings.batch_size)
        together = self._settings.batch_size * self._engine.batches_together
        pieces = itertools.chain.from_iterable(map(self._in_pieces, parallel.chunked(loaded, together)))
        max_pending = self._engine.concurrency + 1
        with contextlib.closing(loaded):
            for readings in parallel.ordered_map(self._readers, self._read_piece, pieces, max_pending):
                yield from readings

    def _load(self, image):
        """Return the _Loaded of an image, or why it cannot be read, a RejectedSample."""
        image, lexicon = image if isinstance(image, WithLexicon) else (image, None)
        # kept: each round of views asks for the words, which a generator gives once
        lexicon = None if lexicon is None else checked_words(lexicon)
        try:
            return _Loaded(ViewedImage(pixels_of(image), self.input_size, self._rounds), lexicon)
        except RejectedSample as error:
            return error

    def _in_pieces(self, images):
        count = engines.num_pieces(len(images), self._engine.concurrency)
        bounds = np.linspace(0, len(images), count + 1).astype(int).tolist()
        return [images[start:end] for start, end in itertools.pairwise(bounds)]

    def _read_piece(self, piece):
        """Return the Reading of each of what `_load` returned."""
        good = [loaded for loaded in piece if isinstance(loaded, _Loaded)]
        readings = iter(self._read_images(good) if good else ())
        return [next(readings) if isinstance(loaded, _Loaded) else unreadable(loaded) for loaded in piece]

    def _read_images(self, good):
        """Return the Reading of each _Loaded: of the first view; as long as that is too doubtful of a further
        round of views and all before it together.
        """
        groups = [weighing.first_views(self._probabilities(np.stack([image.first for image, _ in good])))]
        readings = self._decoded(groups, good)
        places = range(len(good))   # of the images that the groups are of
        for number in range(len(self._rounds)):
            enough = min(self._settings.min_confidence, views.ENOUGH[number])
            doubtful = [row for row, place in enumerate(places) if readings[place].confidence < enough]
            if not doubtful:
                break
            places = [places[row] for row in doubtful]
            again = [good[place] for place in places]
            groups = [*weighing.views_of(groups, doubtful),
                      *self._further_groups(number, [image for image, _ in again])]
            for place, reading in zip(places, self._decoded(groups, again), strict=True):
                readings[place] = reading
        return readings

    def _further_groups(self, number, images):
        """Return the ViewGroups of a round of views of ViewedImages, one for each width."""
        by_width = collections.defaultdict(list)
        for row, image in enumerate(images):
            for view, pixels in image.further(number):
                by_width[pixels.shape[1]].append((pixels, row, view.quarter_turns))
        return [ViewGroup(self._probabilities(np.stack(pixels)), np.array(rows), np.array(turns))
                for pixels, rows, turns in (zip(*of_width, strict=True) for of_width in by_width.values())]

    def _probabilities(self, images):
        # of wider views fewer, so that they take no more memory
        width = max(images.shape[2], self.input_size[0])
        batch_size = max(1, self._settings.batch_size * self.input_size[0] // width)
        logits = [self._engine.logits(images[start:start + batch_size])
                  for start in range(0, len(images), batch_size)]
        return self._decoder.probabilities(logits[0] if len(logits) == 1 else np.concatenate(logits, axis=1))

    def _decoded(self, groups, good):
        """Return the Reading of each _Loaded from its views."""
        decoded = self._decoder.decode(groups, len(good), [lexicon for _, lexicon in good])
        placed = weighing.place_characters([of_image.best for of_image in decoded], groups)
        places = (placed.probabilities.tolist(), placed.first.tolist(), placed.last.tolist())
        readings = []
        for of_image, (image, _), *of_characters in zip(decoded, good, *places, strict=True):
            shown = self.codec.decode(of_image.best.label)   # in the order of the picture
            # They come by their weights, which the reader of the Reading does not see.
            others = sorted(of_image.others, key=lambda other: other.probability, reverse=True)
            readings.append(Reading(
                self.codec.text_of(of_image.best.label), of_image.best.probability,
                characters=tuple(map(Character._make, zip(shown, *of_characters, strict=False))),
                alternatives=tuple(Alternative(self.codec.text_of(other.label), other.probability)
                                   for other in others),
                relative_confidence=of_image.relative, size=image.size,
                quarter_turns=of_image.best.orientation))
        return readings


def _several(images):
    """Return images; raises InputError for one, whose characters, bytes or rows are no images."""
    kinds = str, os.PathLike, bytes, bytearray, memoryview, WithLexicon
    is_array = isinstance(images, np.ndarray) and images.ndim in (2, 3)   # of four dimensions it is a batch
    is_function = callable(images) and not hasattr(images, '__iter__')
    if is_array or is_function or isinstance(images, kinds):
        raise InputError('expected a list of images, got one; put it into a list, [image]')
    return images


def pixels_of(image):
    """Return uint8 [height, width, 3], BGR, of what `Recogniser.read_all` takes."""
    image = image.image if isinstance(image, WithLexicon) else image
    if callable(image):
        return _checked(image())
    if isinstance(image, np.ndarray):
        return _checked(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        return image_file.decode_image(bytes(image), None)
    if not isinstance(image, (str, os.PathLike)):
        raise RejectedSample(
            'not an image', f'expected a path, bytes or an array, got {type(image).__name__}')
    return image_file.read_image(os.fspath(image))


def _checked(image):
    """Return what is an array of an image; raises RejectedSample for all else."""
    if not isinstance(image, np.ndarray):
        raise RejectedSample('not an image', f'expected an array, got {type(image).__name__}')
    is_bgr = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    if not is_bgr or min(image.shape) < image_file.MIN_SIDE:
        raise RejectedSample(
            'not an image', 'expected an array uint8 [height, width, 3], each side of at least '
            f'{image_file.MIN_SIDE} pixels, got {image.dtype} {list(image.shape)}')
    return image


def find_codec(architecture, prefix: str, alphabet_dir: str | None = None) -> CharacterCodec:
    """Return the codec of a checkpoint: of the alphabet that it carries, or else of the one that lies
    nearest.

    Args:
        architecture: Architecture.
        prefix: the checkpoint.
        alphabet_dir: the folder of the alphabet that the caller means, or None.

    Raises:
        InputError: that alphabet cannot be read, or is not the checkpoint's; says how they differ.
    """
    if architecture.characters is not None:
        codec = CharacterCodec(architecture.characters)
        if alphabet_dir:
            check_alphabet(codec, establish_char_dict.read_alphabet(alphabet_dir), prefix, alphabet_dir)
        return codec
    alphabet_dir = alphabet_dir or establish_char_dict.nearest_dir(os.path.dirname(prefix) or '.')
    codec = establish_char_dict.read_alphabet(alphabet_dir)
    if codec.num_classes != architecture.num_classes:
        raise InputError(f'{prefix}: a network of {architecture.num_classes} classes, but the alphabet of '
                         f'{alphabet_dir} has {visible.counted(codec.blank, "character")}, which needs '
                         f'{codec.num_classes}; give another alphabet_dir')
    return codec


def check_alphabet(codec: CharacterCodec, other: CharacterCodec, prefix: str, where: str) -> None:
    """Raise InputError where the codec of a checkpoint is another than that of what stands in the folder
    `where`.
    """
    difference = alphabet_difference(codec.characters, other.characters)
    if difference:
        raise InputError(f'{where}: another alphabet than that of the checkpoint {prefix}: {difference}')
