"""Importing TensorFlow as the scripts want it: fast on every processor, without Keras, silently."""
import contextlib
import importlib
import os

from local_utils import log_utils

QUIET = '3'   # of TF_CPP_MIN_LOG_LEVEL; what is an error to us is raised, too, and becomes one line


def import_tensorflow() -> None:
    """Import TensorFlow, which reads these settings once, then; comes before any import that leads to it.

    Raises:
        SystemExit: Ctrl-C came meanwhile, for it takes seconds; a line says so.
    """
    os.environ.setdefault('TF_ENABLE_ONEDNN_OPTS', '1')   # by itself only where the processor has AVX512-VNNI
    os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')   # which is not there; Keras 3 takes a second to import
    level = os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', QUIET)
    is_quiet = level == QUIET   # TensorFlow itself heeds it only after the import
    try:
        with _muted_standard_error() if is_quiet else contextlib.nullcontext():
            importlib.import_module('tensorflow.compat.v1')
    except KeyboardInterrupt:
        log_utils.init_logger().error('interrupted')
        raise SystemExit(130) from None


@contextlib.contextmanager
def _muted_standard_error():
    """Drop what the process writes to standard error, also from below Python, while the block runs."""
    try:
        kept = os.dup(2)
    except OSError:   # it is closed
        yield
        return
    try:
        with open(os.devnull, 'wb') as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
