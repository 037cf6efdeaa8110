"""A text for each image by itself: in a `.gt.txt` beside it, or in its own name."""
import itertools
import os
import re

from data_provider.image_listing import folders_below, images_below
from data_provider.image_path import IMAGE_ENDINGS
from data_provider.importing import image_folders
from data_provider.importing.found_sample import FoundSample, Source, parts_of
from data_provider.rejected_sample import RejectedSample
from local_utils import log_utils, text_file, texts
from local_utils.errors import InputError, MissingInput, WrongArgument

GT_ENDING = '.gt.txt'
PREPARED_ENDINGS = ('.bin', '.nrm', '.dew')   # before the ending of images that were made ready for reading
WHOLE_NAME = '{text}'
MAX_SHOWN = 3
_NUMBERED = re.compile(r'\d+[_-].*|.*[_-]\d+|.* ?\(\d+\)')   # names that hold more than a text


def open_gt_files(source: str) -> Source:
    """Open a folder with a `.gt.txt` beside each image, as calamari, kraken and tesstrain have them.

    Raises:
        MissingInput: there is none.
    """
    found, alone, copies = [], [], None   # files of texts with their images; images that have none
    for folder, names in folders_below(source):
        if image_folders.MARK in names:   # an import into the source, whose images are copies
            copies = os.path.join(folder, '')
        image_of = _shortest_of_stems(names)
        of_texts = [name for name in names if name.lower().endswith(GT_ENDING)]
        stems = [name[:-len(GT_ENDING)] for name in of_texts]
        found += [(folder, name, image_of.get(stem)) for name, stem in zip(of_texts, stems, strict=True)]
        if not (copies and os.path.join(folder, '').startswith(copies)):
            alone += [(folder, stem, image_of[stem]) for stem in image_of.keys() - stems]
    if not found:
        raise MissingInput(f'{source}: expected files that end in {GT_ENDING}, found none')
    parts = parts_of([folder for folder, _, _ in found], source)
    samples = itertools.chain(
        (_gt_sample(*each, part) for each, part in zip(found, parts, strict=True)),
        itertools.starmap(_sample_without_text, sorted(alone)))
    return Source(len(found) + len(alone), samples, source)


def _shortest_of_stems(names):
    """Return stem → the image of it with the shortest name, for the images among some names."""
    images = {}
    for name in names:
        stem = _stem_of_image(name)
        if stem is not None:
            images[stem] = min(images.get(stem, name), name, key=len)
    return images


def _sample_without_text(folder, stem, image):
    path = os.path.join(folder, image)
    error = RejectedSample('missing text', f'there is no file {os.path.join(folder, stem + GT_ENDING)}')
    return FoundSample(path, image_path=path, error=error)


def _gt_sample(folder, name, image, part):
    path = os.path.join(folder, name)
    try:
        lines = [content.decode('utf-8') for _, content in text_file.read_lines(path)]
    except (InputError, UnicodeDecodeError) as error:
        kind = 'not UTF-8' if isinstance(error, UnicodeDecodeError) else 'unreadable text'
        return FoundSample(path, part=part, error=RejectedSample(kind, str(error)))
    error = None
    if image is None:
        error = RejectedSample('missing image', f'there is no image {path[:-len(GT_ENDING)]}.*')
    elif len(lines) > 1:
        error = RejectedSample('several lines', f'expected one line of text, got {len(lines)}')
    image_path = os.path.join(folder, image) if image else ''
    return FoundSample(path, text=texts.normalised(' '.join(lines)), part=part, image_path=image_path,
                       error=error)


def _stem_of_image(name):
    """Return the name of an image without its endings, or None for another file."""
    stem, ending = os.path.splitext(name)
    if ending.lower() not in IMAGE_ENDINGS:
        return None
    plain, prepared = os.path.splitext(stem)
    return plain if prepared.lower() in PREPARED_ENDINGS else stem


def open_file_names(source: str, pattern: str | None = None) -> Source:
    """Open a folder of images whose texts stand in their names, as of captchas and number plates.

    Args:
        source: the folder.
        pattern: of the names without their ending, with {text} where the text stands and * for anything, such
            as '{text}_*'; None where the name is the text.

    Raises:
        MissingInput: there is no image.
        InputError: there is no pattern, and most names look as if they held more than a text.
        WrongArgument: the pattern has not one {text}.
    """
    paths, problems = images_below(source)
    if problems:
        raise MissingInput(problems[0])
    stems = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    if pattern is None and 2 * sum(bool(_NUMBERED.fullmatch(stem)) for stem in stems) > len(stems):
        raise InputError(
            f'{source}: names like {stems[0]!r} hold more than a text; --name_pattern says where '
                         "it stands, such as '{text}_*'")
    compiled = _compiled(pattern or WHOLE_NAME)
    shown = ', '.join(f'{stem!r} is {_text_of(compiled, stem)!r}' for stem in stems[:MAX_SHOWN])
    log_utils.init_logger().info('%s: %s', source, shown)
    parts = parts_of([os.path.dirname(path) for path in paths], source)
    samples = (_named_sample(path, compiled, part) for path, part in zip(paths, parts, strict=True))
    return Source(len(paths), samples, source)


def _compiled(pattern):
    """Return the regular expression of a pattern."""
    if pattern.count(WHOLE_NAME) != 1:
        raise WrongArgument(f'--name_pattern: expected {WHOLE_NAME} in it once, got {pattern!r}')
    pieces = re.split(r'(\{text\}|\*)', pattern)
    meant = {WHOLE_NAME: '(?P<text>.+?)', '*': '.*?'}
    return re.compile(''.join([meant.get(piece, re.escape(piece)) for piece in pieces]), re.DOTALL)


def _text_of(compiled, stem):
    match = compiled.fullmatch(stem)
    return match['text'] if match else None


def _named_sample(path, compiled, part):
    stem = os.path.splitext(os.path.basename(path))[0]
    text = _text_of(compiled, stem)
    error = None if text else RejectedSample('no text', f'the name {stem!r} does not fit the pattern')
    return FoundSample(path, text=texts.normalised(text or ''), part=part, image_path=path, error=error)
