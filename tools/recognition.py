"""Reading images with a trained network, and measuring how well; one code for test, evaluation and validation."""
import collections
import os

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, crnn_model, ctc, geometry
from data_provider import image_file
from global_configuration.config import cfg
from local_utils import establish_char_dict, log_utils, metrics, parallel, platform_flags
from local_utils.char_codec import CharacterCodec, alphabet_difference
from tools import knob_flags, run_folder, session_utils

SECOND_LOOK_WIDTHS = (0.8, 1.44)   # shares of the network's own

ReadingGraph = collections.namedtuple('ReadingGraph', [
    'images',   # placeholder uint8 [batch, height, width, 3], BGR
    'logits',   # float32 [time, batch, classes]
    'reading',  # ctc.Reading
])

SecondLook = collections.namedtuple('SecondLook', [
    'images',   # a list over SECOND_LOOK_WIDTHS of placeholders as in ReadingGraph
    'logits',   # placeholder of the first look's
    'reading',  # ctc.Reading of all of them together
])

Evaluation = collections.namedtuple('Evaluation', [
    'samples',             # number of samples that were read
    'exact',               # TextMetrics of the texts as the alphabet writes them
    'usual',               # TextMetrics of their letters and digits, case ignored
    'outside_alphabet',    # number of samples whose label the alphabet cannot write
    'no_letter_or_digit',  # number of samples that the usual protocol leaves out
    'examples',            # the first few of (image, truth, read, confidence)
])


def build_reading_graph(architecture, *, dtype, beam_width=None, batch_size=None, unrolled=True, reuse=None):
    """Build the graph that reads a batch of images.

    Args:
        architecture: checkpoint.Architecture.
        dtype: of the network's products.
        beam_width: of a beam search; None for the best path.
        batch_size: images in every batch; None for any number, most often many.
        unrolled: see lstm.bidirectional_lstm.
        reuse: share the variables of a network in the graph.

    Returns:
        ReadingGraph.
    """
    width, height = architecture.input_size
    images = tf.placeholder(tf.uint8, [batch_size, height, width, 3])
    network = crnn_model.ShadowNet(phase='test', dtype=dtype, unrolled=unrolled, **checkpoint.form_of(architecture))
    logits = network.build_shadownet(images, reuse=reuse)
    return ReadingGraph(images, logits, ctc.decode(logits, beam_width))


def read_images(session, graph, codec, images):
    """Read a batch.

    Args:
        images: list of uint8 [height, width, 3], BGR, of the size that the graph takes.

    Returns:
        (texts, list of str; confidences, float32 [batch] in [0, 1]).

    Raises:
        ValueError: the device has too little memory for so many images.
    """
    labels, confidences = run_reading(session, graph.reading, {graph.images: np.stack(images)})
    return texts_of(codec, labels), confidences


def run_reading(session, fetches, feeds):
    """Run a reading; raises ValueError where the device has too little memory for the batch."""
    try:
        return session.run(fetches, feeds)
    except tf.errors.ResourceExhaustedError as error:
        raise ValueError(f'out of memory with {len(next(iter(feeds.values())))} images at once; set a smaller TEST.BATCH_SIZE '
                         '(in a training, TRAIN.VAL_BATCH_SIZE)') from error


def texts_of(codec, labels):
    """Return the texts of labels, int [batch, longest], that have -1 behind the last class index."""
    return [codec.decode(label[label >= 0]) for label in labels]


def dense_labels(sparse):
    """Return a SparseTensorValue of labels as int [batch, longest] with -1 behind the last; what is no class stays out."""
    labels = np.full(sparse.dense_shape, -1)
    labels[tuple(sparse.indices.T)] = sparse.values
    return labels


