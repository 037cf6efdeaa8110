"""What every script with a session needs: its configuration, what the device can do, errors of one line."""
import contextlib
import os
import re
import warnings
from collections.abc import Iterator

import tensorflow.compat.v1 as tf

from local_utils import log_utils
from local_utils.errors import Unavailable

FAST_BFLOAT16_CAPABILITY = (8, 0)   # CUDA compute capability of the first GPUs with it (Ampere)
NVIDIA_DEVICE = '/dev/nvidia0'      # on Linux, where there is a driver


def silence_deprecations() -> None:
    """Keep TensorFlow's advice to move to its second interface out of the log.

    This project is written for the first.
    """
    tf.logging.set_verbosity(tf.logging.ERROR)
    warnings.filterwarnings('ignore', 'To make it possible to preserve tf.data options')


def session_config(*, gpu_memory_fraction: float, allow_growth: bool) -> tf.ConfigProto:
    """Return the ConfigProto of a session."""
    config = tf.ConfigProto(allow_soft_placement=True)
    config.gpu_options.per_process_gpu_memory_fraction = gpu_memory_fraction
    config.gpu_options.allow_growth = allow_growth
    return config


def has_gpu() -> bool:
    """Whether TensorFlow can use a GPU of this machine."""
    return bool(tf.config.list_physical_devices('GPU'))


def has_fast_bfloat16() -> bool:
    """Whether the device that will compute is fast at bfloat16."""
    gpus = tf.config.list_physical_devices('GPU')
    if gpus:
        details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
        capabilities = [detail.get('compute_capability', (0, 0)) for detail in details]
        return all(capability >= FAST_BFLOAT16_CAPABILITY for capability in capabilities)
    return processor_has_fast_bfloat16(_cpuinfo())


def has_fast_int8() -> bool:
    """Whether the device that will compute has convolutions in integers of 8 bits, and is fast at them."""
    is_switched_off = os.environ.get('TF_ENABLE_ONEDNN_OPTS', '').lower() in ('0', 'false')
    return not has_gpu() and not is_switched_off and processor_has_fast_int8(_cpuinfo())


def _cpuinfo():
    try:
        with open('/proc/cpuinfo', encoding='ascii', errors='replace') as file:
            return file.read()
    except OSError:   # not Linux: nothing tells, so the safe way
        return ''


def processor_has_fast_bfloat16(cpuinfo: str) -> bool:
    """Whether a processor, described as in /proc/cpuinfo, computes in bfloat16 faster than in float32.

    AVX512-BF16 alone makes it so on AMD's (1.7 times as fast in a training step on Zen 4). On Intel's it
    does not (half as fast in convolutions): they have AMX for it, unless a virtual machine hides it.
    """
    flags = _flags(cpuinfo)
    return 'amx_bf16' in flags or ('avx512_bf16' in flags and 'AuthenticAMD' in cpuinfo)


def processor_has_fast_int8(cpuinfo: str) -> bool:
    """Whether a processor, described as in /proc/cpuinfo, multiplies integers of 8 bits faster than floats.

    Those with AVX2 alone have no such convolutions, those with AVX512 alone are slower at them.
    """
    return not {'amx_int8', 'avx512_vnni'}.isdisjoint(_flags(cpuinfo))


def _flags(cpuinfo):
    flags = re.search(r'^flags\s*:(.*)$', cpuinfo, re.MULTILINE)
    return flags[1].split() if flags else []


def computing_device() -> str:
    """Return the name of the device that will compute, for a line of the log."""
    gpus = tf.config.list_physical_devices('GPU')
    if gpus:
        return tf.config.experimental.get_device_details(gpus[0]).get('device_name', gpus[0].name)
    if os.path.exists(NVIDIA_DEVICE):
        log_utils.init_logger().warning(
            'this machine has an NVIDIA GPU, but TensorFlow cannot use it: its CUDA libraries, or a driver '
            'that is new enough, are missing (TF_CPP_MIN_LOG_LEVEL=0 shows what it says)')
    return 'the processor'


def replica_devices(num_gpus: int, cpu_replicas: int) -> list[str]:
    """Return the names of this machine's devices that each hold a replica; none for the processor alone.

    Args:
        num_gpus: GPUs to use, as far as there are so many; at least one of them is.
        cpu_replicas: where there is no GPU, replicas on the processor; to be set before anything else is
            asked of TensorFlow.
    """
    gpus = tf.config.list_physical_devices('GPU')
    if num_gpus > len(gpus):
        log_utils.init_logger().warning('--num_gpus=%d, but this machine has %d', num_gpus, len(gpus))
    if gpus:
        return [f'/gpu:{number}' for number in range(min(max(num_gpus, 1), len(gpus)))]
    if cpu_replicas == 1:
        return []
    processor, = tf.config.list_physical_devices('CPU')
    tf.config.set_logical_device_configuration(
        processor, [tf.config.LogicalDeviceConfiguration()] * cpu_replicas)
    return [f'/cpu:{number}' for number in range(cpu_replicas)]


@contextlib.contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Turn an error of TensorFlow's in the block into an Unavailable of one line that starts with `what`."""
    try:
        yield
    except tf.errors.OpError as error:
        raise Unavailable(f'{what}: {first_line(error)}') from error


def first_line(error: Exception) -> str:
    """Return the line of an error of TensorFlow's, or of another, that says what happened."""
    lines = [line.strip() for line in str(getattr(error, 'message', error)).splitlines()]
    noise = ('Graph execution error', 'Detected at node', 'File ', 'Node: ', 'From /job:')
    return next((line for line in lines if line and not line.startswith(noise)), type(error).__name__)
