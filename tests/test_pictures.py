"""Tests of local_utils.pictures."""
import numpy as np
import pytest

from local_utils import pictures


def grey_image(height, width):
    return np.full((height, width, 3), 128, np.uint8)


def colours_of_captions(drawn, columns):
    """Return whether there is red, and whether there is green, under each word of the first row."""
    height = pictures.TILE_SIZE[1] + pictures.TILE_MARGIN
    captions = np.split(drawn[height:height + pictures.TEXT_HEIGHT].astype(int), columns, axis=1)
    return [((caption[..., 2] - caption[..., 1] > 60).any(), (caption[..., 1] - caption[..., 2] > 60).any())
            for caption in captions]


def test_mistakes_are_red_and_what_is_right_or_not_known_is_green():
    examples = [(grey_image(32, 100), 'word', 'word', 0.9), (grey_image(32, 100), 'word', 'ward', 0.2),
                (grey_image(32, 100), None, 'ward', 0.2)]
    drawn = pictures.draw_readings(examples, columns=3)
    assert colours_of_captions(drawn, 3) == [(False, True), (True, False), (False, True)]


def test_words_of_all_sizes_stand_side_by_side_in_proportion():
    images = [grey_image(20, 300), grey_image(900, 60), grey_image(1, 2000)]
    drawn = pictures.draw_readings([(image, None, '', 0.5) for image in images], columns=2)
    height, width = 2 * (80 + 12 + 24), 2 * (220 + 12)
    assert drawn.shape == (height, width, 3)
    long, tall = ((part == 128).all(2) for part in np.split(drawn[:80 + 12], 2, axis=1))
    assert [long.any(1).sum(), long.any(0).sum()] == pytest.approx([220 * 20 / 300, 220], abs=1)
    assert [tall.any(1).sum(), tall.any(0).sum()] == pytest.approx([80, 80 * 60 / 900], abs=1)
    assert (drawn[height // 2:, width // 2:] == 255).all()   # there is no fourth word
