"""Letters made of parts: lamps of a display, stencil gaps, stitches, the lines of a neon tube."""
import cv2
import numpy as np

LAMP_PIXELS = 4          # of the side of a lamp's square
LIT = 90                 # of 255: how much of its square the letter covers where a lamp is lit
SMALLEST_LETTER = 0.15   # height of what counts as a letter, of the text's


def as_lamps(mask: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return the mask as lamps in rows and columns, round or square ones.

    Args:
        mask: uint8 [height, width].
        rows: of lamps over the height.
        rng: numpy.random.Generator.
    """
    height, width = mask.shape
    columns = max(2, round(width * rows / height))
    lit = cv2.resize(mask, (columns, rows), interpolation=cv2.INTER_AREA) > LIT
    lamp = np.zeros((LAMP_PIXELS * 2, LAMP_PIXELS * 2), np.uint8)
    if rng.random() < 0.75:
        radius = int(rng.integers(LAMP_PIXELS - 2, LAMP_PIXELS))
        cv2.circle(lamp, (LAMP_PIXELS, LAMP_PIXELS), radius, 255, -1)
    else:
        lamp[2:, 2:] = 255
    lamp = cv2.resize(lamp, (LAMP_PIXELS, LAMP_PIXELS), interpolation=cv2.INTER_AREA)
    lamps = np.kron(lit.astype(np.uint8), lamp)
    new_height = max(rows * 2, height)
    new_width = max(2, round(columns * new_height / rows))
    return cv2.resize(lamps, (new_width, new_height), interpolation=cv2.INTER_AREA)


def with_gaps(mask: np.ndarray, gap: float, rng: np.random.Generator) -> np.ndarray:
    """Return the mask with a gap through the middle of each letter, as a stencil has it.

    Args:
        mask: uint8 [height, width].
        gap: its width in pixels.
        rng: numpy.random.Generator.
    """
    height, width = mask.shape
    gap = max(1, round(gap))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    is_upright = rng.random() < 0.7
    cut = mask.copy()
    for x, y, box_width, box_height, _ in boxes[1:]:
        if box_height < SMALLEST_LETTER * height:
            continue
        if is_upright:
            middle = x + (box_width - gap) // 2
            cut[y:y + box_height, middle:middle + gap] = 0
        else:
            middle = y + (box_height - gap) // 2
            cut[middle:middle + gap, x:x + box_width] = 0
    return cut


def as_stitches(mask: np.ndarray, period: float, rng: np.random.Generator) -> np.ndarray:
    """Return the mask as slanting stitches or needles, `period` pixels from one to the next."""
    height, width = mask.shape
    slope = rng.uniform(-1.5, 1.5)
    rows = np.arange(height, dtype=np.float32)[:, None]
    phase = np.arange(width, dtype=np.float32) + np.float32(slope) * rows
    filled = np.float32(rng.uniform(0.45, 0.7))
    stitches = ((phase / np.float32(period)) % 1 < filled).astype(np.uint8) * 255
    return cv2.min(mask, cv2.blur(stitches, (2, 2)))


def as_lines(mask: np.ndarray, period: float) -> np.ndarray:
    """Return the mask as lines along the edges of its letters, `period` pixels from one to the next."""
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    lines = 255 * np.clip(1.2 - np.abs(depth % np.float32(period) - 1), 0, 1)
    return cv2.min(mask, lines.astype(np.uint8))
