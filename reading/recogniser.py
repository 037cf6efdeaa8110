"""The front door: a trained network that reads images, `Recogniser.open('bundled').read(['word.jpg', array])`."""
import collections
import concurrent.futures
import itertools
import os
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from crnnmodel import numpy_ctc
from data_provider import image_file
from data_provider.annotation import RejectedSample
from local_utils import establish_char_dict, parallel, texts
from local_utils.char_codec import CharacterCodec, alphabet_difference
from local_utils.errors import InputError
from reading import decoding, engines, views
from reading.decoding import ViewGroup
from reading.readings import Character, Reading, unreadable
from reading.settings import ReadingSettings

DECODING_THREADS = 2
DEFAULTS = ReadingSettings()

Image = str | os.PathLike | bytes | np.ndarray | Callable[[], np.ndarray]


class Recogniser:
    """Reads images with one network; several threads may use one at the same time.

    An image that is read with too little confidence is read in further views, and all of them together.
    """

    def __init__(self, engine: engines.Engine, codec: CharacterCodec, settings: ReadingSettings = DEFAULTS, *,
                 beam_search: bool = False):
        """Take an engine that is open; `open` opens one.

        Args:
            engine: engines.Engine.
            codec: of its alphabet.
            settings: ReadingSettings.
            beam_search: search a beam instead of the best path.
        """
        self.codec = codec
        self.prefix = engine.prefix
        self.input_size = engine.architecture.input_size
        self.concurrency = engine.concurrency   # so many threads that call `read` keep the machine busy
        self._engine, self._settings = engine, settings
        self._beam_width = settings.beam_width if beam_search else None
        self._further = views.FURTHER if settings.min_confidence > 0 else ()

    @classmethod
    def open(cls, weights_path: str = 'bundled', *, settings: ReadingSettings = DEFAULTS,
             alphabet_dir: str | None = None, beam_search: bool = False,
             num_images: int | None = None) -> 'Recogniser':
        """Open a checkpoint.

        Args:
            weights_path: see engines.open_engine.
            settings: ReadingSettings.
            alphabet_dir: the folder of the alphabet that the checkpoint has to have, see find_codec.
            beam_search: search a beam of settings.beam_width instead of the best path.
            num_images: how many will be read, where that is known; few are then read sooner.

        Raises:
            MissingInput: there is no such checkpoint.
            InputError: it is damaged, or of another network or alphabet.
        """
        engine = engines.open_engine(os.fspath(weights_path), settings, num_images)
        return cls(engine, find_codec(engine.architecture, engine.prefix, alphabet_dir), settings,
                   beam_search=beam_search)

    def read(self, images: Iterable[Image]) -> list[Reading]:
        """Read images; see `read_all`.

        Returns:
            list of Reading, one an image, in order.
        """
        return list(self.read_all(images))

    def read_all(self, images: Iterable[Image]) -> Iterator[Reading]:
        """Read any number of images, a stream of them as it comes; memory is bounded.

        Args:
            images: each a path, the bytes of an image file, uint8 [height, width, 3] BGR, or a function that returns
                such an array, or raises RejectedSample; it is called in a thread.

        Yields:
            Reading, one an image, in order. What cannot be read has no text, but an error.

        Raises:
            InputError: there is too little memory for settings.batch_size images.
        """
        with (concurrent.futures.ThreadPoolExecutor(DECODING_THREADS) as decoders,
              concurrent.futures.ThreadPoolExecutor(self._engine.concurrency) as readers):
            loaded = parallel.ordered_map(decoders, self._load, images, 2 * self._settings.batch_size)
            pieces = itertools.chain.from_iterable(
                map(self._in_pieces, parallel.chunked(loaded, self._settings.batch_size)))
            for readings in parallel.ordered_map(readers, self._read_piece, pieces, self._engine.concurrency + 1):
                yield from readings

    def _load(self, image):
        """Return the ViewedImage of an image, or why it cannot be read, a RejectedSample."""
        try:
            return views.ViewedImage(_pixels_of(image), self.input_size, self._further)
        except RejectedSample as error:
            return error

    def _in_pieces(self, batch):
        count = engines.num_pieces(len(batch), self._engine.concurrency)
        bounds = np.linspace(0, len(batch), count + 1).astype(int).tolist()
        return [batch[start:end] for start, end in itertools.pairwise(bounds)]

    def _read_piece(self, piece):
        """Return the Reading of each of what `_load` returned."""
        images = [image for image in piece if isinstance(image, views.ViewedImage)]
        readings = iter(self._read_images(images) if images else ())
        return [next(readings) if isinstance(image, views.ViewedImage) else unreadable(image) for image in piece]

    def _read_images(self, images):
        first = self._probabilities(np.stack([image.first for image in images]))
        decoded = decoding.decode(first, self._beam_width)
        doubtful = np.flatnonzero(decoded.confidences < self._settings.min_confidence) if self._further else ()
        of_first = [ViewGroup(first, np.arange(len(images)))]
        readings = self._readings(decoded, of_first)
        if len(doubtful):
            groups = [ViewGroup(first[:, doubtful], np.arange(len(doubtful))),
                      *self._further_groups([images[index] for index in doubtful])]
            together = decoding.decode_together(groups, len(doubtful), self._beam_width)
            for index, reading in zip(doubtful, self._readings(together, groups), strict=True):
                readings[index] = reading
        return readings

    def _further_groups(self, images):
        """Return the ViewGroups of the further views of images."""
        by_width = collections.defaultdict(list)
        for row, image in enumerate(images):
            for view in image.further():
                by_width[view.shape[1]].append((view, row))
        return [ViewGroup(self._probabilities(np.stack(of_width)), np.array(rows))
                for of_width, rows in (zip(*pairs, strict=True) for pairs in by_width.values())]

    def _probabilities(self, images):
        return numpy_ctc.softmax(self._engine.logits(images))

    def _readings(self, decoded, groups):
        """Return the Reading of each image that was decoded."""
        placed = decoding.place_characters(decoded.labels, groups)
        readings = []
        for label, confidence, *places in zip(
                decoded.labels.tolist(), decoded.confidences.tolist(), placed.probabilities.tolist(),
                placed.first.tolist(), placed.last.tolist(), strict=True):
            shown = self.codec.decode([index for index in label if index >= 0])
            characters = tuple(map(Character._make, zip(shown, *places, strict=False)))
            readings.append(Reading(texts.in_reading_order(shown), confidence, characters))
        return readings


