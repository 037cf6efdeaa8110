"""ShadowNet described in ONNX: the same network as crnn_model.py, built from the tensors of a checkpoint."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crnnmodel import geometry
from crnnmodel.architecture import (
    BATCH_NORM_EPSILON,
    CELL,
    DESCRIPTION,
    FORGET_BIAS,
    GATES,
    PROJECTION,
    Architecture,
    description_of,
)

IMAGES, LOGITS = 'images', 'logits'   # the model's input and output
FLOAT32, FLOAT16, INT8 = WEIGHTS = 'float32', 'float16', 'int8'
OPSET, IR_VERSION = 17, 8             # which runtimes have known since 2022
MAX_INT8 = 127
LARGE_BYTES = 1024                    # of an array that may be kept apart from the model
GATE_ORDER = (0, 3, 2, 1)             # ONNX's gates i, o, f, c among the checkpoint's i, j, f, o


def build_model(tensors: dict, architecture: Architecture, weights: str = FLOAT32) -> onnx.ModelProto:
    """Describe a network that reads; the batch and the width of its images are free.

    Args:
        tensors: of a checkpoint, as `architecture.architecture_of` has checked them.
        architecture: of the network; the model's metadata carry it as DESCRIPTION.
        weights: how kernels are stored: FLOAT32, FLOAT16, or INT8 with a scale for each output channel. The
            arithmetic is float32 in each; a runtime works the weights out once, when it loads the model.

    Returns:
        a model with the input IMAGES, uint8 [batch, 32, width, 3], BGR, and the output LOGITS, float32
        [width // 4, batch, classes].
    """
    return _build(_Graph(tensors, weights), architecture)


def build_model_without_weights(tensors: dict, architecture: Architecture) -> tuple[onnx.ModelProto, dict]:
    """Describe a network as `build_model` does, with its larger arrays apart, so that none is copied.

    Returns:
        (the model, dict of name → array as ONNX Runtime takes them, external initializers).
    """
    graph = _Graph(tensors, FLOAT32, keep_apart=True)
    return _build(graph, architecture), graph.apart


def _build(graph, architecture):
    images = helper.make_tensor_value_info(
        IMAGES, TensorProto.UINT8, ['batch', geometry.INPUT_HEIGHT, 'width', 3])
    logits = helper.make_tensor_value_info(
        LOGITS, TensorProto.FLOAT, ['time', 'batch', architecture.num_classes])
    sequence = _map_to_sequence(graph, _features(graph, _scaled(graph, architecture.pixel_range)))
    _add_labelling(graph, sequence, architecture)
    model = helper.make_model(
        helper.make_graph(graph.nodes, 'ShadowNet', [images], [logits], graph.initializers),
        producer_name='CRNN_Tensorflow', opset_imports=[helper.make_opsetid('', OPSET)],
        ir_version=IR_VERSION)
    helper.set_model_props(model, {DESCRIPTION: description_of(architecture)})
    return model


class _Graph:
    """The nodes and constants of a model that is being built."""

    def __init__(self, tensors, weights, keep_apart=False):
        self.tensors = tensors
        self.nodes, self.initializers, self.apart = [], [], {}
        self._weights, self._keep_apart = weights, keep_apart

    def node(self, operation, *inputs, output=None, **attributes):
        """Add a node and return the name of its output."""
        output = output or f'{operation}_{len(self.nodes)}'
        self.nodes.append(helper.make_node(operation, inputs, [output], **attributes))
        return output

    def constant(self, value, name=None):
        """Add an array and return its name."""
        name = name or f'constant_{len(self.initializers)}'
        value = np.asarray(value, order='C')   # not np.ascontiguousarray, which gives a scalar an axis
        if self._keep_apart and value.nbytes >= LARGE_BYTES:
            self.apart[name] = value
            self.initializers.append(_promise_of(value, name))
        else:
            self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def weight(self, value, name, channel_axes):
        """Add a kernel, stored as the model's weights are; return the name of it in float32.

        Args:
            value: float32.
            name: of the variable.
            channel_axes: which axes tell output channels, each of which has a scale of its own.
        """
        if self._weights == FLOAT32:
            return self.constant(value, name)
        if self._weights == FLOAT16:
            return self._float32(self.constant(value.astype(np.float16), name))
        others = tuple(axis for axis in range(value.ndim) if axis not in channel_axes)
        scale = np.abs(value).max(axis=others, keepdims=True) / MAX_INT8
        scale[scale == 0] = 1
        rounded = self._float32(self.constant(np.rint(value / scale).astype(np.int8), name))
        return self.node('Mul', rounded, self.constant(scale, f'{name}/scale'))

    def _float32(self, name):
        return self.node('Cast', name, to=TensorProto.FLOAT)


def _promise_of(value, name):
    """Return the initializer of an array that the runtime will be given by its name."""
    promise = onnx.TensorProto(
        name=name, dims=value.shape, data_type=helper.np_dtype_to_tensor_dtype(value.dtype),
        data_location=TensorProto.EXTERNAL)
    promise.external_data.add(key='location', value='memory')
    return promise


def _scaled(graph, pixel_range):
    """Bring the channels to the front and the pixels from 0–255 to the pixel range."""
    low, high = pixel_range
    pixels = graph.node('Cast', graph.node('Transpose', IMAGES, perm=[0, 3, 1, 2]), to=TensorProto.FLOAT)
    scaled = graph.node('Mul', pixels, graph.constant(np.float32((high - low) / 255)))
    return graph.node('Add', scaled, graph.constant(np.float32(low)))


def _features(graph, images):
    """Section 2.1 of the paper: [batch, 3, 32, width] → [batch, channels, 1, width // 4]."""
    conv1 = _max_pool(graph, _conv_relu(graph, images, 'conv1'), [2, 2])
    conv2 = _max_pool(graph, _conv_relu(graph, conv1, 'conv2'), [2, 2])
    conv3 = _conv_relu(graph, conv2, 'conv3')
    conv4 = _max_pool(graph, _conv_relu(graph, conv3, 'conv4'), [2, 1])
    conv5 = _batch_norm(graph, _conv_relu(graph, conv4, 'conv5'), 'BatchNorm')
    conv6 = _max_pool(graph, _batch_norm(graph, _conv_relu(graph, conv5, 'conv6'), 'BatchNorm_1'), [2, 1])
    # SAME pads behind an even kernel.
    return _conv_relu(graph, conv6, 'conv7', pads=[0, 0, 0, 1], strides=[2, 1])


def _conv_relu(graph, inputs, name, pads=(1, 1, 1, 1), strides=(1, 1)):
    kernel = graph.weight(_in_onnx_order(graph.tensors[f'shadow/{name}/W']), f'{name}/W', channel_axes=[0])
    return graph.node('Relu', graph.node('Conv', inputs, kernel, pads=pads, strides=strides))


def _in_onnx_order(kernel):
    """Return a kernel [height, width, inputs, outputs] as [outputs, inputs, height, width]."""
    height, width, inputs, outputs = kernel.shape
    ordered = np.empty([outputs, inputs, height, width], kernel.dtype)
    for place in np.ndindex(height, width):   # one matrix after the other takes half as long as all at once
        ordered[(..., *place)] = kernel[place].T
    return ordered


def _max_pool(graph, inputs, window):
    return graph.node('MaxPool', inputs, kernel_shape=window, strides=window)


def _batch_norm(graph, inputs, name):
    values = [graph.constant(graph.tensors[f'shadow/{name}/{value}'], f'{name}/{value}')
              for value in ('gamma', 'beta', 'moving_mean', 'moving_variance')]
    return graph.node('BatchNormalization', inputs, *values, epsilon=BATCH_NORM_EPSILON)


def _map_to_sequence(graph, features):
    """Section 2.1, figure 2: [batch, channels, 1, time] → [time, batch, channels]."""
    squeezed = graph.node('Squeeze', features, graph.constant(np.int64([2])))
    return graph.node('Transpose', squeezed, perm=[2, 0, 1])


def _add_labelling(graph, sequence, architecture):
    """Section 2.2: the stacked bidirectional LSTM and the projection, to LOGITS."""
    for layer in range(architecture.hidden_layers):
        sequence = _bidirectional_lstm(graph, sequence, layer, architecture.hidden_units)
    projection = graph.weight(graph.tensors[PROJECTION], 'LSTMLayers/w', channel_axes=[1])
    graph.node('MatMul', sequence, projection, output=LOGITS)


def _bidirectional_lstm(graph, sequence, layer, units):
    """[time, batch, channels] → [time, batch, 2 * units]: the forward outputs, then the backward ones."""
    kernels, biases = ([graph.tensors[CELL.format(layer, direction, what)] for direction in ('fw', 'bw')]
                       for what in ('kernel', 'bias'))
    of_inputs, of_outputs = (np.stack([_in_gate_order(part) for part in parts]) for parts in zip(
        *[np.split(kernel, [len(kernel) - units]) for kernel in kernels], strict=True))
    forget = np.repeat(np.float32([0, 0, FORGET_BIAS, 0]), units)
    bias = np.stack([_in_gate_order(bias + forget) for bias in biases])
    outputs = graph.node(
        'LSTM', sequence, graph.weight(of_inputs, f'LSTM_{layer}/W', channel_axes=[0, 1]),
        graph.weight(of_outputs, f'LSTM_{layer}/R', channel_axes=[0, 1]),
        graph.constant(np.concatenate([bias, np.zeros_like(bias)], axis=1), f'LSTM_{layer}/B'),
        hidden_size=units, direction='bidirectional')
    together = graph.node('Transpose', outputs, perm=[0, 2, 1, 3])   # from [time, direction, batch, units]
    return graph.node('Reshape', together, graph.constant(np.int64([0, 0, -1])))


def _in_gate_order(values):
    """Return a kernel [inputs, GATES * units] as ONNX's [GATES * units, inputs], or a bias in its order."""
    parts = np.split(values, GATES, axis=-1)
    return np.concatenate([parts[index] for index in GATE_ORDER], axis=-1).T
