"""Tests of local_utils.progress."""
import io
import re
import sys

from local_utils import log_utils, progress


def lines_of(capfd):
    return [line.split(' INFO ')[1] for line in capfd.readouterr().err.splitlines()]


def test_without_a_terminal_there_are_lines_with_the_rate_and_the_time_left(monkeypatch, capfd):
    seconds = iter([0, 10, 40, 50, 80])
    monkeypatch.setattr(progress.time, 'monotonic', lambda: next(seconds))
    with progress.Progress(400, 'image') as shown:
        for count in (100, 100, 100, 50):
            shown.update(count)
    assert lines_of(capfd) == ['200 of 400 images, 5 a second, time left 0:40',
                               '350 of 400 images, 4 a second, time left 0:11']


def test_work_that_is_soon_done_has_no_line(capfd):
    with progress.Progress(3, 'image') as shown:
        assert list(shown.over('abc')) == ['a', 'b', 'c']
    assert lines_of(capfd) == []


class Terminal(io.StringIO):
    """A text that takes itself for a terminal."""

    def isatty(self):
        return True


def test_the_bar_steps_aside_for_lines_of_the_log_and_of_results(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, 'stderr', terminal)
    monkeypatch.setattr(sys, 'stdout', terminal)
    with progress.Progress(3, 'image') as shown:
        shown.update(1)
        log_utils.init_logger().info('a line')
        with shown.stepping_aside():
            print('a result')
    assert re.search(r'image/s\]', terminal.getvalue())
    assert re.search(r'\r *\r[0-9:]+ INFO a line\n', terminal.getvalue())
    assert re.search(r'\r *\ra result\n', terminal.getvalue())
