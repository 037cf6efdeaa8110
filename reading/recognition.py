"""Reading a batch with a trained network, and measuring how well; one code for test, evaluation and validation."""
import collections

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import crnn_model, ctc
from local_utils import metrics, parallel
from local_utils.errors import InputError, UnknownCharacter

ReadingGraph = collections.namedtuple('ReadingGraph', [
    'images',   # placeholder uint8 [batch, height, width, 3], BGR
    'logits',   # float32 [time, batch, classes]
    'reading',  # ctc.Reading
])

Evaluation = collections.namedtuple('Evaluation', [
    'samples',             # number of samples that were read
    'exact',               # TextMetrics of the texts as the alphabet writes them
    'usual',               # TextMetrics of their letters and digits, case ignored
    'outside_alphabet',    # number of samples whose label the alphabet cannot write
    'no_letter_or_digit',  # number of samples that the usual protocol leaves out
    'examples',            # the first few of (image, truth, read, confidence)
])


def build_logits(architecture, kernels, *, batch_size=None):
    """Build a network that reads.

    Args:
        architecture: Architecture.
        kernels: Kernels.
        batch_size: images in every batch; None for any number, most often many.

    Returns:
        (images, logits) as in ReadingGraph.
    """
    width, height = architecture.input_size
    images = tf.placeholder(tf.uint8, [batch_size, height, width, 3])
    return images, crnn_model.ShadowNet('test', architecture, kernels).build_shadownet(images)


def build_reading_graph(architecture, kernels, *, beam_width=None, batch_size=None):
    """Build the graph that reads a batch of images.

    Args:
        architecture, kernels, batch_size: see build_logits.
        beam_width: of a beam search; None for the best path.

    Returns:
        ReadingGraph.
    """
    images, logits = build_logits(architecture, kernels, batch_size=batch_size)
    return ReadingGraph(images, logits, ctc.decode(logits, beam_width))


def read_images(session, graph, codec, images):
    """Read a batch.

    Args:
        images: list of uint8 [height, width, 3], BGR, of the size that the graph takes.

    Returns:
        (texts, list of str; confidences, float32 [batch] in [0, 1]).

    Raises:
        InputError: the device has too little memory for so many images.
    """
    labels, confidences = run_reading(session, graph.reading, {graph.images: np.stack(images)}, len(images))
    return texts_of(codec, labels), confidences


def run_reading(session, fetches, feeds, num_images):
    """Run a reading; raises InputError where the device has too little memory for so many images."""
    try:
        return session.run(fetches, feeds)
    except tf.errors.ResourceExhaustedError as error:
        raise InputError(f'out of memory with {num_images} images at once; set a smaller TEST.BATCH_SIZE '
                         '(in a training, TRAIN.VAL_BATCH_SIZE)') from error


def texts_of(codec, labels):
    """Return the texts of labels, int [batch, longest], that have -1 behind the last class index."""
    return [codec.decode(label[label >= 0]) for label in labels]


def dense_labels(sparse):
    """Return a SparseTensorValue of labels as int [batch, longest] with -1 behind the last; what is no class stays out."""
    labels = np.full(sparse.dense_shape, -1)
    labels[tuple(sparse.indices.T)] = sparse.values
    return labels


def evaluate(read, codec, samples, batch_size, num_examples=0):
    """Read every sample and measure how well.

    Args:
        read: a function from a list of images, in whatever form it takes them, to (texts, confidences).
        codec: of the network's alphabet.
        samples: an iterable of (image in that form, label text).
        batch_size: images read at once.
        num_examples: how many examples to keep.

    Returns:
        Evaluation.
    """
    exact, usual = metrics.TextMetrics(), metrics.TextMetrics()
    num_samples = outside_alphabet = no_letter_or_digit = 0
    examples = []
    for chunk in parallel.chunked(samples, batch_size):
        texts, confidences = read([image for image, _ in chunk])
        for (image, truth), text, confidence in zip(chunk, texts, confidences, strict=True):
            num_samples += 1
            try:
                exact.add(codec.fold(truth), text)
            except UnknownCharacter:
                outside_alphabet += 1
            if metrics.letters_and_digits(truth):
                usual.add(metrics.letters_and_digits(truth), metrics.letters_and_digits(text))
            else:
                no_letter_or_digit += 1
            if len(examples) < num_examples:
                examples.append((image, truth, text, confidence))
    return Evaluation(num_samples, exact, usual, outside_alphabet, no_letter_or_digit, examples)
