"""The command line that all scripts share: the platform's flags, hints for a wrong one, one-line errors."""
import argparse
import contextlib
import difflib
import errno
import io
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

from local_utils import files, log_utils, startup, visible
from local_utils.errors import InputError, Unavailable, WrongArgument

DATA_DIR = '/data/data'
OUTPUT_DIR = '/data/output'
LARGEST_NUMBER = 2 ** 31 - 1   # of a flag; a step is a number of 32 bits
# What the system says without a file's name where it lacks something.
LACKS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, *files.DISK_ERRORS)


class Terminated(SystemExit):
    """SIGTERM came; ends the process with the status that a shell gives to such an end."""


class OneLineParser(argparse.ArgumentParser):
    """An argument parser that shows the defaults in its help, and says what is wrong in one line.

    An empty value is wrong for every flag: as that of a variable of the shell's that is not set it would
    stand for the default, and the work would be done elsewhere than was meant.
    """

    def __init__(self, **kwargs):
        super().__init__(formatter_class=HelpFormatter, **kwargs)

    def parse_known_args(self, args=None, namespace=None):
        """Parse what is known; an empty value ends the script with status 2."""
        parsed, unknown = super().parse_known_args(args, namespace)
        for action in self._actions:
            value = getattr(parsed, action.dest, None)
            if value != action.default and '' in (value if isinstance(value, list) else [value]):
                name = '/'.join(action.option_strings) or action.metavar
                self.error(f'argument {name}: expected a value, got an empty one; is a variable not set?')
        return parsed, unknown

    def error(self, message):
        """End the script with status 2 and a line."""
        self.exit(2, visible.line(f'{self.prog}: error: {message} (--help shows the flags)') + '\n')


class ToolParser(OneLineParser):
    """An argument parser that knows the flags of the UAI Train platform.

    For an unknown flag it suggests the nearest one.
    """

    def __init__(self, **kwargs):
        super().__init__(allow_abbrev=False, **kwargs)
        platform = self.add_argument_group('flags that the UAI Train platform adds to every job')
        platform.add_argument('--work_dir', metavar='DIR', help='accepted for the platform; nothing reads it')
        platform.add_argument('--data_dir', default=DATA_DIR, metavar='DIR', help='where the input lies')
        platform.add_argument('--output_dir', default=OUTPUT_DIR, metavar='DIR', help='where the output goes')
        platform.add_argument('--log_dir', metavar='DIR',
                              help='where log/ (TensorBoard) goes (default: the output directory)')
        platform.add_argument('--num_gpus', type=whole_number, default=0, metavar='N',
                              help='GPUs that the job was given')
        platform.add_argument('--max_step', type=positive_number, metavar='N',
                              help='training stops after this step')

    def parse_args(self, args=None, namespace=None):
        """Parse the command line; an unknown argument ends the script with status 2 and a hint."""
        args = sys.argv[1:] if args is None else args
        self._refuse_unknown([
            arg for arg in itertools.takewhile(lambda arg: arg != '--', args)
            if arg.startswith('--') and arg.split('=')[0] not in self._flags()])
        parsed, unknown = self.parse_known_args(args, namespace)   # which first complains of what is missing
        self._refuse_unknown(unknown)
        return parsed

    def _flags(self):
        return [flag for action in self._actions for flag in action.option_strings]

    def _refuse_unknown(self, arguments):
        if arguments:
            nearest = difflib.get_close_matches(arguments[0].split('=')[0], self._flags(), n=1)
            hint = f'; did you mean {nearest[0]}?' if nearest else ''
            self.error(f'unknown argument {arguments[0]}{hint}')


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Shows the default of each flag that has one, and the description as it was typed."""

    def _get_help_string(self, action):
        if action.default is None or action.default is False:
            return action.help
        return super()._get_help_string(action)


def whole_number(text: str) -> int:
    """Return `text` as an int of at least 0, for argparse."""
    return _number_from(text, 0)


def positive_number(text: str) -> int:
    """Return `text` as an int of at least 1, for argparse."""
    return _number_from(text, 1)


def fraction(text: str) -> float:
    """Return `text` as a float in [0, 1), for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f'expected a number from 0 up to but not including 1, got {text!r}')
    return value


