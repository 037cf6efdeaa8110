"""Tests of reading.views."""
import numpy as np
import pytest

from reading import views
from reading.views import View, make_view


@pytest.mark.parametrize(('input_size', 'widths'),
                         [((100, 32), [100, 100, 80, 144]), ((8, 32), [8, 8, 8, 12])])
def test_the_widths_of_views_are_whole_frames(input_size, widths):
    assert [views.size_of(view, input_size) for view in views.FURTHER] == [(width, 32) for width in widths]


@pytest.mark.parametrize(('size', 'factor', 'width'), [
    ((100, 32), 1.0, 100), ((300, 32), 1.0, 280), ((900, 32), 1.0, 280), ((20, 64), 1.0, 32),
    ((128, 64), 1.0, 64),
    ((400, 64), 1.0, 196), ((400, 64), 0.77, 156)])
def test_an_own_width_is_the_offered_one_nearest_to_the_images_shape(size, factor, width):
    image = np.zeros([size[1], size[0], 3], np.uint8)
    assert make_view(View(has_own_width=True, width=factor), image, (100, 32)).shape == (32, width, 3)


def test_quarter_turns_are_for_upright_images_alone():
    upright, flat = np.zeros([100, 60, 3], np.uint8), np.zeros([60, 60, 3], np.uint8)
    assert views.is_for(View(quarter_turns=1), upright)
    assert not views.is_for(View(quarter_turns=1), flat)
    assert views.is_for(View(), flat)
    upright[:10] = 255   # counter-clockwise the top goes to the left
    assert make_view(View(quarter_turns=1), upright, (100, 32))[:, 2].min() == 255


def test_a_shear_and_a_turn_hold_the_whole_image_and_go_on_at_the_edge_as_there():
    image = np.full([40, 80, 3], 90, np.uint8)
    for view in (View(shear=0.25), View(turn=10), View(shear=-0.25, turn=-5)):
        assert np.unique(make_view(view, image, (100, 32))).tolist() == [90]
    image[:, 38:42] = 255   # an upright bar
    def bar(view):
        pixels = make_view(view, image, (100, 32))[:, :, 0].astype(float)
        return [np.average(np.arange(100), weights=line) for line in (pixels[4] - 80, pixels[27] - 80)]
    top, bottom = bar(View(shear=0.25))
    assert top < bottom - 3
    top, bottom = bar(View(turn=-8))   # clockwise: the top goes to the right
    assert top > bottom + 1


def test_a_blur_keeps_the_size_and_smooths():
    image = np.zeros([32, 100, 3], np.uint8)
    image[:, 50] = 255
    sharp, blurred = make_view(View(), image, (100, 32)), make_view(View(blur=0.8), image, (100, 32))
    assert blurred.shape == sharp.shape
    assert 0 < blurred[16, 51, 0] < blurred[16, 50, 0] < sharp[16, 50, 0]


def test_the_views_of_a_large_image_are_made_at_once_and_are_the_same(rng, monkeypatch):
    image = rng.integers(0, 256, [200, 60, 3], np.uint8)
    later = views.ViewedImage(image, (24, 32), views.FEW)
    monkeypatch.setattr(views, 'LARGE_IMAGE', 60 * 200 - 1)
    at_once = views.ViewedImage(image.copy(), (24, 32), views.FEW)
    assert at_once._image is None
    assert np.array_equal(later.first, at_once.first)
    for number, views_of_round in enumerate(views.FEW):
        assert [view for view, _ in later.further(number)] == list(views_of_round)
        for (_, one), (_, other) in zip(later.further(number), at_once.further(number), strict=True):
            assert np.array_equal(one, other)
