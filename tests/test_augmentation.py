"""Tests of data_provider.augmentation."""
import numpy as np
import pytest

from data_provider import augmentation
from data_provider.augmentation import augment, rand_augment, rand_augment_batch


def test_the_seed_decides_the_images(rng):
    images = rng.integers(0, 256, (6, 32, 100, 3), np.uint8)
    np.testing.assert_array_equal(augment(images, [1, 2]), augment(images, [1, 2]))
    assert not np.array_equal(augment(images, [1, 2]), augment(images, [1, 3]))


def test_each_image_varies_in_its_own_way(rng):
    images = np.repeat(rng.integers(0, 256, (1, 32, 100, 3), np.uint8), 8, axis=0)
    assert len({image.tobytes() for image in augment(images, [0])}) == 8


def test_half_of_the_images_are_inverted_and_what_is_one_colour_stays_so():
    images = np.full((400, 32, 100, 3), 10, np.uint8)
    values = augment(images, [7]).reshape(400, -1)
    assert set(np.unique(values)) == {10, 245}
    assert 150 < (values[:, 0] == 245).sum() < 250


def test_a_word_stays_in_its_image():
    images = np.zeros((200, 32, 100, 3), np.uint8)
    images[:, 5:27, 8:92] = 255
    for varied in augment(images, [5]):
        border = np.concatenate([varied[0], varied[-1], varied[:, 0], varied[:, -1]])
        assert np.ptp(border.astype(int)) <= 1
        middle = int(varied[16, 50, 0])
        assert abs(middle - int(border[0, 0])) > 200


class Chances:
    """In place of a numpy.random.Generator: the same number each time."""

    def __init__(self, number, integer=0):
        self.number, self.integer = number, integer

    def random(self):
        return self.number

    def integers(self, *_):
        return self.integer


@pytest.mark.parametrize(('operation', 'chances', 'expected'), [
    ('invert', Chances(0), [255, 155, 55, 0]),
    ('brightness', Chances(0), [0, 55, 110, 140]),            # times 0.55
    ('contrast', Chances(0), [62, 117, 172, 203]),            # 0.55 of the way from the mean, 138.75
    ('posterize', Chances(0, 5), [0, 96, 192, 224]),          # 3 bits
    ('solarize', Chances(1), [0, 100, 55, 0]),                # from 128 on
    ('colour', Chances(0), [0, 100, 200, 255]),               # grey stays
    ('autocontrast', Chances(0), [0, 100, 200, 255]),
    ('equalize', Chances(0), [0, 85, 170, 255]),
])
def test_an_operation_on_tones_gives_the_tones_worked_out_by_hand(operation, chances, expected):
    image = np.repeat(np.uint8([[0, 100, 200, 255]])[..., None], 3, axis=2)
    result = getattr(augmentation, f'_{operation}')(image, chances)
    np.testing.assert_array_equal(result, np.repeat(np.uint8([expected])[..., None], 3, axis=2))


def test_colour_moves_pixels_towards_the_grey_of_their_brightness():
    image = np.uint8([[[0, 0, 200]]])   # red, whose grey is 60
    np.testing.assert_array_equal(augmentation._colour(image, Chances(0)), [[[27, 27, 137]]])


@pytest.mark.parametrize('operation', ['rotate', 'shear'])
@pytest.mark.parametrize('chances', [Chances(0), Chances(1), Chances(0, 1), Chances(1, 1)])
def test_turning_and_slanting_leave_all_of_a_word_in_its_image(operation, chances):
    image = np.zeros((32, 100, 3), np.uint8)
    image[1:-1, 1:-1] = 255
    turned = getattr(augmentation, f'_{operation}')(image, chances)
    border = np.concatenate([turned[0], turned[-1], turned[:, 0], turned[:, -1]])
    assert border.mean() < 128
    assert turned[16, 50, 0] == 255


def test_noise_is_the_stronger_the_brighter_and_blur_keeps_the_mean(rng):
    image = np.zeros((32, 100, 3), np.uint8)
    image[:, 50:] = 200
    noisy = augmentation._poisson_noise(image, np.random.default_rng(1)).astype(int)
    assert noisy[:, :50].std() == 0
    assert noisy[:, 50:].std() > 5
    blurred = augmentation._gaussian_blur(image, Chances(1))
    assert blurred.mean() == pytest.approx(image.mean(), abs=1)
    assert 0 < blurred[16, 49, 0] < blurred[16, 50, 0] < 200


def test_seed_and_row_decide_how_an_image_is_varied_whatever_the_batch(rng):
    images = rng.integers(0, 256, (6, 32, 100, 3), np.uint8)
    whole = rand_augment_batch(images, [1, 2], 0, 3)
    np.testing.assert_array_equal(whole[4:], rand_augment_batch(images[4:], [1, 2], 4, 3))
    assert not np.array_equal(whole, rand_augment_batch(images, [1, 3], 0, 3))
    assert len({image.tobytes() for image in rand_augment_batch(images[[0] * 8], [0], 0, 3)}) == 8


def test_so_many_operations_are_applied_as_asked(rng, monkeypatch):
    monkeypatch.setattr(augmentation, 'OPERATIONS', [lambda image, _: image + 1])
    image = np.zeros((4, 5, 3), np.uint8)
    assert [int(rand_augment(image, rng, operations).max()) for operations in (0, 1, 3)] == [0, 1, 3]