def _pixels_of(image):
    """Return uint8 [height, width, 3], BGR, of what `Recogniser.read_all` takes."""
    if callable(image):
        return image()
    if isinstance(image, np.ndarray):
        return _checked(image)
    if isinstance(image, (bytes, bytearray, memoryview)):
        return image_file.decode_image(bytes(image), None)
    return image_file.read_image(os.fspath(image))


def _checked(image):
    """Return an array where it is an image; raises RejectedSample where it is none."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or min(image.shape) < image_file.MIN_SIDE:
        raise RejectedSample('not an image', 'expected an array uint8 [height, width, 3], each side of at least '
                                             f'{image_file.MIN_SIDE} pixels, got {image.dtype} {list(image.shape)}')
    return image


def find_codec(architecture, prefix: str, alphabet_dir: str | None = None) -> CharacterCodec:
    """Return the codec of a checkpoint: of the alphabet that it carries, or else of the one that lies nearest.

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
                         f'{alphabet_dir} has {codec.blank} characters, which needs {codec.num_classes}; '
                         'give another --alphabet_dir')
    return codec


def check_alphabet(codec: CharacterCodec, other: CharacterCodec, prefix: str, where: str) -> None:
    """Raise InputError where the codec of a checkpoint is another than that of what stands in the folder `where`."""
    difference = alphabet_difference(codec.characters, other.characters)
    if difference:
        raise InputError(f'{where}: another alphabet than that of the checkpoint {prefix}: {difference}')
