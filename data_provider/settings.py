"""What a conversion is told: the flags of tools/write_text_features.py and knobs of the configuration."""
from typing import NamedTuple


class TextRules(NamedTuple):
    """What becomes of texts that an alphabet cannot write as they are."""

    drop_invisible: bool = False   # drop characters that leave no ink; else the sample is rejected
    drop_foreign: bool = False     # drop marks that the alphabet lacks; else the sample is rejected
    ignored: tuple = ()            # texts whose samples are left out, such as '###'


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
    annotation_format: str | None = None   # one of annotation_form.FORMATS; None to tell it
    text_rules: TextRules = TextRules()
    follow_links: bool = False  # whether symbolic links may lead out of the data set
