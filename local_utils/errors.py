"""What went wrong outside the code: mistakes of the user's and refusals of the system, which a script tells in one line.

Any other exception is a defect of the code and keeps its traceback.
"""


class InputError(ValueError):
    """A mistake in what the user gave: the message says what was expected, what came, and where."""

    def __str__(self):
        return str(self.args[0]) if self.args else type(self).__name__   # KeyError, of some kin, would quote it


class MissingInput(InputError, FileNotFoundError):
    """A file or a folder that has to be there is not."""


class UnknownCharacter(InputError, KeyError):
    """A character that the alphabet lacks."""


class Unavailable(InputError, OSError):
    """What the work needs of the system cannot be had: a lock, a place on the disk, another task of a cluster."""


class WrongArgument(InputError):
    """An argument that only the script's own work finds to be wrong; the exit status is 2, as for all wrong arguments."""
