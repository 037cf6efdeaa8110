"""Tests of crnnmodel.int8 and reading.calibration, and of a network that reads with them."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import int8
from local_utils import session_utils
from local_utils.errors import InputError
from reading import ReadingSettings, Recogniser, calibration, engines
from tests.small_checkpoint import architecture, rewrite, save

needs_int8 = pytest.mark.skipif(not session_utils.has_fast_int8(),
                                reason='needs a processor with AMX or AVX512-VNNI')

POOLS = [(2, 2), (2, 1), None]
CHANNELS = [3, 16, 24, 32]


@pytest.fixture
def kernels(rng):
    return [rng.normal(size=(3, 3, *shape)).astype(np.float32)
            for shape in zip(CHANNELS, CHANNELS[1:], strict=False)]


def in_float(images, kernels, pixel_range):
    """Return the outputs of each convolution after ReLU, before the pooling, and the last's."""
    low, high = pixel_range
    outputs, of_layers = tf.cast(images, tf.float32) * ((high - low) / 255) + low, []
    for kernel, pool in zip(kernels, POOLS, strict=True):
        outputs = tf.nn.relu(tf.nn.conv2d(outputs, kernel, 1, 'SAME'))
        of_layers.append(outputs)
        outputs = tf.nn.max_pool2d(outputs, pool, pool, 'VALID') if pool else outputs
    return of_layers


def both(images, kernels, pixel_range, last_factor=1.0):
    """Return what the convolutions make in float32 and in int8, the largest outputs, and those in float32.

    Args:
        last_factor: of the largest outputs of the last convolution, what is said to be the largest.
    """
    with tf.Graph().as_default(), tf.Session() as session:
        expected = session.run(in_float(images, kernels, pixel_range))
        largest = [np.maximum(layer.max(axis=(0, 1, 2)), 1e-3 * layer.max()) for layer in expected]
        largest[-1] = last_factor * largest[-1]
        codes, steps = int8.convolutions(tf.constant(images), kernels, POOLS, pixel_range, largest)
        assert codes.dtype == tf.uint8
        return expected[-1], session.run(codes) * steps, largest[-1]


@needs_int8
@pytest.mark.parametrize('pixel_range', [(-1.0, 1.0), (0.0, 255.0), (3.0, -2.0), (100.0, 101.0)])
def test_convolutions_in_int8_are_off_by_a_few_hundredths(rng, kernels, pixel_range):
    images = rng.integers(0, 256, (3, 32, 20, 3), np.uint8)
    expected, outputs, _ = both(images, kernels, pixel_range)
    assert outputs.shape == expected.shape
    assert np.std(outputs - expected) < 0.03 * expected.std()


@needs_int8
@pytest.mark.parametrize('grey', [0, 255])
def test_at_the_border_there_is_nothing_whatever_black_is(kernels, grey):
    expected, outputs, _ = both(np.full((1, 32, 20, 3), grey, np.uint8), kernels, (-1.0, 1.0))
    inside, corner = expected[0, 4, 5], expected[0, 0, 0]
    assert np.abs(inside - corner).max() > 0.2 * expected.max()   # which the border makes
    assert np.abs(outputs - expected).max() < 0.05 * expected.max()


@needs_int8
def test_what_is_larger_than_the_largest_becomes_as_large(rng, kernels):
    images = rng.integers(0, 256, (1, 32, 20, 3), np.uint8)
    expected, outputs, largest = both(images, kernels, (-1.0, 1.0), last_factor=0.25)
    assert np.std(outputs - np.minimum(expected, largest)) < 0.03 * expected.std()
    np.testing.assert_allclose(outputs.max(axis=(0, 1, 2)), largest, rtol=1e-6)


def test_a_weight_is_spread_over_channels_to_the_nearest_sum(rng):
    weights = rng.uniform(-1900, 1900, (3, 3, 5))
    weights[0, 0, 0] = 2000
    parts = int8._spread(weights)
    assert parts.shape == (3, 3, 16, 5)
    assert np.abs(parts).max() <= int8.LARGEST_WEIGHT
    assert np.array_equal(parts.sum(axis=2), np.round(weights))
    assert int8._spread(np.zeros((3, 3, 5))).shape == (3, 3, 0, 5)


