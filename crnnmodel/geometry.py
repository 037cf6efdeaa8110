"""The sizes that follow from the network's layers; free of TensorFlow, so that conversion can use them."""
from local_utils.errors import InputError

INPUT_HEIGHT = 32   # pixels; four poolings and conv7 bring it down to 1
PIXELS_PER_FRAME = 4   # two of the poolings halve the width
MIN_FRAMES = 2   # with one there would be nothing recurrent


def time_steps(input_size: tuple[int, int]) -> int:
    """Return the number of frames that the network makes of an image, after checking the image's size.

    Args:
        input_size: (width, height) in pixels.

    Raises:
        InputError: the height is not the network's, or the width is too small for two frames.
    """
    width, height = input_size
    min_width = MIN_FRAMES * PIXELS_PER_FRAME
    if height != INPUT_HEIGHT:
        raise InputError(f'the network needs images {INPUT_HEIGHT} pixels high '
                         f'(its poolings end at a height of 1), got {height}')
    if width < min_width:
        raise InputError(f'the network needs images at least {min_width} pixels wide, got {width}')
    return width // PIXELS_PER_FRAME
