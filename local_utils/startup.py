"""The first act of a script, before it imports what takes a second.

Ctrl-C becomes one line, as it is later (see command_line.run_tool). Where standard input, output or error is
closed, the null device takes the place: else the next file that is opened would, and libraries would write
their complaints into it.
"""
import contextlib
import os
import signal
import time

INTERRUPTED = 130   # the status of a script that Ctrl-C ended, as a shell gives it
STANDARD_DESCRIPTORS = (0, 1, 2)
_standard_error = 2   # a second descriptor of it: that one is muted while TensorFlow is imported


def begin(script: str) -> None:
    """Prepare the process; from now on Ctrl-C ends it with a line, until `let_interrupts_raise`.

    An exception would come out of the middle of an import, which some packages take for one of their own.

    Args:
        script: __name__ of the script; one that is imported changes nothing.
    """
    global _standard_error
    if script != '__main__':
        return
    open_standard_descriptors()
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        _standard_error = os.dup(2)
        signal.signal(signal.SIGINT, _end)


def open_standard_descriptors() -> None:
    """Open the null device in place of what is closed of standard input, output and error."""
    for descriptor in STANDARD_DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)   # gets the lowest number that is free, this one
            os.set_inheritable(descriptor, True)   # by worker processes, as the others are


def let_interrupts_raise() -> None:
    """Let Ctrl-C raise KeyboardInterrupt, where `begin` has changed that."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_number, _frame):
    with contextlib.suppress(OSError):   # nobody may read any more
        os.write(_standard_error, f'{time.strftime("%H:%M:%S")} ERROR interrupted\n'.encode())
    os._exit(INTERRUPTED)
