"""Whether a run started from other weights, which it is known by when it goes on."""
import os

from crnnmodel import checkpoint_files

FIRST_RESULT_NAME = 'first_validation.json'   # of a run from other weights: before its first step


def started_from_weights(output_dir: str) -> bool:
    """Whether the run in a folder started from other weights; one that never validates is not known by it."""
    return bool(checkpoint_files.checkpoints_in(output_dir)) and os.path.isfile(
        os.path.join(output_dir, FIRST_RESULT_NAME))
