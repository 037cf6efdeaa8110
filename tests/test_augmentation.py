"""Tests of data_provider.augmentation."""
import numpy as np

from data_provider.augmentation import augment


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
