"""What the calls of the service share."""
from collections.abc import Callable

from reading.service.bodies import Held
from reading.service.decoders import Decoders
from reading.service.metrics import Metrics
from reading.service.pipeline import Pipeline
from reading.service.settings import ServiceSettings


class State:
    """The limits, what is held and counted, and the pipeline as soon as it is warm."""

    def __init__(self, settings: ServiceSettings):
        self.settings = settings
        self.metrics = Metrics()
        self.held = Held(settings.max_held_bytes)
        self.pipeline: Pipeline | None = None   # None until a first image has been read
        self.decoders: Decoders | None = None
        self.is_draining = False

    def gauges(self) -> dict[str, tuple[str, Callable[[], float]]]:
        """Return the gauges as Metrics.text takes them."""
        return {
            'crnn_waiting_images': ('Images that are decoded, wait or are read.',
                                    lambda: self.pipeline.num_waiting if self.pipeline else 0),
            'crnn_held_bytes': ('Bytes of the bodies of requests.', lambda: self.held.num_bytes),
            'crnn_decoder_restarts': ('Decoders that died and were started again.',
                                      lambda: self.decoders.num_restarts if self.decoders else 0),
            'crnn_ready': ('1 where images are read.',
                           lambda: int(self.pipeline is not None and not self.is_draining)),
        }
