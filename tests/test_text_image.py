"""Tests of data_provider.drawing.text_image, text_mask, text_style and camera: pictures of words."""
import cv2
import numpy as np
import pytest

from data_provider.drawing import (
    camera,
    colours,
    fonts,
    letter_paint,
    letter_parts,
    text_image,
    text_mask,
    text_style,
)
from data_provider.drawing.text_style import LEGIBLE, PLAIN, RICH, STYLES, WORN, Effect, Style, choose

ALWAYS_ON = {name: effect._replace(probability=1.0) for name, effect in RICH._asdict().items()}


def draw(text='word', seed=0, style=RICH, neighbour=''):
    return text_image.draw_word(text, fonts.load_font('sans'), np.random.default_rng(seed), style, neighbour)


def grey_of(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)


def test_an_effect_comes_as_often_and_as_strong_as_it_says(rng):
    values = [Effect(0.25, 2, 4).draw(rng) for _ in range(4000)]
    strengths = [value for value in values if value is not None]
    assert 0.22 < len(strengths) / 4000 < 0.28
    assert 2 <= min(strengths) < 2.1
    assert 3.9 < max(strengths) <= 4


def test_a_power_makes_strong_effects_rare(rng):
    strengths = [Effect(1.0, 10, 30, 3).draw(rng) for _ in range(2000)]
    assert min(strengths) >= 10
    assert max(strengths) > 28
    assert 0.1 < np.mean(np.array(strengths) > 20) < 0.3   # 1 - 0.5 ** (1 / 3) = 0.21


def test_each_of_several_styles_is_chosen(rng):
    assert {choose(STYLES['rich'], rng) for _ in range(100)} == {RICH, LEGIBLE, WORN, PLAIN}
    assert choose(STYLES['plain'], rng) is PLAIN


@pytest.mark.parametrize('style', [PLAIN, RICH, LEGIBLE, WORN], ids=['plain', 'rich', 'legible', 'worn'])
def test_every_word_becomes_a_picture_of_its_own(style):
    pictures = [draw('word', seed, style, 'other') for seed in range(60)]
    assert len({picture.tobytes() for picture in pictures}) == 60
    for picture in pictures:
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert min(picture.shape[:2]) >= 2


@pytest.mark.parametrize('name', Style._fields)
def test_each_effect_at_its_strongest_still_draws(name):
    strongest = RICH._asdict()[name]
    style = PLAIN._replace(**{name: Effect(1.0, strongest.high, strongest.high)})
    for text in ('i', 'word', 'wordwordwordword'):
        assert np.ptp(grey_of(draw(text, 3, style, 'neighbour'))) > 20


def test_all_effects_together_still_draw():
    for seed in range(30):
        assert np.ptp(draw('Word', seed, Style(**ALWAYS_ON), 'other')) > 0


SOMETIMES = [name for name, effect in RICH._asdict().items()
             if effect.probability < 1 and name != 'saturation']


class Idle(Effect):
    """An effect that takes its numbers from the generator, so that all else stays, and then does not come."""

    def draw(self, rng):
        super().draw(rng)


@pytest.mark.parametrize('name', SOMETIMES)
def test_each_effect_changes_the_picture(name):
    quiet = {field: Effect(0.0, 0, 0) for field in ('slant', 'gradient', 'focus_blur', 'noise')}
    still = PLAIN._replace(**quiet, saturation=Effect(1.0, 0.8, 0.8))
    if name in ('ring_turn', 'ring_picture'):
        still = still._replace(ring=Effect(1.0, 1, 1))
    _, low, high, _ = RICH._asdict()[name]
    weak = Effect(1.0, low, low) if low < high else Idle(1.0, low, low)
    weaker, stronger = (draw('wOrd', 1, still._replace(**{name: effect}), 'other')
                        for effect in (weak, Effect(1.0, high, high)))
    assert not np.array_equal(weaker, stronger)


def test_the_letters_of_a_script_are_not_parted():
    parted = RICH._replace(spacing=Effect(1.0, 1, 1), jumble=Effect(1.0, 0.1, 0.1))
    script = text_style.for_kind(parted, 'script')
    assert (script.spacing.probability, script.jumble.probability) == (0, 0)
    assert text_style.for_kind(parted, 'display') == parted


def test_plain_words_stand_out_from_their_background():
    for seed in range(30):
        assert np.ptp(cv2.GaussianBlur(grey_of(draw('word', seed, PLAIN)), (0, 0), 1)) > 40


def test_longer_words_are_wider():
    style = PLAIN._replace(slant=Effect(0.0, 0, 0), height=Effect(1.0, 32, 32), margin=Effect(1.0, 0.1, 0.1))
    short, medium, long = (draw(word, 1, style).shape[1] for word in ('h', 'hood', 'hoodhood'))
    assert short < medium < long


def test_a_thin_letter_that_is_cropped_does_not_vanish():
    style = PLAIN._replace(margin=Effect(1.0, -0.3, -0.3), slant=Effect(0.0, 0, 0),
                           height=Effect(1.0, 32, 32))
    image = draw('l', style=style)
    assert min(image.shape[:2]) >= 2
    assert np.ptp(image) > 0


def test_nothing_of_a_word_is_cut_off_by_a_margin():
    for seed in range(40):
        mask = text_mask.draw_shape('jaj', fonts.load_font('italic'), np.random.default_rng(seed), RICH).mask
        canvas = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
        assert mask.any()
        assert cv2.boundingRect(canvas) == (1, 1, mask.shape[1], mask.shape[0])


