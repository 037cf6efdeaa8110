"""What a training run is told: the knobs of TRAIN.* in config.py, where each one's meaning stands."""
from typing import NamedTuple


class TrainingSettings(NamedTuple):
    """The knobs of a training; `tools/settings.py` makes them from the configuration."""

    seed: int
    steps: int
    batch_size: int
    shuffle_buffer: int
    augment: bool
    rand_augment: int
    drawn_fraction: float
    drawn_style: str
    drawn_plain_steps: int
    drawn_repeats: int
    drawing_processes: int
    precision: str
    dropout: float
    fixed_convolutions: bool
    optimizer: str
    momentum: float
    weight_decay: float
    learning_rate: float
    warmup_steps: int
    warmup_fraction: float
    lr_schedule: str
    lr_decay_steps: int
    lr_decay_rate: float
    gradient_clip_norm: float
    average_decay: float
    max_bad_steps: int
    display_step: int
    validation_step: int
    max_validation: int
    val_batch_size: int
    checkpoint_step: int
    keep_checkpoints: int
    cpu_replicas: int
    cluster_wait: int
    cluster_silence: int
    gpu_memory_fraction: float
    tf_allow_growth: bool
