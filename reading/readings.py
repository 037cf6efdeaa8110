"""What reading gives: the text of an image, how sure it is, and of each character where it stands."""
from typing import NamedTuple


class Character(NamedTuple):
    """A character of a text that was read."""

    character: str
    probability: float   # the highest that a frame of it gives it, the mean over the views
    # of the frames of the first view, which divide the width of the image, turned as it was read, evenly
    first_frame: int
    last_frame: int


class Alternative(NamedTuple):
    """Another text that an image may show."""

    text: str
    confidence: float   # as of a Reading


class Reading(NamedTuple):
    """The answer for an image; one that cannot be read has no text, but an error."""

    text: str | None                              # None where the image cannot be read
    confidence: float                             # p(text | image); of several views their mean
    characters: tuple[Character, ...] = ()        # of the text, in order
    alternatives: tuple[Alternative, ...] = ()    # the most probable first, as many as were asked for
    # the text's part of the probability of all texts that were weighed
    relative_confidence: float = 0.0
    size: tuple[int, int] | None = None           # (width, height) of the image, pixels
    quarter_turns: int = 0                        # of the image, counter-clockwise, to read it
    error: str | None = None                      # why the image cannot be read


def unreadable(error: Exception) -> Reading:
    """Return the Reading of an image that cannot be read."""
    return Reading(None, 0.0, error=str(error))
