"""The bidirectional LSTM.

What does not wait for the time step before, weight gradients too, is worked out in few large products. The
cell is the one of Hochreiter and Schmidhuber with a forget gate, without peepholes, in the form and variable
layout of TensorFlow 1's BasicLSTMCell: gates in the order i, j, f, o, a kernel of
[inputs + units, 4 * units].
"""
import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel.architecture import FORGET_BIAS, GATES
from crnnmodel.kernels import FUSED, UNROLLED, Kernels
from crnnmodel.shapes import sizes_of


def bidirectional_lstm(inputs_tbc: tf.Tensor, *, units: int, kernels: Kernels) -> tf.Tensor:
    """Run an LSTM over time in each direction and join the outputs.

    What the gates get from the inputs is one product over all time steps; only what they get from the cell's
    own last output has to wait for it. The two directions do not wait for each other. FUSED is one operation
    a direction.

    Args:
        inputs_tbc: `kernels.dtype` [time, batch, channels]; UNROLLED has to know the time.
        units: LSTM units in each direction.
        kernels: Kernels. Gates and cell state are float32, variables too, and with FUSED all products.
            UNROLLED has operations of its own for each time step; LOOPED is a graph of a tenth of the size,
            ready sooner, without the gradient that few large products make.

    Returns:
        `kernels.dtype` [time, batch, 2 * units]: the forward outputs, then the backward ones.
    """
    directions = []
    for name in ('fw', 'bw'):
        with tf.variable_scope(f'bidirectional_rnn/{name}/basic_lstm_cell'):
            kernel = tf.get_variable('kernel', [inputs_tbc.shape[2] + units, GATES * units],
                                     initializer=tf.glorot_uniform_initializer())
            bias = tf.get_variable('bias', [GATES * units], initializer=tf.zeros_initializer())
        if kernels.lstm == FUSED:
            direction = _fused_direction(inputs_tbc, kernel, bias, backwards=name == 'bw')
        else:
            direction = _direction(inputs_tbc, kernel, bias, kernels, backwards=name == 'bw')
        directions.append(direction)
    return tf.concat(directions, axis=2)


def _direction(inputs_tbc, kernel, bias, kernels, *, backwards):
    """Run one direction, UNROLLED or LOOPED; returns `kernels.dtype` [time, batch, units]."""
    units = bias.shape[0] // GATES
    bias = bias + forget_bias_row(units)
    input_kernel, recurrent_kernel = tf.split(tf.cast(kernel, kernels.dtype), [inputs_tbc.shape[2], units])
    form = {'units': units, 'dtype': kernels.dtype, 'backwards': backwards}
    if kernels.lstm == UNROLLED:
        return _unrolled_recurrence(_input_parts(inputs_tbc, input_kernel, bias), recurrent_kernel, **form)
    # Products of their own, for to cut one into the gates would copy it.
    of_gates = [_input_parts(inputs_tbc, *of_gate) for of_gate in
                zip(tf.split(input_kernel, GATES, axis=1), tf.split(bias, GATES), strict=True)]
    return _looped_recurrence(of_gates, recurrent_kernel, **form)


def forget_bias_row(units: int) -> np.ndarray:
    """Return float32 [GATES * units]: FORGET_BIAS where the forget gate is, else 0."""
    return np.repeat(np.float32([0.0, 0.0, FORGET_BIAS, 0.0]), units)


def _fused_direction(inputs_tbc, kernel, bias, *, backwards):
    """Run one direction as one operation, TensorFlow's own, in float32; returns [time, batch, units].

    A GPU takes longer to start the small operations of a time step one by one than to do them.
    """
    units = bias.shape[0] // GATES
    x = tf.cast(tf.reverse(inputs_tbc, [0]) if backwards else inputs_tbc, tf.float32)
    before, no_peephole = tf.zeros([tf.shape(x)[1], units]), tf.zeros([units])
    outputs = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(tf.shape(x)[0], tf.int64), x=x, cs_prev=before, h_prev=before, w=kernel, b=bias,
        wci=no_peephole, wcf=no_peephole, wco=no_peephole, use_peephole=False,
        forget_bias=FORGET_BIAS, cell_clip=-1).h
    return tf.cast(tf.reverse(outputs, [0]) if backwards else outputs, inputs_tbc.dtype)


def _input_parts(inputs_tbc, input_kernel, bias):
    """Return what some gates get from inputs and bias, float32 [time, batch, their units]."""
    time_steps, _, channels = sizes_of(inputs_tbc)
    products = tf.matmul(tf.reshape(inputs_tbc, [-1, channels]), input_kernel)
    return tf.reshape(tf.cast(products, tf.float32) + bias, [time_steps, -1, bias.shape[0]])


