"""Why a request, or an image of one, is not answered with a text."""

RETRY_SECONDS = 1   # after which it is worth while to ask a busy service again


class Refusal(Exception):
    """An answer with a status of HTTP from 400 on and one sentence that says what was
    expected and what came.
    """

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status, self.message = status, message


def busy(message: str) -> Refusal:
    """Return the Refusal of a service that has too much to do: the client may ask again."""
    return Refusal(503, f'{message}; try again later')
