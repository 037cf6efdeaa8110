"""The form of a network and its alphabet, and the text in which a checkpoint or a model carries them."""
import json
from typing import NamedTuple

import numpy as np

from crnnmodel import geometry
from local_utils.char_codec import CharacterCodec, alphabet_difference
from local_utils.errors import InputError

DESCRIPTION = 'description'   # the name of the text, a variable of a checkpoint
ORIGINAL_PIXEL_RANGE = (0.0, 255.0)
ORIGINAL_INPUT_SIZE = (100, 32)
GLOBAL_STEP = 'global_step'
CONV1 = 'shadow/conv1/W'
PROJECTION = 'shadow/LSTMLayers/w'
CELL = 'shadow/LSTMLayers/stack_bidirectional_rnn/cell_{}/bidirectional_rnn/{}/basic_lstm_cell/{}'
FIRST_CELL = CELL.format(0, 'fw', 'kernel')
GATES = 4                    # of an LSTM, in the order i, j, f, o
FORGET_BIAS = 1.0            # which is no part of its bias
BATCH_NORM_EPSILON = 0.001
MAX_WIDTH = 4096             # of an image, pixels
MAX_OF = {'hidden_units': 8192, 'hidden_layers': 64, 'conv_channels': 2048}
MAX_PIXEL = 1e6
MAX_STEP = (1 << 31) - 1
MAX_CLASSES = 1 << 21        # more than there are characters


class Architecture(NamedTuple):
    """What a network is built from, apart from its weights."""

    characters: str | None   # the alphabet by class index; None where a checkpoint does not know it
    num_classes: int         # characters and blank
    input_size: tuple[int, int] = (100, 32)          # (width, height) of the images, pixels; the height is 32
    hidden_units: int = 256                          # LSTM units in each direction
    hidden_layers: int = 2                           # bidirectional LSTM layers
    pixel_range: tuple[float, float] = (-1.0, 1.0)   # what the pixels 0 and 255 become
    conv_channels: int = 64                          # of the first convolution; the others have a multiple


def description_of(architecture: Architecture) -> str:
    """Return the text that carries an architecture, JSON."""
    return json.dumps(architecture._asdict(), ensure_ascii=False)


def from_description(text: str | bytes, where: str) -> Architecture:
    """Return the Architecture that a text carries, each field of it checked.

    Args:
        text: what `description_of` gives, or bytes of it.
        where: it stands, for the error.

    Raises:
        InputError: it is no such text, or one of a later version.
    """
    try:
        fields = json.loads(text if isinstance(text, str) else bytes(text).decode())
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f'{where}: its description is no JSON text') from error
    if not isinstance(fields, dict):
        raise InputError(f'{where}: its description is no JSON object')
    unknown = set(fields).difference(Architecture._fields)
    if unknown:
        raise InputError(f'{where}: of a later version of this project; its description has {min(unknown)!r}')
    missing = set(Architecture._fields).difference(fields, Architecture._field_defaults)
    if missing:
        raise InputError(f'{where}: its description lacks {min(missing)!r}')
    architecture = Architecture(**{name: tuple(value) if isinstance(value, list) else value
                                   for name, value in fields.items()})
    check_architecture(architecture, where)
    return architecture


def check_architecture(architecture: Architecture, where: str) -> None:
    """Raise InputError where a field of an architecture is of another type or range than it may be.

    Args:
        architecture: with whatever values.
        where: it stands, for the error.
    """
    form = architecture
    problems = [f'{name} is {getattr(form, name)!r:.40}, expected a whole number from 1 to {largest}'
                for name, largest in MAX_OF.items() if not _is_whole(getattr(form, name), 1, largest)]
    if not _is_whole(form.num_classes, 2, MAX_CLASSES):
        problems.append(f'num_classes is {form.num_classes!r:.40}, '
                        'expected at least one character and the blank')
    if not _is_pair(form.input_size, lambda size: _is_whole(size, 1, MAX_WIDTH)):
        problems.append(f'input_size is {form.input_size!r:.40}, '
                        f'expected a width and a height up to {MAX_WIDTH}')
    if not _is_pair(form.pixel_range, _is_pixel) or form.pixel_range[0] == form.pixel_range[1]:
        problems.append(f'pixel_range is {form.pixel_range!r:.40}, expected two numbers')
    if problems:
        raise InputError(f'{where}: {problems[0]}')
    try:
        geometry.time_steps(form.input_size)
        if form.characters is not None:
            _check_characters(form)
    except InputError as error:
        raise InputError(f'{where}: {error}') from error


def _check_characters(form):
    if not isinstance(form.characters, str) or any('\ud800' <= each <= '\udfff' for each in form.characters):
        raise InputError(f'characters is {form.characters!r:.40}, expected a text')
    codec = CharacterCodec(form.characters)
    if codec.num_classes != form.num_classes:
        raise InputError(f'num_classes is {form.num_classes}, but {codec.blank} characters and the blank are '
                         f'{codec.num_classes}')


def _is_whole(value, smallest, largest):
    return isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= largest