def _number_from(text, smallest):
    try:
        value = int(text)
    except ValueError:
        value = smallest - 1
    if value < smallest:
        raise argparse.ArgumentTypeError(f'expected a whole number of at least {smallest}, got {text!r}')
    if value > LARGEST_NUMBER:
        raise argparse.ArgumentTypeError(f'expected a whole number of at most {LARGEST_NUMBER}, got {text!r}')
    return value


def run_tool(main: Callable[[list[str] | None], int | None], argv: list[str] | None = None) -> int:
    """Run a script's `main(argv)` and return its exit status, with one line for a mistake of the user's.

    An InputError, what the system says of a file, and what it lacks (memory, threads, room on a disk) go to
    standard error as one line; the status is 1, or 2 for a WrongArgument. Anything else is a defect of the
    code and keeps its traceback: what malformed data raise is made an InputError where they are parsed.

    Args:
        main: takes the list of arguments (None for the command line's); returns None or an exit status.
    """
    sys.stderr = sys.stderr or open(os.devnull, 'w', encoding='utf-8')   # noqa: SIM115
    logger = log_utils.init_logger()
    try:
        startup.let_interrupts_raise()
        with _termination_as_exit():
            return main(argv) or 0
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        logger.error('interrupted')
        return startup.INTERRUPTED
    except Terminated:
        logger.error('ended by SIGTERM')
        raise
    except (InputError, OSError, MemoryError, RuntimeError, ImportError, SystemError) as error:
        if _comes_of_interrupt(error):
            logger.error('interrupted')
            return startup.INTERRUPTED
        if not is_outside(error):
            raise
        logger.debug('the error was raised here:', exc_info=True)
        logger.error(message_of(error))
        return 2 if isinstance(error, WrongArgument) else 1


def _comes_of_interrupt(error):
    """Whether Ctrl-C is behind an exception: an import of a C library makes an ImportError of it."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_outside(error: Exception) -> bool:
    """Whether an exception is of the user's data or the system's, not a defect of the code."""
    if isinstance(error, OSError) and not isinstance(error, InputError):
        return error.filename is not None or error.errno in LACKS or startup.lacks_temporary_folder(error)
    return isinstance(error, InputError) or startup.lacks_memory(error) or str(error) == startup.NO_THREAD


def standard_output() -> TextIO:
    """Return the standard output, for a script's results.

    What its encoding lacks is written as a backslash escape.

    Raises:
        Unavailable: it is closed; better said before the long work.
    """
    if sys.stdout is None:
        raise Unavailable('standard output is closed; expected it open, for the results')
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')
    return sys.stdout


def print_result(text: str, output: TextIO) -> None:
    """Print a line of results at once; an OSError of a full disk names the standard output."""
    with files.named_errors('standard output'):
        print(text, file=output, flush=True)


@contextlib.contextmanager
def _termination_as_exit() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, by an exception, so that what is half done is cleaned up."""
    def end(number, _frame):
        raise Terminated(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield   # only the main thread may set handlers
        return
    handler = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def message_of(error: Exception) -> str:
    """Return an exception's message as one line; an OSError's as `path: what the system said`."""
    if isinstance(error, OSError) and error.filename is not None:
        return f'{error.filename}: {error.strerror}'
    if startup.lacks_memory(error):
        return f'memory ran out{f": {error}" if str(error) else ""}; expected more of it, or less at once'
    if str(error) == startup.NO_THREAD:
        return 'the system refuses another thread; expected a larger limit (ulimit -u), or less at once'
    if isinstance(error, OSError) and (error.errno in LACKS or startup.lacks_temporary_folder(error)):
        return f'the system lacks something: {error.strerror}'
    return ' '.join(str(error).split()) or type(error).__name__
