"""Tests of what tools/start_local_cluster.py does with the lines of its tasks."""
import sys

from tools import start_local_cluster


def test_lines_that_are_no_text_are_handed_on_and_stop_nothing(capfd):
    lines = r"import os; os.write(2, b'first \xff\n' + b'second\n')"
    start_local_cluster.follow_all(start_local_cluster.start_tasks(1, [sys.executable, '-c', lines]))
    errors = capfd.readouterr().err.splitlines()
    assert [line for line in errors if line.startswith('master 0: ')] == [
        'master 0: first \ufffd', 'master 0: second']
