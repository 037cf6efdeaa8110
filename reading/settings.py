"""What reading is told: the knobs of TEST.* in config.py, where each one's meaning stands."""
import numbers
from typing import NamedTuple

from local_utils.errors import InputError


class ReadingSettings(NamedTuple):
    """The knobs of reading; the defaults are those of the configuration, which a test compares."""

    batch_size: int = 128
    engine: str = 'auto'
    precision: str = 'auto'
    beam_width: int = 100
    views: str = 'few'
    min_confidence: float = 0.7
    word_weight: float = 2.0
    gpu_memory_fraction: float = 0.8
    tf_allow_growth: bool = True


# of the numbers the smallest and the largest, those of the configuration, which a test compares
BOUNDS = {'batch_size': (1, 65536), 'beam_width': (1, 10000), 'min_confidence': (0.0, 1.0),
          'word_weight': (0.0, 20.0), 'gpu_memory_fraction': (0.01, 1.0)}
# of the texts, likewise
CHOICES = {'engine': ('auto', 'onnx', 'tensorflow'), 'precision': ('auto', 'float32', 'bfloat16', 'int8'),
           'views': ('one', 'few', 'many')}


def check_settings(settings: ReadingSettings) -> None:
    """Raise InputError for the first field that has a value that it may not have."""
    for name, value in settings._asdict().items():
        expected = _expected_instead_of(value, name)
        if expected:
            shown = ' '.join(repr(value)[:80].split())
            raise InputError(f'ReadingSettings.{name}: expected {expected}, got {shown}')


def _expected_instead_of(value, name):
    """Return what a field should have been, or None where its value is good."""
    if name in CHOICES:
        is_good = isinstance(value, str) and value in CHOICES[name]
        return None if is_good else f'one of {", ".join(CHOICES[name])}'
    if name not in BOUNDS:
        return None if isinstance(value, bool) else 'True or False'
    smallest, largest = BOUNDS[name]
    is_whole = isinstance(smallest, int)
    is_number = isinstance(value, numbers.Integral if is_whole else numbers.Real)
    if is_number and not isinstance(value, bool) and smallest <= value <= largest:
        return None
    return f'a {"whole number" if is_whole else "number"} from {smallest} to {largest}'
