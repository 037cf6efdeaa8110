"""Where the batches of a training come from: records, or words that are drawn while it trains."""
import contextlib

import tensorflow.compat.v1 as tf

from crnnmodel import geometry
from data_provider.batches import BatchSlice
from data_provider.drawing import drawn_words, fonts, text_style, word_texts
from data_provider.drawing.drawn_batches import drawn_batches
from local_utils import log_utils, parallel, session_utils
from training.settings import TrainingSettings

PROCESSORS_FED = 8   # processors that train what one draws, at least


def make_drawer(words_path, font_dirs, codec, input_size, settings: TrainingSettings) -> drawn_words.DrawnWords:
    """Return what draws the words of a list for training; raises what reading it and finding fonts raises."""
    max_frames = geometry.time_steps(input_size)
    words = word_texts.expressible_words(word_texts.read_words(words_path), codec, max_frames)
    font_paths = fonts.find_fonts(font_dirs)
    log_utils.init_logger().info('drawing training samples of %d words in the fonts of %d files', len(words),
                                 len(font_paths))
    return drawn_words.DrawnWords(
        words=words, font_paths=font_paths, codec=codec, styles=text_style.STYLES[settings.drawn_style],
        seed=settings.seed, input_size=input_size, max_frames=max_frames,
        plain_samples=settings.drawn_plain_steps * settings.batch_size // settings.drawn_repeats,
        rand_augment=settings.rand_augment)


def draw_in_background(drawer, settings: TrainingSettings):
    """Return the context, for `with`, of what draws training samples, or of None without a drawer."""
    if not drawer:
        return contextlib.nullcontext()
    number = num_drawing_processes(settings)
    log_utils.init_logger().info('drawing in %s', f'{number} processes of their own' if number else 'this process')
    return drawn_words.drawing(drawer, number)


def num_drawing_processes(settings: TrainingSettings) -> int:
    """Return in how many processes beside this one words are drawn: a GPU trains on more than all processors draw."""
    processors = parallel.usable_cores()
    return settings.drawing_processes or (
        processors - 1 if session_utils.has_gpu() else processors // PROCESSORS_FED)


def batches_of_worker(provider, draw, batch_slice: BatchSlice, first_step: int,
                      settings: TrainingSettings) -> tf.data.Dataset:
    """Return the dataset of the batches of this worker's replicas, one after the other.

    Args:
        provider: data_provider.TextDataProvider of the records.
        draw: what draws the samples in their place, see `draw_in_background`; None for the records.
        batch_slice: the worker's replicas.
        first_step: the steps done so far.
        settings: TrainingSettings.
    """
    if draw:
        return drawn_batches(draw, batch_size=settings.batch_size, input_size=provider.input_size,
                             first_batch=first_step, batch_slice=batch_slice, repeats=settings.drawn_repeats)
    return provider.training_batches(
        batch_size=settings.batch_size, shuffle_buffer=settings.shuffle_buffer, seed=settings.seed,
        first_batch=first_step, augmented=settings.augment, rand_augment=settings.rand_augment,
        batch_slice=batch_slice)
