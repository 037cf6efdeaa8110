"""Tests of reading.views."""
import cv2
import numpy as np
import pytest

from reading import views
from reading.views import View, make_view


@pytest.mark.parametrize(('input_size', 'widths'),
                         [((100, 32), [100, 100, 80, 144]), ((8, 32), [8, 8, 8, 12])])
def test_the_widths_of_views_are_whole_frames(input_size, widths):
    assert [views.size_of(view, input_size) for view in views.FURTHER] == [(width, 32) for width in widths]


@pytest.mark.parametrize(('size', 'factor', 'width'), [
    ((100, 32), 1.0, 100), ((300, 32), 1.0, 280), ((900, 32), 1.0, 280), ((20, 64), 1.0, 40),
    ((128, 64), 1.0, 60), ((400, 64), 1.0, 200), ((400, 64), 0.77, 140)])
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


def test_a_shear_leans_the_whole_image_and_goes_on_at_the_edge_as_there():
    image = np.full([40, 80, 3], 90, np.uint8)
    for view in (View(shear=0.25), View(shear=-0.25), View(turn=10), View(shear=0.25, turn=-5)):
        assert np.unique(make_view(view, image, (100, 32))).tolist() == [90]
    image[:, 38:42] = 255   # an upright bar
    pixels = make_view(View(shear=0.25), image, (100, 32))[:, :, 0].astype(float)
    top, bottom = (np.average(np.arange(100), weights=line) for line in (pixels[4] - 80, pixels[27] - 80))
    assert top < bottom - 3


@pytest.mark.parametrize('degrees', [-35, -20, 5, 30])
def test_a_turn_brings_an_inclined_word_upright_and_cuts_to_it(degrees):
    word = np.full([24, 96, 3], 200, np.uint8)
    word[:, 48:] = 60   # dark on the right
    angle = np.deg2rad(degrees)
    size = np.array([[np.cos(angle), abs(np.sin(angle))], [abs(np.sin(angle)), np.cos(angle)]]) @ [96, 24]
    inclined = cv2.getRotationMatrix2D((48, 12), -degrees, 1.0)   # clockwise, what the view undoes
    inclined[:, 2] += size / 2 - [48, 12]
    image = cv2.warpAffine(word, inclined, np.ceil(size).astype(int).tolist(), borderValue=(0, 0, 0))
    view = View(turn=degrees, has_own_width=True)
    assert views.is_for(view, image)
    pixels = make_view(view, image, (100, 32))
    assert pixels.shape == (32, 140, 3)   # of 96 x 24, the offered width nearest to 128
    assert np.all(np.abs(pixels[4:28, 4:64].astype(int) - 200) < 8)
    assert np.all(np.abs(pixels[4:28, 76:136].astype(int) - 60) < 8)


def test_a_turn_is_for_images_alone_that_can_hold_a_word_so_inclined():
    flat, square, upright = (np.zeros([*size, 3], np.uint8) for size in ((30, 120), (60, 60), (120, 30)))
    assert [views.is_for(View(turn=20), image) for image in (flat, square, upright)] == [False, True, False]
    assert [views.is_for(View(turn=-5), image) for image in (flat, square, upright)] == [True, True, True]
    assert views.is_for(View(quarter_turns=1, turn=5), upright)
    assert not views.is_for(View(quarter_turns=1, turn=20), upright)


def test_a_blur_keeps_the_size_and_smooths():
    image = np.zeros([32, 100, 3], np.uint8)
    image[:, 50] = 255
    sharp, blurred = make_view(View(), image, (100, 32)), make_view(View(blur=0.8), image, (100, 32))
    assert blurred.shape == sharp.shape
    assert 0 < blurred[16, 51, 0] < blurred[16, 50, 0] < sharp[16, 50, 0]


def test_further_views_are_those_of_the_image_and_only_those_that_are_for_it(rng):
    image = rng.integers(0, 256, [200, 60, 3], np.uint8)
    viewed = views.ViewedImage(image, (24, 32), views.FEW)
    assert viewed.size == (60, 200)
    assert np.array_equal(viewed.first, make_view(views.FIRST, image, (24, 32)))
    for number, of_round in enumerate(views.FEW):
        made = viewed.further(number)
        assert [view for view, _ in made] == [view for view in of_round if views.is_for(view, image)]
        for view, pixels in made:
            assert np.array_equal(pixels, make_view(view, image, (24, 32)))


def test_of_a_large_image_a_smaller_one_is_kept_which_gives_nearly_the_same_views():
    image = np.full([1200, 3000, 3], 40, np.uint8)
    image[300:900, 500:2500] = 200
    viewed = views.ViewedImage(image, (100, 32), views.FEW)
    assert viewed._image.nbytes <= 3 * views.KEPT_PIXELS
    assert np.array_equal(viewed.first, make_view(views.FIRST, image, (100, 32)))
    for number in range(len(views.FEW)):
        for view, pixels in viewed.further(number):
            expected = make_view(view, image, (100, 32))
            assert pixels.shape == expected.shape
            assert np.abs(pixels.astype(int) - expected).mean() < 4, view
    assert views.ViewedImage(np.zeros([2, 200000, 3], np.uint8), (100, 32), views.FEW)._image.shape[0] == 1


@pytest.mark.parametrize('size', [(1, 30000), (30000, 1), (2, 200000), (50000, 3)])
def test_a_strip_is_kept_short_so_that_no_view_of_it_is_large(monkeypatch, size):
    made = []   # the bytes of each view before it is resized to the network's height
    resize = views.image_file.resize
    monkeypatch.setattr(views.image_file, 'resize',
                        lambda image, size: made.append(image.size) or resize(image, size))
    viewed = views.ViewedImage(np.zeros([*size, 3], np.uint8), (100, 32), views.MANY)
    made.clear()   # of the first view, of the whole image
    viewed.further(0)
    assert made
    assert max(made) < 64 * views.KEPT_PIXELS


def test_each_round_of_views_has_a_confidence_that_is_enough_for_it_and_later_ones_no_higher_one():
    assert max(map(len, views.SETS.values())) <= len(views.ENOUGH)
    assert list(views.ENOUGH) == sorted(views.ENOUGH, reverse=True)