def _cell(gates, output, cell, kernel_parts, dtype):
    """Do one time step.

    Args:
        gates: float32 [batch, units] each, what the gates get from inputs and bias.
        output, cell: of the step before, `dtype` and float32 [batch, units]; None in the first.
        kernel_parts: the recurrent kernel in the parts of the gates, `dtype` [units, units]; one stays in
            the cache of a processor's core, the whole might not.

    Returns:
        (output, cell, the gates i, j, f and o after their activation, the cell's tanh).
    """
    if output is not None:
        gates = [gate + tf.cast(tf.matmul(output, kernel), tf.float32)
                 for gate, kernel in zip(gates, kernel_parts, strict=True)]
    i, j, f, o = gates
    i, j, f, o = tf.sigmoid(i), tf.tanh(j), tf.sigmoid(f), tf.sigmoid(o)
    cell = i * j if cell is None else cell * f + i * j
    squashed = tf.tanh(cell)
    return tf.cast(squashed * o, dtype), cell, (i, j, f, o), squashed


def _looped_recurrence(of_gates, recurrent_kernel, *, units, dtype, backwards):
    """Run the recurrent part of one direction in a loop; see `_unrolled_recurrence`.

    Args:
        of_gates: float32 [time, batch, units] of each gate, what it gets from inputs and bias.
    """
    time_steps, *_ = sizes_of(of_gates[0])
    kernel_parts = tf.split(recurrent_kernel, GATES, axis=1)

    def step(number, output, cell, outputs):
        time = time_steps - 1 - number if backwards else number
        gates = [of_gate[time] for of_gate in of_gates]
        output, cell, *_ = _cell(gates, output, cell, kernel_parts, dtype)
        return number + 1, output, cell, outputs.write(time, output)

    nothing = tf.zeros_like(of_gates[0][0])
    outputs = tf.TensorArray(dtype, time_steps, element_shape=nothing.shape)
    before = [0, tf.cast(nothing, dtype), nothing, outputs]
    *_, outputs = tf.while_loop(lambda number, *_: number < time_steps, step, before)
    return outputs.stack()


def _unrolled_recurrence(input_parts, recurrent_kernel, *, units, dtype, backwards):
    """Run the recurrent part of one direction.

    Args:
        input_parts: float32 [time, batch, GATES * units], what the gates get from inputs and bias.
        recurrent_kernel: `dtype` [units, GATES * units].
        backwards: from the last time step to the first.

    Returns:
        `dtype` [time, batch, units].
    """
    order = -1 if backwards else 1

    @tf.custom_gradient
    def run(recurrent_kernel, *input_parts):
        outputs, states = [], []
        output = cell = None
        kernel_parts = tf.split(recurrent_kernel, GATES, axis=1)
        for input_part in input_parts:
            previous = cell
            input_gates = tf.split(input_part, GATES, axis=1)
            output, cell, gates, squashed = _cell(input_gates, output, cell, kernel_parts, dtype)
            outputs.append(output)
            states.append((*gates, previous, squashed))

        def gradient(*d_outputs):
            d_gates = _backward([tf.cast(d, tf.float32) for d in d_outputs], states, recurrent_kernel, dtype)
            # One product over all time steps: step t's kernel gradient is outputs[t - 1]ᵀ · d_gates[t].
            before = tf.concat(outputs[:-1], axis=0)
            after = tf.concat([tf.cast(d, dtype) for d in d_gates[1:]], axis=0)
            return [tf.matmul(before, after, transpose_a=True), *d_gates]

        return outputs, gradient

    return tf.stack(run(recurrent_kernel, *tf.unstack(input_parts)[::order])[::order])


def _backward(d_outputs, states, recurrent_kernel, dtype):
    """Return the gradients of the gates before their activation, a list over time.

    Returns:
        list of float32 [batch, GATES * units].
    """
    # What stands in brackets does not wait for the steps behind and is worked out beside their products.
    d_gates = [None] * len(states)
    d_cell = None
    for step in reversed(range(len(states))):
        i, j, f, o, previous, squashed = states[step]
        d_output = d_outputs[step]
        if step + 1 < len(states):
            d_next = tf.cast(d_gates[step + 1], dtype)
            d_output += tf.cast(tf.matmul(d_next, recurrent_kernel, transpose_b=True), tf.float32)
        through_cell = d_output * (o * (1 - squashed * squashed))
        d_cell = through_cell if d_cell is None else d_cell + through_cell
        d_f = tf.zeros_like(f) if previous is None else d_cell * (previous * f * (1 - f))
        d_i, d_j = d_cell * (j * i * (1 - i)), d_cell * (i * (1 - j * j))
        d_gates[step] = tf.concat([d_i, d_j, d_f, d_output * (squashed * o * (1 - o))], axis=1)
        d_cell = d_cell * f
    return d_gates
