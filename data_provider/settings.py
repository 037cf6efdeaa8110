"""What a conversion is told: the flags of tools/write_text_features.py and knobs of the configuration."""
from typing import NamedTuple


class ConversionSettings(NamedTuple):
    """A conversion: from where, where to, and how."""

    dataset_dir: str            # the data set
    save_dir: str               # where the records go
    input_size: tuple           # (width, height) of the images in the records
    max_frames: int             # frames that the network makes of such an image
    validation_split: float = 0.15   # fraction of Train that becomes validation, in [0, 1)
    seed: int = 0               # chooses which samples those are
    num_workers: int = 1        # processes that convert
    num_shards: int = 1         # files a split
    is_compressed: bool = False   # whether the record files are, with gzip
