"""The first act of a script, before it imports what takes a second.

Ctrl-C becomes one line, as it is later (see command_line.run_tool). Where standard input, output or error is
closed, the null device takes the place: else the next file that is opened would, and libraries would write
their complaints into it. What an import lacks, memory or a temporary folder, is one line, too.
"""
import contextlib
import os
import signal
import sys
import threading
import time

INTERRUPTED = 130   # the status of a script that Ctrl-C ended, as a shell gives it
STANDARD_DESCRIPTORS = (0, 1, 2)
NO_SEGMENT = 'failed to map segment from shared object'   # what the system says of a library without memory
NO_THREAD = "can't start new thread"   # what Python says where the system refuses one
NO_TEMPORARY = 'No usable temporary directory'   # what Python says where none can be written to
OPENCV = 'OPENCV_'   # how the variables begin that OpenCV reads when it is imported
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
    sys.excepthook = _tell_of_lack
    threading.excepthook = _tell_of_lack_in_thread
    for name in [name for name, value in os.environ.items() if name.startswith(OPENCV) and not value]:
        del os.environ[name]   # or OpenCV ends the process, where it expects a number
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


def lacks_memory(error: BaseException) -> bool:
    """Whether an exception says that there is no memory, also not for a library that is imported."""
    return isinstance(error, MemoryError) or isinstance(error, ImportError) and NO_SEGMENT in str(error)


def lacks_temporary_folder(error: BaseException) -> bool:
    """Whether an exception says that no temporary file can be made."""
    return isinstance(error, OSError) and NO_TEMPORARY in str(error)


def _tell_of_lack(kind, error, trace):
    if lacks_memory(error):
        _write_line('memory ran out while the script started; expected more of it')
    elif lacks_temporary_folder(error):
        _write_line(f'the system lacks something: {error.strerror}')
    else:
        sys.__excepthook__(kind, error, trace)


def _tell_of_lack_in_thread(told):
    if lacks_memory(told.exc_value) or str(told.exc_value) == NO_THREAD:
        _write_line(f'memory ran out, or the system refuses a thread ({told.exc_type.__name__})')
    else:
        threading.__excepthook__(told)


def _write_line(text):
    with contextlib.suppress(OSError):   # nobody may read any more
        os.write(_standard_error, f'{time.strftime("%H:%M:%S")} ERROR {text}\n'.encode())


def _end(_number, _frame):
    _write_line('interrupted')
    os._exit(INTERRUPTED)
