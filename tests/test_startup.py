"""Tests of Ctrl-C in the first second of each script, and of signals that wait for a block to end."""
import os
import pathlib
import signal
import subprocess
import sys

import pytest

from local_utils import command_line, files, startup, stop_signals

TOOLS = sorted(path for path in pathlib.Path(files.repository_path('tools')).glob('*.py')
               if 'run_tool' in path.read_text(encoding='utf-8'))
SLEEPS = 'import time; print("here", flush=True); time.sleep(60)\n'   # a module whose import takes long


def interrupted(command, module, tmp_path):
    """Start a Python, interrupt it while it imports a module; return (exit status, standard error)."""
    (tmp_path / f'{module}.py').write_text(SLEEPS)
    environment = {**os.environ, 'PYTHONPATH': str(tmp_path)}
    with subprocess.Popen([sys.executable, *command], env=environment, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=files.repository_path()) as process:
        assert process.stdout.readline() == 'here\n'
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    return process.returncode, errors


@pytest.mark.parametrize('script', TOOLS, ids=lambda path: path.stem)
def test_an_interrupt_while_a_script_imports_is_one_line(script, tmp_path):
    status, errors = interrupted([str(script)], 'argparse', tmp_path)
    assert status == 130
    line, = errors.splitlines()
    assert line.endswith(' ERROR interrupted')


def test_an_interrupt_while_standard_error_is_muted_is_a_line_too(tmp_path):
    code = ("from local_utils import startup; startup.begin('__main__'); "
            'from local_utils import tensorflow_import; tensorflow_import.import_tensorflow()')
    status, errors = interrupted(['-c', code], 'tensorflow', tmp_path)
    assert status == 130
    assert [line.endswith(' ERROR interrupted') for line in errors.splitlines()] == [True]


@pytest.mark.parametrize(('error', 'message'), [
    ("ImportError('cv2.so: failed to map segment from shared object')",
     'memory ran out while the script started; expected more of it'),
    ('MemoryError()', 'memory ran out while the script started; expected more of it'),
    ("FileNotFoundError(2, 'No usable temporary directory found')",
     'the system lacks something: No usable temporary directory found'),
    ("ImportError('no module of this name')", None)])
def test_what_an_import_lacks_is_one_line_and_a_defect_is_not(error, message):
    code = f"from local_utils import startup; startup.begin('__main__'); raise {error}"
    ran = subprocess.run([sys.executable, '-c', code], cwd=files.repository_path(), text=True,
                         capture_output=True, check=False)
    assert ran.returncode == 1
    lines = ran.stderr.splitlines()
    if message:
        assert [line.partition(' ')[2] for line in lines] == [f'ERROR {message}']
    else:
        assert lines[0].startswith('Traceback')


def test_an_empty_variable_of_opencvs_does_not_end_the_process():
    code = "from local_utils import startup; startup.begin('__main__'); import cv2; print(cv2.__name__)"
    ran = subprocess.run([sys.executable, '-c', code], cwd=files.repository_path(), text=True,
                         capture_output=True, check=False,
                         env={**os.environ, 'OPENCV_IO_MAX_IMAGE_PIXELS': ''})
    assert (ran.returncode, ran.stdout) == (0, 'cv2\n')


def test_a_script_that_is_imported_leaves_interrupts_alone():
    before = signal.getsignal(signal.SIGINT)
    startup.begin('tools.train_shadownet')
    assert signal.getsignal(signal.SIGINT) is before


def test_once_a_script_has_begun_an_interrupt_is_an_exception_again(monkeypatch):
    monkeypatch.setattr(startup.os, 'dup', lambda descriptor: descriptor)
    monkeypatch.setattr(sys, 'excepthook', sys.excepthook)
    startup.begin('__main__')
    assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert command_line.run_tool(lambda _: signal.raise_signal(signal.SIGINT), []) == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_signals_that_are_held_back_come_after_the_block_and_not_before():
    done = []
    with pytest.raises(KeyboardInterrupt), stop_signals.held_back():
        signal.raise_signal(signal.SIGINT)
        with stop_signals.held_back():
            signal.raise_signal(signal.SIGINT)
        done.append('whole')
    assert done == ['whole']


def test_a_block_that_fails_while_a_signal_waits_gives_way_to_the_signal():
    with pytest.raises(KeyboardInterrupt), stop_signals.held_back():
        signal.raise_signal(signal.SIGINT)
        raise OSError('of the block')
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


WRITES_COMPLAINTS = """
import os, subprocess, sys
from local_utils import startup
startup.begin('__main__')
subprocess.run([sys.executable, '-c', 'import os; [os.fstat(number) for number in range(3)]'], check=True)
with open(sys.argv[1], 'wb') as file:
    os.write(2, b'a complaint of a library')
    os.write(1, b'a result')
    file.write(b'data')
    assert os.read(0, 1) == b''
"""


@pytest.mark.parametrize('closed', ['2>&-', '>&- 2>&-', '<&- >&- 2>&-', '<&-'])
def test_what_is_closed_at_the_start_is_not_taken_by_the_next_file(tmp_path, closed):
    command = f'"$0" -c "$1" "$2" {closed}'
    done = subprocess.run(['sh', '-c', command, sys.executable, WRITES_COMPLAINTS, str(tmp_path / 'a')],
                          cwd=files.repository_path(), stdin=subprocess.DEVNULL, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b'a complaint of a library' if closed == '<&-' else b'')
    assert (tmp_path / 'a').read_bytes() == b'data'