class Recogniser:
    """A session with the weights of one checkpoint.

    An image that it is not sure of is looked at again, narrower and wider: letters of another width, in another number of frames,
    are read with other mistakes, and the first look squeezed or stretched every image to one width.
    """

    def __init__(self, weights_path, *, alphabet_dir=None, precision='auto', beam_width=None, sure=0.0, batch_size=None,
                 config=None):
        """Restore a checkpoint.

        Args:
            weights_path: a folder, a prefix or a file of a checkpoint.
            alphabet_dir: the folder of the alphabet that the checkpoint has to have, see find_codec.
            precision: of the arithmetic, see session_utils.compute_dtype.
            beam_width: of a beam search; None for the best path.
            sure: the confidence below which an image is looked at again; 0 for never.
            batch_size: images in every batch, where that is known; few are then read sooner.
            config: ConfigProto of the session.

        Raises:
            FileNotFoundError: there is no such checkpoint.
            ValueError: it is damaged, or of another network or alphabet.
        """
        self.prefix, tensors = run_folder.load_newest(weights_path)
        self._architecture = checkpoint.architecture_of(tensors, self.prefix)
        self._constants = checkpoint.constants(tensors, self.prefix)
        self.codec = find_codec(self._architecture, self.prefix, alphabet_dir)
        self.input_size = self._architecture.input_size
        self._sure = sure
        self._how = {'dtype': session_utils.compute_dtype(precision), 'beam_width': beam_width, 'batch_size': batch_size}
        self._second_look = None
        with tf.Graph().as_default() as graph:
            with self._constants():
                self.graph = build_reading_graph(self._architecture, unrolled=batch_size != 1, **self._how)
            self.session = tf.Session(graph=graph, config=config)

    def views(self, image):
        """Return what `read` takes of an image.

        Args:
            image: uint8 [any height, any width, 3], BGR.

        Returns:
            list of uint8 [height, width, 3]: in the size of the network's input, then in the widths of a second look.
        """
        widths = second_look_widths(self.input_size) if self._sure else []
        return [image_file.resize(image, (width, self.input_size[1])) for width in [self.input_size[0], *widths]]

    def read(self, views):
        """Read a batch.

        Args:
            views: a list over the images of what `views` gives.

        Returns:
            (texts, list of str; confidences, float32 [batch] in [0, 1]).

        Raises:
            ValueError: the device has too little memory for so many images.
        """
        first, *others = map(np.stack, zip(*views, strict=True))
        (labels, confidences), logits = run_reading(self.session, [self.graph.reading, self.graph.logits],
                                                    {self.graph.images: first})
        texts = texts_of(self.codec, labels)
        unsure = np.flatnonzero(confidences < self._sure)
        if len(unsure):
            self._second_look = self._second_look or self._build_second_look()
            feeds = {self._second_look.logits: logits[:, unsure]}
            feeds.update((images, other[unsure]) for images, other in zip(self._second_look.images, others, strict=True))
            labels, confidences[unsure] = run_reading(self.session, self._second_look.reading, feeds)
            for index, text in zip(unsure, texts_of(self.codec, labels), strict=True):
                texts[index] = text
        return texts, confidences

    def _build_second_look(self):
        """Add what a SecondLook needs to the graph."""
        height = self.input_size[1]
        with self.session.graph.as_default(), self._constants():
            others = [build_reading_graph(self._architecture._replace(input_size=(width, height)), unrolled=False, **self._how)
                      for width in second_look_widths(self.input_size)]
            logits = tf.placeholder(tf.float32, self.graph.logits.shape)
            reading = ctc.decode_together([logits, *(other.logits for other in others)], self._how['beam_width'])
        return SecondLook([other.images for other in others], logits, reading)


def second_look_widths(input_size):
    """Return the widths of a second look, pixels, each some whole frames, for a network whose images have (width, height)."""
    frame = geometry.PIXELS_PER_FRAME
    return [frame * max(geometry.MIN_FRAMES, round(share * input_size[0] / frame)) for share in SECOND_LOOK_WIDTHS]


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
        precision=cfg.TEST.PRECISION, beam_width=cfg.TEST.BEAM_WIDTH if args.beam_search else None, sure=cfg.TEST.SURE,
        batch_size=batch_size, config=config)
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
            check_alphabet(codec, establish_char_dict.read_alphabet(alphabet_dir), prefix, alphabet_dir)
        return codec
    alphabet_dir = alphabet_dir or establish_char_dict.nearest_dir(os.path.dirname(prefix) or '.')
    codec = establish_char_dict.read_alphabet(alphabet_dir)
    if codec.num_classes != architecture.num_classes:
        raise ValueError(f'{prefix}: a network of {architecture.num_classes} classes, but the alphabet of {alphabet_dir} has '
                         f'{codec.blank} characters, which needs {codec.num_classes}; give another --alphabet_dir')
    return codec


def check_alphabet(codec, other, prefix, where):
    """Raise ValueError where the codec of a checkpoint is another than that of what stands in the folder `where`."""
    difference = alphabet_difference(codec.characters, other.characters)
    if difference:
        raise ValueError(f'{where}: another alphabet than that of the checkpoint {prefix}: {difference}')


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
