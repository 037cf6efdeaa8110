"""A trained network that reads: opening a checkpoint, with its alphabet, as the flags say; a second look at what is unclear."""
import collections
import concurrent.futures
import itertools
import os
import threading

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint, checkpoint_files, ctc, geometry
from crnnmodel.architecture import architecture_of
from crnnmodel.kernels import FUSED, LOOPED, choose_kernels
from data_provider import image_file
from local_utils import command_line, establish_char_dict, log_utils, parallel, session_utils
from local_utils.char_codec import CharacterCodec, alphabet_difference
from local_utils.errors import InputError
from reading import recognition

SECOND_LOOK_MARGINS = (0.1, -0.06)   # of the image's height, on each side; a negative one is cut off
SECOND_LOOK_WIDTHS = (0.8, 1.44)     # shares of the network's own
PIECE_IMAGES = 16                    # of a batch, at least, that are worth a run of their own
FEW_IMAGES = 5000                    # that are read before a better graph would have been found and paid off

SecondLook = collections.namedtuple('SecondLook', [
    'images',   # a list over SECOND_LOOK_WIDTHS of placeholders as in ReadingGraph
    'logits',   # a list of placeholders of the logits of the first look, and of those over SECOND_LOOK_MARGINS
    'reading',  # ctc.Reading of all of them together
])


class Recogniser:
    """A session with the weights of one checkpoint.

    An image that it is not sure of is looked at again, cut out more loosely and more closely, narrower and wider: letters of
    another size and width, in other frames, are read with other mistakes. The first look squeezed or stretched all to one width.
    """

    def __init__(self, weights_path, *, alphabet_dir=None, precision='auto', beam_width=None, sure=0.0, batch_size=None,
                 unrolled=True, config=None):
        """Restore a checkpoint.

        Args:
            weights_path: a folder, a prefix or a file of a checkpoint.
            alphabet_dir: the folder of the alphabet that the checkpoint has to have, see find_codec.
            precision: of the arithmetic, see kernels.choose_kernels.
            beam_width: of a beam search; None for the best path.
            sure: the confidence below which an image is looked at again; 0 for never.
            batch_size: images in every batch, where that is known; few are then read sooner.
            unrolled: see kernels.choose_kernels; False for few images.
            config: ConfigProto of the session.

        Raises:
            MissingInput: there is no such checkpoint.
            InputError: it is damaged, or of another network or alphabet.
        """
        self.prefix, tensors = checkpoint_files.load_newest(weights_path)
        self._architecture = architecture_of(tensors, self.prefix)
        self.codec = find_codec(self._architecture, self.prefix, alphabet_dir)
        self.input_size = self._architecture.input_size
        self._sure = sure
        self._beam_width = beam_width
        self._kernels, self._batch_size = choose_kernels(precision, unrolled=unrolled), batch_size
        self._constants = checkpoint.Constants(tensors, self.prefix)
        self._second_look = None   # until it is needed
        self._building = threading.Lock()
        with tf.Graph().as_default() as graph:
            with self._constants.scope():
                self.graph = recognition.build_reading_graph(
                    self._architecture, self._kernels, beam_width=beam_width, batch_size=batch_size)
            self.session = tf.Session(graph=graph, config=config)
            self.session.run(tf.local_variables_initializer())

    def views(self, image):
        """Return what `read` takes of an image.

        Args:
            image: uint8 [any height, any width, 3], BGR.

        Returns:
            list of uint8 [height, width, 3]: in the size of the network's input, then as for a second look.
        """
        looks = [(image, self.input_size[0])]
        if self._sure:
            looks += [(image_file.with_margin(image, margin), self.input_size[0]) for margin in SECOND_LOOK_MARGINS]
            looks += [(image, width) for width in second_look_widths(self.input_size)]
        return [image_file.resize(image, (width, self.input_size[1])) for image, width in looks]

    def read(self, views):
        """Read a batch.

        Args:
            views: a list over the images of what `views` gives.

        Returns:
            (texts, list of str; confidences, float32 [batch] in [0, 1]).

        Raises:
            InputError: the device has too little memory for so many images.
        """
        return in_pieces(self._read_piece, views)

    def _read_piece(self, views):
        first, *others = map(np.stack, zip(*views, strict=True))
        if not self._sure:
            return recognition.read_images(self.session, self.graph, self.codec, first)
        (labels, confidences), logits = recognition.run_reading(
            self.session, [self.graph.reading, self.graph.logits], {self.graph.images: first}, len(views))
        texts = recognition.texts_of(self.codec, labels)
        unsure = np.flatnonzero(confidences < self._sure)
        if len(unsure):
            second_texts, confidences[unsure] = self._look_again(logits[:, unsure], [images[unsure] for images in others])
            for index, text in zip(unsure, second_texts, strict=True):
                texts[index] = text
        return texts, confidences

    def _look_again(self, first_logits, views):
        """Read views of a second look together with the logits of the first; returns (texts, confidences)."""
        with self._building:
            self._second_look = self._second_look or self._build_second_look()
        count = len(views[0])
        of_first_size, of_widths = views[:len(SECOND_LOOK_MARGINS)], views[len(SECOND_LOOK_MARGINS):]
        batches = of_first_size if self._batch_size else [np.concatenate(of_first_size)]
        logits = [recognition.run_reading(self.session, self.graph.logits, {self.graph.images: images}, len(images))
                  for images in batches]
        logits_of_views = [first_logits, *np.split(np.concatenate(logits, axis=1), len(of_first_size), axis=1)]
        feeds = dict(zip([*self._second_look.logits, *self._second_look.images], [*logits_of_views, *of_widths], strict=True))
        labels, confidences = recognition.run_reading(self.session, self._second_look.reading, feeds, count)
        return recognition.texts_of(self.codec, labels), confidences

    def _build_second_look(self):
        """Add what a SecondLook needs to the graph."""
        height = self.input_size[1]
        with self.session.graph.as_default(), self._constants.scope():
            num_initialised = len(tf.local_variables())
            kernels = self._kernels if self._kernels.lstm == FUSED else self._kernels._replace(lstm=LOOPED)
            images, logits = zip(*[
                recognition.build_logits(self._architecture._replace(input_size=(width, height)), kernels,
                                         batch_size=self._batch_size)
                for width in second_look_widths(self.input_size)], strict=True)
            others = [tf.placeholder(tf.float32, self.graph.logits.shape) for _ in range(1 + len(SECOND_LOOK_MARGINS))]
            self.session.run(tf.variables_initializer(tf.local_variables()[num_initialised:]))
            return SecondLook(images, others, ctc.decode_together([*others, *logits], self._beam_width))


