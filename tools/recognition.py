"""Reading images with a trained network, and measuring how well; one code for test, evaluation and validation."""
import collections
import os

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, crnn_model, ctc
from global_configuration.config import cfg
from local_utils import establish_char_dict, log_utils, metrics, parallel, platform_flags
from local_utils.char_codec import CharacterCodec, alphabet_difference
from tools import knob_flags, run_folder, session_utils

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


def build_reading_graph(architecture, *, dtype, beam_width=None, batch_size=None, reuse=None):
    """Build the graph that reads a batch of images.

    Args:
        architecture: checkpoint.Architecture.
        dtype: of the network's products.
        beam_width: of a beam search; None for the best path.
        batch_size: images in every batch; None for any number, most often many.
        reuse: share the variables of a network in the graph.

    Returns:
        ReadingGraph.
    """
    width, height = architecture.input_size
    images = tf.placeholder(tf.uint8, [batch_size, height, width, 3])
    network = crnn_model.ShadowNet(phase='test', dtype=dtype, **checkpoint.form_of(architecture))
    logits = network.build_shadownet(images, reuse=reuse)
    return ReadingGraph(images, logits, ctc.decode(logits, beam_width))


def read_images(session, graph, codec, images):
    """Read a batch.

    Args:
        images: list of uint8 [height, width, 3], BGR.

    Returns:
        (texts, list of str; confidences, float32 [batch] in [0, 1]).

    Raises:
        ValueError: the device has too little memory for so many images.
    """
    try:
        labels, confidences = session.run(graph.reading, {graph.images: np.stack(images)})
    except tf.errors.ResourceExhaustedError as error:
        raise ValueError(f'out of memory with {len(images)} images at once; set a smaller TEST.BATCH_SIZE '
                         '(in a training, TRAIN.VAL_BATCH_SIZE)') from error
    return texts_of(codec, labels), confidences


def texts_of(codec, labels):
    """Return the texts of labels, int [batch, longest], that have -1 behind the last class index."""
    return [codec.decode(label[label >= 0]) for label in labels]


def dense_labels(sparse):
    """Return a SparseTensorValue of labels as int [batch, longest] with -1 behind the last; what is no class stays out."""
    labels = np.full(sparse.dense_shape, -1)
    labels[tuple(sparse.indices.T)] = sparse.values
    return labels


class Recogniser:
    """A session with the weights of one checkpoint."""

    def __init__(self, weights_path, *, alphabet_dir=None, precision='auto', beam_width=None, batch_size=None, config=None):
        """Restore a checkpoint.

        Args:
            weights_path: a folder, a prefix or a file of a checkpoint.
            alphabet_dir: the folder of the alphabet that the checkpoint has to have, see find_codec.
            precision: of the arithmetic, see session_utils.compute_dtype.
            beam_width: of a beam search; None for the best path.
            batch_size: images in every batch, where that is known; few are then read sooner.
            config: ConfigProto of the session.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            ValueError: it is damaged, or of another network or alphabet.
        """
        self.prefix, tensors = run_folder.load_newest(weights_path)
        architecture = checkpoint.architecture_of(tensors, self.prefix)
        self.codec = find_codec(architecture, self.prefix, alphabet_dir)
        self.input_size = architecture.input_size
        with tf.Graph().as_default() as graph:
            with checkpoint.constants(tensors, self.prefix):
                self.graph = build_reading_graph(architecture, dtype=session_utils.compute_dtype(precision),
                                                 beam_width=beam_width, batch_size=batch_size)
            self.session = tf.Session(graph=graph, config=config)

    def read(self, images):
        """Read a list of uint8 [height, width, 3] BGR images; see read_images."""
        return read_images(self.session, self.graph, self.codec, images)


