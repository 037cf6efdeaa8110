"""The form of a network and its alphabet, and the text in which a checkpoint or an exported model carries them."""
import json
from typing import NamedTuple

from local_utils.char_codec import alphabet_difference
from local_utils.errors import InputError

DESCRIPTION = 'description'   # the name of the text, a variable of a checkpoint
ORIGINAL_PIXEL_RANGE = (0.0, 255.0)
ORIGINAL_INPUT_SIZE = (100, 32)
CONV1 = 'shadow/conv1/W'
PROJECTION = 'shadow/LSTMLayers/w'
CELL = 'shadow/LSTMLayers/stack_bidirectional_rnn/cell_{}/bidirectional_rnn/fw/basic_lstm_cell/kernel'


class Architecture(NamedTuple):
    """What a network is built from, apart from its weights."""

    characters: str | None            # the alphabet by class index; None where a checkpoint does not know it
    num_classes: int                  # characters and blank
    input_size: tuple[int, int] = (100, 32)          # (width, height) of the images, pixels; the height has to be 32
    hidden_units: int = 256           # LSTM units in each direction
    hidden_layers: int = 2            # bidirectional LSTM layers
    pixel_range: tuple[float, float] = (-1.0, 1.0)   # what the pixels 0 and 255 become
    conv_channels: int = 64           # of the first convolution; the others have a multiple of them


def description_of(architecture: Architecture) -> str:
    """Return the text that carries an architecture, JSON."""
    return json.dumps(architecture._asdict(), ensure_ascii=False)


def from_description(text: str | bytes, where: str) -> Architecture:
    """Return the Architecture that a text carries; raises InputError for one of a later version, `where` it stands."""
    fields = json.loads(text)
    unknown = set(fields).difference(Architecture._fields)
    if unknown:
        raise InputError(f'{where}: of a later version of this project; its description has {min(unknown)!r}')
    return Architecture(**{name: tuple(value) if isinstance(value, list) else value
                           for name, value in fields.items()})


def architecture_of(tensors: dict, prefix: str) -> Architecture:
    """Return the Architecture of the network in a checkpoint.

    A checkpoint without a description is the original's: pixels 0–255, and an alphabet that has to be known from
    elsewhere.

    Args:
        tensors: dict of variable name → array, as `checkpoint_files.load_tensors` gives them.
        prefix: the checkpoint, for the error.

    Raises:
        InputError: it is no checkpoint of a ShadowNet.
    """
    if DESCRIPTION in tensors:
        return from_description(tensors[DESCRIPTION], prefix)
    missing = [name for name in (CONV1, CELL.format(0), PROJECTION) if name not in tensors]
    if missing:
        raise InputError(f'{prefix}: no checkpoint of a ShadowNet; it has no variable {missing[0]}')
    return Architecture(
        characters=None, num_classes=tensors[PROJECTION].shape[1], input_size=ORIGINAL_INPUT_SIZE,
        hidden_units=tensors[CELL.format(0)].shape[1] // 4,
        hidden_layers=sum(CELL.format(layer) in tensors for layer in range(len(tensors))),
        pixel_range=ORIGINAL_PIXEL_RANGE, conv_channels=tensors[CONV1].shape[3])


def difference(expected: Architecture, actual: Architecture) -> str:
    """Say in one line how two architectures differ, of two alphabets in what; '' where they are the same."""
    alphabets = expected.characters, actual.characters
    parts = [] if None in alphabets else [alphabet_difference(*alphabets)]
    skipped = () if None in alphabets else ('characters',)
    parts += [f'{name}: {wanted!r} expected, {got!r} found' for name, wanted, got
              in zip(Architecture._fields, expected, actual, strict=True) if wanted != got and name not in skipped]
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
        raise InputError(f'{prefix}: weights of {old.num_classes} classes and an unknown alphabet, but the alphabet '
                         f'of the records needs {architecture.num_classes}')