def num_pieces(num_images):
    """Return in how many pieces a batch is read at the same time."""
    cores = 1 if session_utils.has_gpu() else parallel.usable_cores()
    return max(1, min(cores, num_images // PIECE_IMAGES))


def threads_of_a_piece(num_images):
    """Return how many threads each operation should have, so that the pieces of a batch share the cores."""
    return parallel.usable_cores() // num_pieces(num_images)


def in_pieces(read, images):
    """Read pieces of a batch at the same time: that keeps the cores busier than to share each operation among them.

    Args:
        read: a function from a list of images to (texts, list of str; confidences, float32 [images]), for several threads.
        images: list.

    Returns:
        what `read` does, of all images.
    """
    count = num_pieces(len(images))
    if count == 1:
        return read(images)
    bounds = np.linspace(0, len(images), count + 1).astype(int)
    pieces = [images[start:end] for start, end in itertools.pairwise(bounds)]
    with concurrent.futures.ThreadPoolExecutor(count) as executor:
        texts, confidences = zip(*executor.map(read, pieces), strict=True)
    return list(itertools.chain(*texts)), np.concatenate(confidences)


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


def open_recogniser(args, num_images, settings):
    """Return the Recogniser that the flags of `add_reading_flags` and the knobs mean; raises as Recogniser does.

    Args:
        args: the parsed flags.
        num_images: how many will be read.
        settings: ReadingSettings.
    """
    config = session_utils.session_config(
        gpu_memory_fraction=settings.gpu_memory_fraction, allow_growth=settings.tf_allow_growth)
    are_few, is_single = num_images <= FEW_IMAGES, num_images == 1
    config.graph_options.rewrite_options.disable_meta_optimizer = are_few
    if not is_single:
        config.intra_op_parallelism_threads = threads_of_a_piece(settings.batch_size)
    weights_path = default_weights(args.output_dir) if args.weights_path is None else args.weights_path
    return Recogniser(
        weights_path, alphabet_dir=args.alphabet_dir,
        precision=settings.precision, beam_width=settings.beam_width if args.beam_search else None,
        sure=settings.min_confidence,
        batch_size=1 if is_single or settings.batch_size == 1 else None, unrolled=not are_few, config=config)


def default_weights(output_dir):
    """Return the --weights_path of a run's folder: its best checkpoint, else its last; the bundled weights where it has none."""
    for folder in (os.path.join(output_dir, checkpoint_files.BEST_DIR), output_dir):
        if checkpoint_files.checkpoints_in(folder):
            return folder
    if output_dir != command_line.OUTPUT_DIR:
        log_utils.init_logger().warning('%s: no checkpoint there; reading with the bundled weights', output_dir)
    return checkpoint_files.BUNDLED


def find_codec(architecture, prefix, alphabet_dir=None):
    """Return the codec of a checkpoint: of the alphabet that it carries, or else of the one that lies nearest.

    Args:
        architecture: Architecture.
        prefix: the checkpoint.
        alphabet_dir: the folder of the alphabet that the caller means, or None.

    Raises:
        InputError: that alphabet cannot be read, or is not the checkpoint's; says how they differ.
    """
    if architecture.characters is not None:
        codec = CharacterCodec(architecture.characters)
        if alphabet_dir:
            check_alphabet(codec, establish_char_dict.read_alphabet(alphabet_dir), prefix, alphabet_dir)
        return codec
    alphabet_dir = alphabet_dir or establish_char_dict.nearest_dir(os.path.dirname(prefix) or '.')
    codec = establish_char_dict.read_alphabet(alphabet_dir)
    if codec.num_classes != architecture.num_classes:
        raise InputError(f'{prefix}: a network of {architecture.num_classes} classes, but the alphabet of {alphabet_dir} has '
                         f'{codec.blank} characters, which needs {codec.num_classes}; give another --alphabet_dir')
    return codec


def check_alphabet(codec, other, prefix, where):
    """Raise InputError where the codec of a checkpoint is another than that of what stands in the folder `where`."""
    difference = alphabet_difference(codec.characters, other.characters)
    if difference:
        raise InputError(f'{where}: another alphabet than that of the checkpoint {prefix}: {difference}')
