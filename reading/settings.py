"""What reading is told: the knobs of TEST.* in config.py, where each one's meaning stands."""
from typing import NamedTuple


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
