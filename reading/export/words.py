"""The words on which an export is compared with its checkpoint: drawn ones, or a folder of the user's."""
import os
from typing import NamedTuple

import cv2
import numpy as np

from data_provider import image_file
from data_provider.drawing import drawn_words, fonts, text_style, word_texts
from data_provider.rejected_sample import RejectedSample
from local_utils import establish_char_dict, files, log_utils, visible
from local_utils.errors import InputError
from reading.recogniser import pixels_of
from reading.samples import AnnotatedImages, find_images

SEED = 20_250_000        # no training's
DRAWN_SIZE = (400, 128)   # pixels, which are then made smaller and larger
HEIGHTS = (12, 128)       # of the files' images, pixels
JPEG_QUALITY = 92
MAX_WIDTH, MAX_HEIGHT = 1024, 256   # of the user's images, pixels; a larger one is made smaller


class Word(NamedTuple):
    """An image of a word, and what is written there."""

    content: bytes     # of a PNG or JPEG file
    text: str | None   # None where that is not known


def draw(count: int) -> list[Word]:
    """Draw words in OpenCV's own fonts, the same on each machine; of many sizes, every second a JPEG file."""
    rng = np.random.default_rng(SEED)
    drawer = drawn_words.DrawnWords(
        words=word_texts.read_words(files.repository_path('data', 'words.txt')),
        font_paths=list(fonts.BUILT_IN_FONTS),
        codec=establish_char_dict.read_alphabet(files.repository_path('data')),
        styles=text_style.STYLES['rich'], seed=SEED, input_size=DRAWN_SIZE, max_frames=25)
    words = []
    for number in range(count):
        sample = drawer.sample(number)
        height = int(rng.integers(*HEIGHTS, endpoint=True))
        width = max(image_file.MIN_SIDE, int(height * rng.uniform(1, 6)))
        image = cv2.resize(sample.image, (width, height), interpolation=cv2.INTER_AREA)
        words.append(_word(image, sample.text.label, number))
    return words


def of_folder(image_dir: str, annotation_path: str | None, limit: int, *,
              follow_links: bool = False) -> list[Word]:
    """Read the images of a folder.

    Args:
        image_dir: the folder.
        annotation_path: what is written in them, see samples.AnnotatedImages; None where that is not known.
        limit: no more than so many, evenly from all.
        follow_links: whether symbolic links may lead out of the folder, with an annotation file.

    Raises:
        MissingInput: the folder or the file is missing.
        InputError: no image can be read.
    """
    samples = (_annotated(image_dir, annotation_path, follow_links) if annotation_path
               else _unlabelled(image_dir))
    indices = np.unique(np.linspace(0, len(samples) - 1, limit).astype(int)).tolist() if samples else []
    words = []
    for name, image, text in (samples[index] for index in indices):
        try:
            image = pixels_of(image)
        except RejectedSample as error:
            log_utils.init_logger().warning('%s; left out', visible.located(name, str(error)))
            continue
        height, width = image.shape[:2]
        factor = min(1, MAX_WIDTH / width, MAX_HEIGHT / height)
        if factor < 1:
            image = image_file.resize(image, (max(2, round(factor * width)), max(2, round(factor * height))))
        words.append(_word(image, text, len(words)))
    if not words:
        raise InputError(f'{annotation_path or image_dir}: no image that can be read')
    return words


def _annotated(image_dir, annotation_path, follow_links):
    """Return a list of (name, image, text)."""
    samples = AnnotatedImages(image_dir, annotation_path, follow_links=follow_links)
    return [(os.path.join(image_dir, sample.path) if sample.path else sample.name, sample.image, sample.text)
            for sample in samples]


def _unlabelled(image_dir):
    """Return the same without texts."""
    paths, problems = find_images([image_dir])
    if problems and not paths:
        raise InputError(problems[0])
    return [(path, path, None) for path in paths]


def _word(image, text, number):
    """Return the Word of an image as the file of a number, a JPEG or a PNG file in turn."""
    form, options = ('.jpg', [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]) if number % 2 else ('.png', [])
    return Word(cv2.imencode(form, image, options)[1].tobytes(), text)
