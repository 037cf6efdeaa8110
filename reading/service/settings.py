"""What the service is told: how much of everything it takes."""
from typing import NamedTuple

from data_provider import image_file


class ServiceSettings(NamedTuple):
    """The limits of the service."""

    max_body_bytes: int = 10_000_000
    max_images: int = 64                      # of a request
    max_side: int = image_file.MAX_SIDE       # pixels
    max_pixels: int = 25_000_000              # of an image
    request_seconds: float = 30               # to receive a request and to answer it
    max_waiting: int = 256                    # images that are decoded, wait or are read
    # of the bodies, and again of the decoded images, of all requests together
    max_held_bytes: int = 256_000_000
    max_batch: int = 64                       # images that are read at once
    num_decoders: int = 3                     # processes; large images never take the last that is free
    large_bytes: int = 1_000_000              # a file, …
    large_pixels: int = 1_000_000             # … or an image, beyond this is a large one
    decoding_seconds: int = 1                 # of the processor, for an image
    large_decoding_seconds: int = 4           # for a large one
    decoder_bytes: int = 768_000_000          # of memory that an image may take a decoder beyond its own
    max_connections: int = 512
    draining_seconds: int = 40                # that SIGTERM leaves to the requests under way
