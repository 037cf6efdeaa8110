"""What went wrong outside the code: mistakes of the user's and refusals of the system.

A script tells them in one line. Any other exception is a defect of the code and keeps its traceback.
"""

import struct

# What code raises that takes malformed data apart; of our own code elsewhere they are defects.
MALFORMED = (ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError, struct.error)


class InputError(ValueError):
    """A mistake in what the user gave: the message says what was expected, what came, and where."""

    def __str__(self):
        # KeyError, of which some are kin, would quote the message.
        return str(self.args[0]) if self.args else type(self).__name__


class MissingInput(InputError, FileNotFoundError):
    """A file or a folder that has to be there is not."""


class UnknownCharacter(InputError, KeyError):
    """A character that the alphabet lacks."""


class Unavailable(InputError, OSError):
    """What the work needs of the system cannot be had: a lock, space on the disk, a task of a cluster."""


class WrongArgument(InputError):
    """An argument that only the script's own work finds to be wrong.

    The exit status is 2, as for all wrong arguments.
    """
