"""SVT as it comes: train.xml and test.xml, whose rectangles are cut out of photographs of streets."""
import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import cv2

from data_provider import image_file
from data_provider.image_folder import ImageFolder
from data_provider.image_listing import folders_below
from data_provider.importing.found_sample import FoundSample, Source
from data_provider.rejected_sample import RejectedSample
from local_utils import opening, texts
from local_utils.errors import InputError, MissingInput

NAMES = {'train.xml': 'Train', 'test.xml': 'Test'}


def open_svt(source: str) -> Source:
    """Open a folder of SVT.

    Raises:
        MissingInput: its XML files are not there.
        InputError: one of them is no XML.
    """
    found = {NAMES[name.lower()]: os.path.join(folder, name)
             for folder, names in folders_below(source) for name in names if name.lower() in NAMES}
    if not found:
        raise MissingInput(f'{source}: expected train.xml or test.xml in it, or in a folder below')
    parts = sorted(found, reverse=True)
    count = sum(len(rectangles) for part in parts for _, rectangles in _images(found[part]))
    return Source(count, (sample for part in parts for sample in _samples(found[part], part)))


def _images(path) -> Iterator[tuple[str, list]]:
    """Yield (name of a photograph, [(text, (x, y, width, height))]) of an XML file."""
    try:
        with opening.open_file(path) as file:
            for _, element in ElementTree.iterparse(file):
                if element.tag == 'image':
                    rectangles = [(rectangle.findtext('tag') or '', [
                        _pixels(rectangle.get(name)) for name in ('x', 'y', 'width', 'height')])
                        for rectangle in element.iter('taggedRectangle')]
                    yield element.findtext('imageName') or '', rectangles
                    element.clear()
    except ElementTree.ParseError as error:
        raise InputError(f'{path}: expected XML ({error})') from error


def _pixels(text):
    """Return the whole number that a text begins with, 0 for what is no number of pixels."""
    try:
        return int(float(text))
    except (TypeError, ValueError, OverflowError):   # there is none; 'x', NaN; 1e400
        return 0


def _samples(path, part):
    with ImageFolder(os.path.dirname(path)) as images:
        for name, rectangles in _images(path):
            yield from _samples_of(images, path, name, rectangles, part)


def _samples_of(images, path, name, rectangles, part):
    """Yield a FoundSample for each rectangle of a photograph."""
    stem = os.path.splitext(os.path.basename(name))[0]
    try:
        photograph, error = images.load(name).image, None
    except RejectedSample as rejected:
        photograph, error = None, rejected
    for number, (text, (x, y, width, height)) in enumerate(rectangles, start=1):
        sample = FoundSample(path, number, texts.normalised(text.strip()), part,
                             image_name=f'{part.lower()}/{stem}_{number}', error=error, unit='rectangle')
        if error is None:
            cut = photograph[max(y, 0):max(y + height, 0), max(x, 0):max(x + width, 0)]
            sample = sample._replace(image=_as_png(cut))
            if min(cut.shape[:2]) < image_file.MIN_SIDE:
                sample = sample._replace(error=RejectedSample(
                    'image too small', f'nothing of {name} is in the rectangle'))
        yield sample


def _as_png(image):
    return lambda: cv2.imencode('.png', image)[1].tobytes()
