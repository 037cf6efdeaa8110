"""Tests of local_utils.tensorflow_import, each in a process of its own: TensorFlow is imported once."""
import os
import subprocess
import sys

import pytest

from local_utils import files

IMPORT = 'from local_utils import tensorflow_import; tensorflow_import.import_tensorflow()\n'


def run(*command, **options):
    return subprocess.run([sys.executable, *command], cwd=files.repository_path(), text=True,
                          stderr=subprocess.PIPE, **options)


def test_a_mistake_is_one_line_and_nothing_but_that_line(tmp_path):
    finished = run('tools/evaluate_shadownet.py', '--dataset_dir', str(tmp_path / 'none'), '--weights_path',
                   'bundled')
    assert finished.returncode == 1
    line, = finished.stderr.splitlines()
    assert 'none: no such folder' in line


@pytest.mark.parametrize(('tool', 'flags', 'message'), [
    ('train_shadownet', ['--dataset_dir', '{}/none'], 'none: no such folder; expected one with the files of'),
    ('train_shadownet', ['--dataset_dir', '{}', '--drawn_words', '{}/none.txt'], 'none.txt: no such file'),
    ('plot_training', ['--output_dir', '{}', '--picture_path', 'a.png'], 'log: expected the events of a')])
def test_what_is_missing_is_said_before_the_import_that_takes_seconds(tmp_path, tool, flags, message):
    flags = [flag.format(tmp_path) for flag in flags]
    finished = run('-c', f"""
import sys
from local_utils import command_line
from tools import {tool}
status = command_line.run_tool({tool}.main, {flags})
sys.exit(9 if 'tensorflow' in sys.modules else status)
""")
    assert finished.returncode == 1
    line, = finished.stderr.splitlines()
    assert message in line


def test_standard_error_is_heard_again_afterwards():
    finished = run('-c', IMPORT + 'import os; os.write(2, b"heard")')
    assert finished.returncode == 0
    assert finished.stderr == 'heard'


def test_a_closed_standard_error_does_no_harm():
    finished = run('-c', f'import os; os.close(2)\n{IMPORT}print("done")', stdout=subprocess.PIPE)
    assert finished.returncode == 0
    assert finished.stdout == 'done\n'


def test_onednn_is_asked_for_unless_the_user_says_otherwise():
    show = 'import os; print(os.environ["TF_ENABLE_ONEDNN_OPTS"])'
    unset = {name: value for name, value in os.environ.items() if name != 'TF_ENABLE_ONEDNN_OPTS'}
    assert run('-c', IMPORT + show, stdout=subprocess.PIPE, env=unset).stdout == '1\n'
    before = 'import os; os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"\n'
    assert run('-c', before + IMPORT + show, stdout=subprocess.PIPE).stdout == '0\n'


def test_keras_is_not_imported_with_it():
    finished = run('-c', IMPORT + 'import sys; print("keras" in sys.modules)', stdout=subprocess.PIPE)
    assert finished.stdout == 'False\n'


def test_an_interrupt_meanwhile_is_one_line():
    interrupt = """
import importlib
from local_utils import tensorflow_import
def interrupted(name):
    raise KeyboardInterrupt
importlib.import_module = interrupted
tensorflow_import.import_tensorflow()
"""
    finished = run('-c', interrupt)
    assert finished.returncode == 130
    line, = finished.stderr.splitlines()
    assert line.endswith('ERROR interrupted')
