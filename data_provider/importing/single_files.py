"""A text for each image by itself: in a `.gt.txt` beside it, or in its own name."""
import os
import re

from data_provider.image_listing import folders_below, images_below
from data_provider.image_path import IMAGE_ENDINGS
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
    found = [(folder, name, names) for folder, names in folders_below(source) for name in names
             if name.lower().endswith(GT_ENDING)]
    if not found:
        raise MissingInput(f'{source}: expected files that end in {GT_ENDING}, found none')
    parts = parts_of([folder for folder, _, _ in found], source)
    samples = (_gt_sample(*each, part) for each, part in zip(found, parts, strict=True))
    return Source(len(found), samples, source)


def _gt_sample(folder, name, names, part):
    path = os.path.join(folder, name)
    stem = name[:-len(GT_ENDING)]
    images = [other for other in names if _stem_of_image(other) == stem]
    try:
        lines = [content.decode('utf-8') for _, content in text_file.read_lines(path)]
    except (InputError, UnicodeDecodeError) as error:
        kind = 'not UTF-8' if isinstance(error, UnicodeDecodeError) else 'unreadable text'
        return FoundSample(path, part=part, error=RejectedSample(kind, str(error)))
    error = None
    if not images:
        error = RejectedSample('missing image', f'there is no image {os.path.join(folder, stem)}.*')
    elif len(lines) > 1:
        error = RejectedSample('several lines', f'expected one line of text, got {len(lines)}')
    image_path = os.path.join(folder, min(images, key=len)) if images else ''
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
