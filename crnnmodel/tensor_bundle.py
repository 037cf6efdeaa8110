"""The tensors of a checkpoint, read into memory."""
import tensorflow.compat.v1 as tf

from local_utils.errors import InputError


class DamagedCheckpoint(InputError):
    """A checkpoint that cannot be read."""


def load_tensors(prefix: str, with_optimizer: bool = False) -> dict:
    """Read a checkpoint into memory, every checksum of it checked.

    Args:
        prefix: its path without the ending of a file.
        with_optimizer: read the optimizer's variables, too.

    Returns:
        dict of variable name → array.

    Raises:
        DamagedCheckpoint: a file of it is missing, cut off or damaged.
    """
    try:
        reader = tf.train.load_checkpoint(prefix)
        names = [name for name in reader.get_variable_to_shape_map()
                 if with_optimizer or not name.startswith('optimizer/')]
        return {name: reader.get_tensor(name) for name in names}
    except (tf.errors.OpError, RuntimeError, ValueError, TypeError, LookupError, MemoryError) as error:   # damage raises each
        what = next(iter(str(error).splitlines()), type(error).__name__)
        raise DamagedCheckpoint(f'{prefix}: the checkpoint is cut off or damaged ({what})') from error
