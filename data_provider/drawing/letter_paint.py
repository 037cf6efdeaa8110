"""How letters are painted: outlines, shadows, sides of solid letters, light, patterns."""
from typing import NamedTuple

import cv2
import numpy as np

from data_provider.drawing import surface, text_mask
from data_provider.drawing.colours import Colours, any_colour, dark_or_light
from data_provider.drawing.text_style import Style


class Layer(NamedTuple):
    """Something that is painted."""

    mask: np.ndarray    # uint8 [height, width]: how much of it covers what is below
    paint: object       # a colour, float64 [3] BGR; a picture, uint8 [height, width, 3]; a change of grey


def layers_of(mask: np.ndarray, colours: Colours, rng: np.random.Generator, style: Style) -> list[Layer]:
    """Return the Layers of a word, one over the other; the text itself is the last."""
    relief = style.relief.draw(rng)
    if relief is not None:
        x, y = rng.choice([-1, 1], 2)
        edges = [Layer(_shifted(mask, x, y), relief), Layer(_shifted(mask, -x, -y), -relief)]
        return [*edges, Layer(mask, colours.background)]
    effects = (style.hollow, style.wear, style.shadow, style.depth, style.border, style.glow, style.bevel,
               style.rim)
    hollow, wear, shadow, depth, border, glow, bevel, rim = (effect.draw(rng) for effect in effects)
    text, layers = mask, []
    if hollow is not None:
        text = cv2.subtract(text_mask.dilated(mask, hollow), mask)
    elif wear is not None:
        text = _worn(mask, wear, rng)
    if glow is not None:
        layers.append(_halo(mask, glow, colours, rng))
    if shadow is not None:
        offset = shadow * np.exp(1j * rng.uniform(0, 2 * np.pi))
        shade = _shifted(mask, offset.real, offset.imag)
        layers.append(Layer(cv2.blur(shade, (5, 5)) if rng.random() < 0.6 else shade, -rng.uniform(30, 150)))
    if depth is not None:
        layers.append(_sides(mask, depth, colours, rng))
    if border is not None and hollow is None:
        layers.append(Layer(text_mask.dilated(mask, border), _other_colour(colours, rng)))
    layers.append(Layer(text, _letter_paint(mask, colours, rng, style)))
    if bevel is not None:
        layers += [Layer(cv2.subtract(mask, _shifted(mask, step, step)), step * bevel) for step in (1, -1)]
    if rim is not None and hollow is None:
        inside = cv2.erode(mask, np.ones((3, 3), np.uint8))
        layers.append(Layer(cv2.subtract(mask, inside) if rng.random() < 0.5 else inside, rim))
    return layers


def paint(image: np.ndarray, layers: list[Layer], rng: np.random.Generator, style: Style) -> np.ndarray:
    """Return the image with the Layers painted onto it, one after the other, perhaps not opaque."""
    blend = style.blend.draw(rng)
    for mask, what in layers:
        if np.isscalar(what):
            change = cv2.add if what > 0 else cv2.subtract
            layer = change(image, np.full_like(image, abs(what)))
        elif what.ndim == 1:
            layer = np.empty_like(image)
            layer[:] = what
        else:
            layer = what
        weight = mask * np.float32((blend or 1) / 255)
        image = cv2.blendLinear(layer, image, weight, 1 - weight)
    return image


def _letter_paint(mask, colours, rng, style):
    """Return what the letters are painted with: a colour, or a picture of a pattern, light or two colours."""
    fill, sheen, second = style.fill.draw(rng), style.sheen.draw(rng), style.second_colour.draw(rng)
    if fill is None and sheen is None and second is None:
        return colours.text
    height, width = mask.shape
    layer = np.empty((height, width, 3), np.uint8)
    layer[:] = colours.text
    if second is not None:
        away = colours.text - colours.background
        change = away * rng.uniform(-0.3, 0.6) + rng.uniform(-90, 90, 3)
        x, _, word_width, _ = cv2.boundingRect(mask)
        first = x + int(rng.uniform(0.1, 0.9) * word_width)
        layer[:, first:] = np.clip(colours.text + second * change, 0, 255)
    if sheen is not None:
        places = np.sort(rng.uniform(0.3, 0.7, 3)) * height
        rows = np.interp(np.arange(height), places, rng.uniform(-sheen, sheen, 3)).astype(np.float32)
        light = np.broadcast_to(rows[:, None, None], layer.shape)
        layer = cv2.add(layer, np.ascontiguousarray(light), dtype=cv2.CV_8U)
    return layer if fill is None else cv2.add(layer, surface.pattern(mask.shape, fill, rng), dtype=cv2.CV_8U)


def _other_colour(colours, rng):
    """Return a colour to go with a word: black, white, a shade of the letters', or any."""
    chance = rng.random()
    if chance < 0.4:
        return np.full(3, dark_or_light(rng))
    return colours.text * rng.uniform(0.2, 0.7) if chance < 0.6 else any_colour(rng)


def _halo(mask, strength, colours, rng):
    """Return the Layer of light around letters that shine."""
    height = cv2.boundingRect(mask)[3]
    size = int(height * rng.uniform(0.15, 0.6)) // 2 * 2 + 1
    lit = cv2.blur(cv2.blur(text_mask.dilated(mask, 2), (size, size)), (size, size))
    colour = np.clip(colours.text + rng.uniform(0, 90), 0, 255)
    return Layer(cv2.convertScaleAbs(lit, alpha=strength), colour)


def _sides(mask, depth, colours, rng):
    """Return the Layer of the sides of solid letters, `depth` of their height long."""
    height = cv2.boundingRect(mask)[3]
    length = max(2, round(depth * height))
    direction = np.exp(1j * rng.uniform(0, 2 * np.pi)) * length
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.uint8)
    cv2.line(kernel, (length, length), (length + round(direction.real), length + round(direction.imag)), 1)
    shade = colours.text * rng.uniform(0.3, 0.75) if rng.random() < 0.65 else _other_colour(colours, rng)
    return Layer(cv2.dilate(mask, kernel), shade)


def _shifted(mask, x, y):
    height, width = mask.shape
    return cv2.warpAffine(mask, np.float32([[1, 0, x], [0, 1, y]]), (width, height))


def _worn(mask, part, rng):
    """Return the mask with a part of it rubbed off."""
    height, width = mask.shape
    left = cv2.resize(rng.random((max(2, height // 4), max(2, width // 4)), np.float32), (width, height))
    kept = (left > np.quantile(left[::4, ::4], part)).astype(np.uint8) * 255
    return cv2.min(mask, cv2.blur(kept, (2, 2)))
