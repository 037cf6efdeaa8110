"""Where the batches of a training come from: records, or words that are drawn while it trains."""
import contextlib

import tensorflow.compat.v1 as tf

from crnnmodel import geometry
from data_provider.batches import Batch, BatchSlice, prefetched
from data_provider.drawing import drawn_words, fonts, text_style, word_texts
from data_provider.drawing.drawn_batches import drawn_batches
from local_utils import files, log_utils, parallel, record_files, session_utils, visible
from training.settings import TrainingSettings

PROCESSORS_FED = 8      # processors that train what one draws, at least
MANY_SAMPLES = 20000    # with which a network learns what it is to read, and needs no drawn words beside them


def make_drawer(words_path: str, font_dirs: list[str] | None, provider, settings: TrainingSettings, *,
                plain_first: bool = True) -> drawn_words.DrawnWords:
    """Return what draws the words of a list for training; raises what reading it and finding fonts raises.

    Args:
        words_path: the list.
        font_dirs: folders of fonts; None for OpenCV's own and the system's.
        provider: data_provider.TextDataProvider, for its alphabet and the size of its images.
        settings: TrainingSettings.
        plain_first: whether the first words are plain, as they have to be for a network that reads nothing
            yet.
    """
    max_frames = geometry.time_steps(provider.input_size)
    font_paths = fonts.find_fonts(font_dirs)
    words = word_texts.usable_words(word_texts.read_words(words_path), provider.codec, max_frames,
                                    fonts.FontChooser(font_paths).drawable)
    drawn, files_taken = visible.counted(len(words), 'word'), visible.counted(len(font_paths), 'file')
    log_utils.init_logger().info('drawing training samples of %s in the fonts of %s', drawn, files_taken)
    plain_steps = settings.drawn_plain_steps if plain_first else 0
    return drawn_words.DrawnWords(words=words, font_paths=font_paths, codec=provider.codec,
                                  styles=text_style.STYLES[settings.drawn_style], seed=settings.seed,
                                  input_size=provider.input_size, max_frames=max_frames,
                                  plain_samples=plain_steps * settings.batch_size // settings.drawn_repeats,
                                  rand_augment=settings.rand_augment)


def make_companion(font_dirs: list[str] | None, provider,
                   settings: TrainingSettings) -> drawn_words.DrawnWords | None:
    """Return what draws words of the project's list to mix with few records; None where that helps nothing.

    A network that learns from a few hundred words alone forgets the others.
    """
    logger, num_samples = log_utils.init_logger(), provider.num_samples(record_files.TRAIN)
    if num_samples >= MANY_SAMPLES or not settings.drawn_fraction:
        return None
    words_path = files.repository_path('data', 'words.txt')
    codec, max_frames = provider.codec, geometry.time_steps(provider.input_size)
    if not any(word_texts.is_expressible(word, codec, max_frames)
               for word in word_texts.read_words(words_path)):
        logger.info('no drawn words are mixed in: the alphabet writes none of %s', words_path)
        return None
    logger.info('%d%% of each batch are words of %s, drawn, so that the network keeps reading them '
                '(TRAIN.DRAWN_FRACTION)', round(100 * settings.drawn_fraction), words_path)
    return make_drawer(words_path, font_dirs, provider, settings, plain_first=False)


def draw_in_background(drawer, settings: TrainingSettings) -> contextlib.AbstractContextManager:
    """Return the context, for `with`, of what draws training samples, or of None without a drawer."""
    if not drawer:
        return contextlib.nullcontext()
    number = num_drawing_processes(settings)
    where = f'{visible.counted(number, "process")} of their own' if number else 'this process'
    log_utils.init_logger().info('drawing in %s', where)
    return drawn_words.drawing(drawer, number)


def num_drawing_processes(settings: TrainingSettings) -> int:
    """Return in how many processes beside this one words are drawn: a GPU trains on more than all draw."""
    processors = parallel.usable_cores()
    return settings.drawing_processes or (
        processors - 1 if session_utils.has_gpu() else processors // PROCESSORS_FED)


def batches_of_worker(provider, draw, batch_slice: BatchSlice, first_step: int,
                      settings: TrainingSettings) -> tf.data.Dataset:
    """Return the dataset of the batches of this worker's replicas, one after the other.

    Args:
        provider: data_provider.TextDataProvider of the records.
        draw: what draws `drawn_fraction` of each batch, see `draw_in_background`; None for records alone.
        batch_slice: the worker's replicas.
        first_step: the steps done so far.
        settings: TrainingSettings.
    """
    num_drawn = num_drawn_samples(batch_slice.total, settings) if draw else 0
    parts = []
    if num_drawn < settings.batch_size:
        parts.append(provider.training_batches(batch_size=settings.batch_size - num_drawn,
                                               shuffle_buffer=settings.shuffle_buffer, seed=settings.seed,
                                               first_batch=first_step, augmented=settings.augment,
                                               rand_augment=settings.rand_augment, batch_slice=batch_slice))
    if num_drawn:
        parts.append(drawn_batches(draw, batch_size=num_drawn, input_size=provider.input_size,
                                   first_batch=first_step, batch_slice=batch_slice,
                                   repeats=settings.drawn_repeats))
    return parts[0] if len(parts) == 1 else prefetched(tf.data.Dataset.zip(tuple(parts)).map(joined))


def num_drawn_samples(num_replicas: int, settings: TrainingSettings) -> int:
    """Return how many samples of each batch are drawn, the same number for each replica."""
    return num_replicas * round(settings.drawn_fraction * settings.batch_size / num_replicas)


def joined(first: Batch, second: Batch) -> Batch:
    """Return the samples of two Batches as one."""
    return Batch(images=tf.concat([first.images, second.images], 0),
                 labels=tf.sparse.concat(0, [first.labels, second.labels], expand_nonconcat_dim=True),
                 imagenames=tf.concat([first.imagenames, second.imagenames], 0))
