"""Which kernels compute the network: the one place that asks what machine it is on.

A network takes a `Kernels` and asks nothing itself, so that one built for export is the same on every
machine.
"""
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from local_utils import session_utils
from local_utils.errors import InputError

INT8 = 'int8'
LEARNING_PRECISIONS = ('auto', 'float32', 'bfloat16')
PRECISIONS = (*LEARNING_PRECISIONS, INT8)
LOOPED, UNROLLED, FUSED = 'looped', 'unrolled', 'fused'


class Kernels(NamedTuple):
    """How a network's products are computed; without arguments in the plain way that every machine knows."""

    dtype: tf.DType = tf.float32   # of the large products; variables and logits are float32
    lstm: str = LOOPED             # LOOPED: small graph; UNROLLED: faster training; FUSED: one operation, GPU
    winograd: bool = False         # wide 3 x 3 convolutions with fewer products, see winograd.py
    int8: bool = False             # the first convolutions in integers, see int8.py; of constants alone


PLAIN = Kernels()


def choose_kernels(precision: str = 'auto', *, learns: bool = True) -> Kernels:
    """Return the fastest Kernels of this machine.

    Args:
        precision: one of PRECISIONS, or of LEARNING_PRECISIONS; 'auto' is bfloat16 where the GPU, or else the
            processor, is fast at it, and in a network that does not learn INT8 where the processor is fast at
            that. INT8 leaves all but the first convolutions as 'auto' has them otherwise.
        learns: whether the network is trained. On a processor the LSTM has operations of its own for each
            time step then, and in bfloat16 the convolutions are the library's: Winograd's round ten times as
            coarsely there, and it was not shown that a network learns as well with them.

    Raises:
        ValueError: no such precision.
        InputError: INT8, for which this machine lacks what it takes.
    """
    known = LEARNING_PRECISIONS if learns else PRECISIONS
    if precision not in known:
        raise ValueError(f'expected the precision to be one of {", ".join(known)}, got {precision!r}')
    int8 = precision == INT8 or precision == 'auto' and not learns and session_utils.has_fast_int8()
    if precision == INT8 and not session_utils.has_fast_int8():
        raise InputError('TEST.PRECISION=int8 needs Linux, a processor with AMX or AVX512-VNNI, oneDNN and '
                         'no GPU; expected auto, float32 or bfloat16 on this machine')
    if precision in ('auto', INT8):
        precision = 'bfloat16' if session_utils.has_fast_bfloat16() else 'float32'
    if precision == 'float32':   # and not what a GPU may take for it, with a mantissa of 10 bits
        tf.config.experimental.enable_tensor_float_32_execution(False)
    dtype = tf.as_dtype(precision)
    if session_utils.has_gpu():
        return Kernels(dtype, FUSED)
    winograd = dtype == tf.float32 or not learns
    return Kernels(dtype, UNROLLED if learns else LOOPED, winograd, int8)


def describe_kernels(kernels: Kernels) -> str:
    """Return what computes a network, for a line of the log."""
    integers = ', the first convolutions in int8,' if kernels.int8 else ''
    convolutions = " with Winograd's convolutions" if kernels.winograd else ''
    return f'arithmetic in {kernels.dtype.name}{integers}{convolutions} on {session_utils.computing_device()}'