def _is_pixel(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_PIXEL


def _is_pair(value, is_right):
    return isinstance(value, tuple) and len(value) == 2 and all(map(is_right, value))


def architecture_of(tensors: dict, prefix: str) -> Architecture:
    """Return the Architecture of the network in a checkpoint, after checking what the tensors hold.

    A checkpoint without a description is the original's: pixels 0–255, and an alphabet that has to be known
    from elsewhere.

    Args:
        tensors: dict of variable name → array, as `checkpoint_files.load_tensors` gives them.
        prefix: the checkpoint, for the error.

    Raises:
        InputError: it is no checkpoint of a ShadowNet, or one with values that none has.
    """
    if DESCRIPTION in tensors:
        if not isinstance(tensors[DESCRIPTION], str | bytes):
            raise InputError(f'{prefix}: its description is no single text')
        architecture = from_description(tensors[DESCRIPTION], prefix)
    else:
        architecture = _original_architecture(tensors, prefix)
    check_tensors(tensors, architecture, prefix)
    return architecture


def _original_architecture(tensors, prefix):
    dimensions = {CONV1: 4, FIRST_CELL: 2, PROJECTION: 2}
    missing = [name for name in dimensions if name not in tensors]
    if missing:
        raise InputError(f'{prefix}: no checkpoint of a ShadowNet; it has no variable {missing[0]}')
    wrong = [name for name, count in dimensions.items() if np.ndim(tensors[name]) != count]
    if wrong:
        shape = np.shape(tensors[wrong[0]])
        raise InputError(f'{prefix}: no checkpoint of a ShadowNet; {wrong[0]} has the shape {shape}')
    architecture = Architecture(
        characters=None, num_classes=tensors[PROJECTION].shape[1], input_size=ORIGINAL_INPUT_SIZE,
        hidden_units=tensors[FIRST_CELL].shape[1] // GATES,
        hidden_layers=sum(CELL.format(layer, 'fw', 'kernel') in tensors for layer in range(len(tensors))),
        pixel_range=ORIGINAL_PIXEL_RANGE, conv_channels=tensors[CONV1].shape[3])
    check_architecture(architecture, prefix)
    return architecture


def variable_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the shape of each variable of a network, by its name."""
    channels, units = architecture.conv_channels, architecture.hidden_units
    shapes, inputs = {}, 3
    convolutions = [(3, 1), (3, 2), (3, 4), (3, 4), (3, 8), (3, 8), (2, 8)]
    for number, (kernel_size, multiple) in enumerate(convolutions, start=1):
        shapes[f'shadow/conv{number}/W'] = kernel_size, kernel_size, inputs, multiple * channels
        inputs = multiple * channels
    for norm in ('shadow/BatchNorm', 'shadow/BatchNorm_1'):
        for name in ('beta', 'gamma', 'moving_mean', 'moving_variance'):
            shapes[f'{norm}/{name}'] = 8 * channels,
    for layer in range(architecture.hidden_layers):
        for direction in ('fw', 'bw'):
            shapes[CELL.format(layer, direction, 'kernel')] = inputs + units, GATES * units
            shapes[CELL.format(layer, direction, 'bias')] = GATES * units,
        inputs = 2 * units
    shapes[PROJECTION] = 2 * units, architecture.num_classes
    return shapes


def check_tensors(tensors: dict, architecture: Architecture, where: str) -> None:
    """Raise InputError where the tensors of a checkpoint are not a network's, or hold what no network has.

    Args:
        tensors: dict of variable name → array, those of an optimizer, too.
        architecture: of the network.
        where: they stand, for the error.
    """
    for name, shape in variable_shapes(architecture).items():
        if name not in tensors:
            raise InputError(f'{where}: of another network; it has no variable {name}')
        if np.shape(tensors[name]) != shape:
            raise InputError(f'{where}: of another network; {name} has the shape {np.shape(tensors[name])}, '
                             f'expected {shape}')
        if tensors[name].dtype != np.float32:
            raise InputError(f'{where}: {name} is of {tensors[name].dtype}, expected float32')
    for name, value in tensors.items():
        value = np.asarray(value)
        if value.dtype.kind != 'f':
            continue
        if not np.isfinite(value).all():
            raise InputError(
                f'{where}: {name} has values that are no finite numbers; its training has failed')
        if name.endswith('/moving_variance') and value.min(initial=0) < 0:
            raise InputError(f'{where}: {name} has values below 0')
    step = np.asarray(tensors.get(GLOBAL_STEP, 0))
    if step.ndim or step.dtype.kind not in 'iu' or not 0 <= step <= MAX_STEP:
        raise InputError(f'{where}: {GLOBAL_STEP} is no number of steps')


def difference(expected: Architecture, actual: Architecture) -> str:
    """Say in one line how two architectures differ, of two alphabets in what; '' where they are the same."""
    alphabets = expected.characters, actual.characters
    parts = [] if None in alphabets else [alphabet_difference(*alphabets)]
    skipped = () if None in alphabets else ('characters',)
    parts += [f'{name}: {wanted!r} expected, {got!r} found'
              for name, wanted, got in zip(Architecture._fields, expected, actual, strict=True)
              if wanted != got and name not in skipped]
    return '; '.join(filter(None, parts))


def check_can_start_from(architecture: Architecture, old: Architecture, prefix: str) -> None:
    """Raise InputError where a network cannot start from the weights of a checkpoint.

    The alphabet and the width may be others.

    Args:
        architecture: of the network.
        old: of the checkpoint.
        prefix: the checkpoint, for the error.
    """
    may_differ = {'characters': None, 'num_classes': None, 'input_size': None}
    how = difference(architecture._replace(**may_differ), old._replace(**may_differ))
    if how:
        raise InputError(f'{prefix}: weights of another network ({how}); set ARCH.* to what they are of')
    if old.characters is None and old.num_classes != architecture.num_classes:
        raise InputError(f'{prefix}: weights of {old.num_classes} classes and an unknown alphabet, '
                         f'but the alphabet of the records needs {architecture.num_classes}')
