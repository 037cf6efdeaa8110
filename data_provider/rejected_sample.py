"""What is raised where a sample cannot be used."""
from local_utils.errors import InputError


class RejectedSample(InputError):
    """A sample that cannot be used: `kind` is what is counted, the message says what was wrong with it."""

    def __init__(self, kind: str, detail: str):
        super().__init__(f'{kind}: {detail}')
        self.kind = kind