def test_a_network_whose_black_is_far_from_nothing_has_no_int8(tmp_path):
    assert int8.can_take((100.0, 101.0)) and int8.can_take((1.0, -1.0))
    for pixel_range, is_int8 in (((-1.0, 1.0), session_utils.has_fast_int8()), ((1000.0, 1001.0), False)):
        prefix, _ = save(tmp_path / str(is_int8), architecture(pixel_range=pixel_range))
        engine = engines.open_engine(prefix, ReadingSettings(engine=engines.TENSORFLOW))
        assert engine._kernels.int8 is is_int8


def test_the_words_to_calibrate_with_are_always_the_same_and_full_of_contrast():
    words = calibration.draw_words(20, (100, 32))
    assert words.shape == (20, 32, 100, 3)
    assert np.array_equal(words, calibration.draw_words(20, (100, 32)))
    assert len({word.tobytes() for word in words}) == 20
    assert min(word.max() - word.min() for word in words) > 200


def test_the_largest_outputs_are_those_of_the_words_and_never_nothing(kernels):
    kernels[1][..., 5] = 0
    largest = calibration.largest_outputs(kernels, POOLS, (-1.0, 1.0), (100, 32), tf.float32)
    words = calibration.draw_words(calibration.NUM_WORDS, (100, 32))
    with tf.Graph().as_default(), tf.Session() as session:
        expected = [layer.max(axis=(0, 1, 2)) for layer in session.run(in_float(words, kernels, (-1.0, 1.0)))]
    assert [len(layer) for layer in largest] == CHANNELS[1:]
    assert largest[1][5] == pytest.approx(calibration.SMALLEST * expected[1].max())
    for ours, theirs in zip(largest, expected, strict=True):
        np.testing.assert_allclose(ours[theirs > 0], theirs[theirs > 0], rtol=1e-5)


def test_a_network_without_weights_still_has_steps():
    kernels = [np.zeros((3, 3, *shape), np.float32) for shape in zip(CHANNELS, CHANNELS[1:], strict=False)]
    largest = calibration.largest_outputs(kernels, POOLS, (-1.0, 1.0), (100, 32), tf.float32)
    assert all((layer == 1).all() for layer in largest)


def logits_of(prefix, precision, images):
    settings = ReadingSettings(engine=engines.TENSORFLOW, precision=precision)
    return engines.open_engine(prefix, settings).logits(images)


@needs_int8
@pytest.mark.parametrize(('pixel_range', 'conv_channels'), [
    ((-1.0, 1.0), 16), ((0.0, 255.0), 16), ((1.0, -1.0), 3), ((5.0, 6.0), 5)])
def test_a_network_in_int8_gives_about_the_logits_of_float32_for_any_width_and_number(
        tmp_path, pixel_range, conv_channels):
    form = architecture(input_size=(48, 32), conv_channels=conv_channels, pixel_range=pixel_range)
    prefix, _ = save(tmp_path, form)
    words = calibration.draw_words(9, (48, 32))
    for images in (words, words[:1], words[:, :, :20]):
        expected, logits = (logits_of(prefix, precision, images) for precision in ('float32', 'int8'))
        assert logits.shape == expected.shape
        # a quarter of random weights' logits, which are near 0
        assert np.std(logits - expected) < 0.25 * expected.std()


@needs_int8
def test_weights_that_are_too_large_are_refused_in_int8_too(tmp_path):
    save(tmp_path, architecture())
    prefix = rewrite(tmp_path, lambda tensors: {
        name: np.full_like(value, 1e38) if name == 'shadow/conv3/W' else value
        for name, value in tensors.items()})
    with pytest.raises(InputError, match='no finite numbers'):
        logits_of(prefix, 'int8', calibration.draw_words(2, (16, 32)))


@needs_int8
def test_the_bundled_weights_read_a_word_in_int8():
    settings = ReadingSettings(engine=engines.TENSORFLOW, precision='int8')
    reading, = Recogniser.open('bundled', settings=settings).read(['docs/word.jpg'])
    expected, = Recogniser.open('bundled', settings=settings._replace(precision='float32')).read(
        ['docs/word.jpg'])
    assert reading.text == expected.text
    assert reading.confidence == pytest.approx(expected.confidence, abs=0.05)