def test_an_arc_lifts_the_middle_or_lets_it_sink():
    line = np.full((20, 200), 255, np.uint8)
    for angle, is_lifted in ((1.0, True), (-1.0, False)):
        bent = text_mask._bent(line, angle).mask
        tops = (bent > 127).argmax(axis=0)
        middle, side = tops[bent.shape[1] // 2], tops[10]
        assert (middle < side) == is_lifted
        assert bent.shape[0] > 30


def test_a_strong_arc_of_a_short_word_keeps_its_letters():
    square = np.full((40, 30), 255, np.uint8)
    bent = text_mask._bent(square, 1.2).mask
    assert (bent > 127).sum() > 0.5 * square.size


@pytest.mark.parametrize('turn', [-1.0, -0.4, 0.7])
def test_a_turned_arc_stands_at_a_side_of_the_ring(turn):
    line = np.full((20, 120), 255, np.uint8)
    bent, straight_up = (text_mask._bent(line, 1.0, angle).mask for angle in (turn, 0))
    assert abs((bent > 127).sum() / (straight_up > 127).sum() - 1) < 0.03   # nothing of it is cut off
    ends = [np.flatnonzero(bent[:, column] > 127).mean() for column in (4, bent.shape[1] - 5)]
    assert (ends[0] > ends[1]) == (turn < 0)   # on the left of a ring the text climbs


def test_words_on_nearly_half_a_ring_are_whole():
    line = np.full((20, 200), 255, np.uint8)
    for angle in (2.0, 2.6, -2.6):
        assert abs((text_mask._bent(line, angle).mask > 127).sum() / line.size - 1) < 0.05


def test_the_ring_of_a_bent_text_goes_along_it():
    line = np.full((20, 200), 255, np.uint8)
    for angle, turn in ((2.0, 0), (-1.5, 0), (1.2, 0.8), (-1.2, -0.5)):
        mask, ((x, y), inner, outer) = text_mask._bent(line, angle, turn)
        rows, columns = np.nonzero(mask > 127)
        distances = np.hypot(columns - x, rows - y)
        assert distances.min() > inner - 2
        assert distances.max() < outer + 2


def test_lamps_are_as_many_as_asked_for(rng):
    block = np.full((45, 90), 255, np.uint8)
    lamps = letter_parts.as_lamps(block, 9, rng)
    middle = lamps[lamps.shape[0] // 18] > 127   # the middle of the first row
    assert np.count_nonzero(np.diff(middle.astype(int)) > 0) in (17, 18)


def test_a_stencil_parts_each_letter(rng):
    mask = text_mask.draw_shape('HOE', fonts.load_font('sans'), rng, PLAIN).mask
    before, after = (cv2.connectedComponents((image > 127).astype(np.uint8))[0] - 1
                     for image in (mask, letter_parts.with_gaps(mask, 3, rng)))
    assert before == 3
    assert after >= 6


def test_stitches_and_lines_leave_a_part_of_each_letter(rng):
    block = cv2.copyMakeBorder(np.full((40, 40), 255, np.uint8), 5, 5, 5, 5, cv2.BORDER_CONSTANT)
    for parts in (letter_parts.as_stitches(block, 5, rng), letter_parts.as_lines(block, 4)):
        assert 0.2 < (parts > 127).sum() / (block > 127).sum() < 0.9
        assert not parts[block == 0].any()


def test_solid_letters_have_sides_of_the_length_asked_for(rng):
    mask = cv2.copyMakeBorder(np.full((40, 20), 255, np.uint8), 20, 20, 20, 20, cv2.BORDER_CONSTANT)
    two = colours.Colours(np.zeros(3), np.full(3, 200.0))
    layers = letter_paint.layers_of(mask, two, rng, PLAIN._replace(depth=Effect(1.0, 0.2, 0.2)))
    x, y, width, height = cv2.boundingRect(layers[0].mask)
    assert 7 <= np.hypot(width - 20, height - 40) <= 9   # 0.2 of 40
    np.testing.assert_array_equal(layers[-1].mask, mask)


def test_words_contrast_with_their_ground_as_the_style_says(rng):
    for _ in range(100):
        background, text = colours.choose_colours(rng, RICH._replace(contrast=Effect(1.0, 60, 60)))
        assert abs((text - background) @ colours.GREY_OF_BGR) >= 60


def test_a_cut_takes_a_part_of_the_height():
    still = PLAIN._replace(slant=Effect(0.0, 0, 0), margin=Effect(1.0, 0, 0), text_size=Effect(1.0, 40, 40),
                           weight=Effect(1.0, 400, 400), height=Effect(1.0, 400, 400))
    whole, cut = (draw('HHH', 2, still._replace(cut=Effect(probability, 0.2, 0.2))).shape[0]
                  for probability in (0, 1))
    assert 0.75 < cut / whole < 0.85


def test_the_resolution_is_the_one_asked_for(rng):
    style = PLAIN._replace(height=Effect(1.0, 20, 20))
    assert camera.photograph(np.zeros((40, 120, 3), np.uint8), rng, style).shape == (20, 60, 3)


def test_worse_jpeg_quality_makes_smaller_files(rng):
    image = rng.integers(0, 256, (32, 100, 3), np.uint8)
    styles = [PLAIN._replace(jpeg_quality=Effect(1.0, quality, quality)) for quality in (20, 95)]
    bad, good = (len(camera.encode_jpeg(image, rng, style)) for style in styles)
    assert bad < good / 2