def add_reading_flags(parser):
    """Add the flags of the scripts that read with a trained network to an argparse parser."""
    parser.add_argument('--weights_path', metavar='PATH',
                        help="a checkpoint: a folder, a prefix or a file of it, or 'bundled' (default: the best one in "
                             '--output_dir, else its last, else bundled)')
    parser.add_argument('--alphabet_dir', metavar='DIR', help='the folder of char_dict.json and ord_map.json, for a checkpoint '
                                                              'without an alphabet of its own (default: beside it, else English)')
    parser.add_argument('--beam_search', action='store_true', help='search beams of TEST.BEAM_WIDTH instead of the best path')
    knob_flags.add_set_flag(parser, 'TEST')


def open_recogniser(args, batch_size=None):
    """Return the Recogniser that the flags of `add_reading_flags` and the knobs mean; raises as Recogniser does."""
    config = session_utils.session_config(gpu_memory_fraction=cfg.TEST.GPU_MEMORY_FRACTION, allow_growth=cfg.TEST.TF_ALLOW_GROWTH)
    if batch_size == 1:   # a single image is read long before TensorFlow has found a better graph
        config.graph_options.rewrite_options.disable_meta_optimizer = True
    recogniser = Recogniser(
        session_utils.weights_path(args.weights_path or default_weights(args.output_dir)), alphabet_dir=args.alphabet_dir,
        precision=cfg.TEST.PRECISION, beam_width=cfg.TEST.BEAM_WIDTH if args.beam_search else None, batch_size=batch_size,
        config=config)
    if not args.weights_path:
        log_utils.init_logger().info('reading with the weights of %s', recogniser.prefix)
    return recogniser


def default_weights(output_dir):
    """Return the --weights_path of a run's folder: its best checkpoint, else its last; the bundled weights where it has none."""
    for folder in (os.path.join(output_dir, run_folder.BEST_DIR), output_dir):
        if checkpoint.checkpoints_in(folder):
            return folder
    if output_dir != platform_flags.OUTPUT_DIR:
        log_utils.init_logger().warning('%s: no checkpoint there; reading with the bundled weights', output_dir)
    return session_utils.BUNDLED


def find_codec(architecture, prefix, alphabet_dir=None):
    """Return the codec of a checkpoint: of the alphabet that it carries, or else of the one that lies nearest.

    Args:
        architecture: checkpoint.Architecture.
        prefix: the checkpoint.
        alphabet_dir: the folder of the alphabet that the caller means, or None.

    Raises:
        FileNotFoundError, ValueError: that alphabet cannot be read, or is not the checkpoint's; says how they differ.
    """
    if architecture.characters is not None:
        codec = CharacterCodec(architecture.characters)
        if alphabet_dir:
            check_alphabet(codec, establish_char_dict.read_alphabet(alphabet_dir), prefix)
        return codec
    alphabet_dir = alphabet_dir or establish_char_dict.nearest_dir(os.path.dirname(prefix) or '.')
    codec = establish_char_dict.read_alphabet(alphabet_dir)
    if codec.num_classes != architecture.num_classes:
        raise ValueError(f'{prefix}: a network of {architecture.num_classes} classes, but the alphabet of {alphabet_dir} has '
                         f'{codec.blank} characters, which needs {codec.num_classes}; give another --alphabet_dir')
    return codec


def check_alphabet(expected, actual, prefix):
    """Raise ValueError where two codecs differ: the checkpoint's and the one of what it is to read."""
    difference = alphabet_difference(expected.characters, actual.characters)
    if difference:
        raise ValueError(f'{prefix}: the checkpoint is of another alphabet: {difference}')


def evaluate(read, codec, samples, batch_size, num_examples=0):
    """Read every sample and measure how well.

    Args:
        read: a function from a list of images to (texts, confidences).
        codec: of the network's alphabet.
        samples: an iterable of (image, label text).
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
            except KeyError:
                outside_alphabet += 1
            if metrics.letters_and_digits(truth):
                usual.add(metrics.letters_and_digits(truth), metrics.letters_and_digits(text))
            else:
                no_letter_or_digit += 1
            if len(examples) < num_examples:
                examples.append((image, truth, text, confidence))
    return Evaluation(num_samples, exact, usual, outside_alphabet, no_letter_or_digit, examples)
