"""ShadowNet in plain numpy, written from the paper and docs/design.md: slow, and easy to check by eye."""
import numpy as np


def logits(weights, images, pixel_range):
    """Return the network's logits in inference mode.

    Args:
        weights: dict of variable name → array.
        images: uint8 [batch, 32, width, 3].
        pixel_range: what 0 and 255 become.

    Returns:
        float64 [time, batch, classes].
    """
    low, high = pixel_range
    x = images.astype(np.float64) / 255 * (high - low) + low
    x = max_pool(conv_relu(x, weights['shadow/conv1/W']), 2, 2)
    x = max_pool(conv_relu(x, weights['shadow/conv2/W']), 2, 2)
    x = conv_relu(x, weights['shadow/conv3/W'])
    x = max_pool(conv_relu(x, weights['shadow/conv4/W']), 2, 1)
    x = batch_norm(conv_relu(x, weights['shadow/conv5/W']), weights, 'shadow/BatchNorm')
    x = batch_norm(conv_relu(x, weights['shadow/conv6/W']), weights, 'shadow/BatchNorm_1')
    x = max_pool(x, 2, 1)
    x = conv_relu(x, weights['shadow/conv7/W'], stride=2)
    x = x[:, 0]
    for layer in range(sum('/fw/basic_lstm_cell/kernel' in name for name in weights)):
        scope = f'shadow/LSTMLayers/stack_bidirectional_rnn/cell_{layer}/bidirectional_rnn'
        forward, backward = (
            [weights[f'{scope}/{direction}/basic_lstm_cell/{name}'] for name in ('kernel', 'bias')]
            for direction in ('fw', 'bw'))
        x = np.concatenate([lstm(x, *forward), lstm(x[:, ::-1], *backward)[:, ::-1]], axis=2)
    return np.transpose(x @ weights['shadow/LSTMLayers/w'], (1, 0, 2))


def conv_relu(x, kernel, stride=1):
    """A convolution with SAME padding, `stride` in height and 1 in width, then ReLU.

    x is [batch, height, width, channels].
    """
    kernel_height, kernel_width = kernel.shape[:2]
    out_height, width = -(-x.shape[1] // stride), x.shape[2]
    pad_height = max((out_height - 1) * stride + kernel_height - x.shape[1], 0)
    pad_width = kernel_width - 1
    x = np.pad(x, [(0, 0), (pad_height // 2, pad_height - pad_height // 2),
                   (pad_width // 2, pad_width - pad_width // 2), (0, 0)])
    out = np.zeros((x.shape[0], out_height, width, kernel.shape[3]))
    for row in range(kernel_height):
        for column in range(kernel_width):
            rows = slice(row, row + (out_height - 1) * stride + 1, stride)
            out += x[:, rows, column:column + width] @ kernel[row, column]
    return np.maximum(out, 0)


def max_pool(x, height, width):
    """Maximum over windows that do not overlap; what does not fill a window is left out."""
    batch, rows, columns, channels = x.shape
    x = x[:, :rows // height * height, :columns // width * width]
    return x.reshape(batch, rows // height, height, columns // width, width, channels).max(axis=(2, 4))


def batch_norm(x, weights, name):
    """Batch normalisation by the moving averages."""
    scale = weights[f'{name}/gamma'] / np.sqrt(weights[f'{name}/moving_variance'] + 0.001)
    return (x - weights[f'{name}/moving_mean']) * scale + weights[f'{name}/beta']


def lstm(x, kernel, bias):
    """An LSTM over axis 1 of [batch, time, channels], gates in the order i, j, f, o, forget bias 1."""
    units = kernel.shape[1] // 4
    output = cell = np.zeros((x.shape[0], units))
    outputs = []
    for step in range(x.shape[1]):
        gates = np.concatenate([x[:, step], output], axis=1) @ kernel + bias
        i, j, f, o = np.split(gates, 4, axis=1)
        cell = cell * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
        output = np.tanh(cell) * sigmoid(o)
        outputs.append(output)
    return np.stack(outputs, axis=1)


def sigmoid(x):
    """The logistic function."""
    return 0.5 * (1 + np.tanh(0.5 * x))
