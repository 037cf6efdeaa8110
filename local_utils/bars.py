"""Bars of progress on a terminal; tqdm, whose import takes longer than a word, comes with the first one."""
import contextlib
import sys
from contextlib import AbstractContextManager

_tqdm = None   # the class, once there has been a bar


def open_bar(total: int, unit: str, initial: int = 0):
    """Draw a bar where standard error is a terminal.

    Args:
        total: how much there is to do.
        unit: what is counted, such as 'image'.
        initial: how much of it is done.

    Returns:
        tqdm, or None.
    """
    global _tqdm
    if not sys.stderr.isatty():
        return None
    from tqdm import tqdm
    _tqdm = tqdm
    # leave=None: a bar below another one goes when it ends.
    return tqdm(total=total, unit=unit, initial=initial, dynamic_ncols=True, leave=None)


def stepping_aside(file=None) -> AbstractContextManager:
    """Return a block in which lines can be written to a file, standard output by default: no bar is there
    meanwhile.
    """
    return _tqdm.external_write_mode(file=file) if _tqdm else contextlib.nullcontext()


def clock(seconds: float) -> str:
    """Return a duration as text, 5:07 or 1:05:07."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{seconds:02}' if hours else f'{minutes}:{seconds:02}'
