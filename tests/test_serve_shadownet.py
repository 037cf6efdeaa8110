"""Tests of the script that serves: with the bundled weights, and what it says where it cannot."""
import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from local_utils import files
from reading import Recogniser
from reading.export import words
from tests import stub_service

SCRIPT = files.repository_path('tools', 'serve_shadownet.py')
BLOCKED = "import runpy, sys; sys.modules[{name!r}] = None; sys.argv = [{script!r}, *sys.argv[1:]]; " \
          "runpy.run_path({script!r}, run_name='__main__')"


@pytest.fixture(scope='module')
def service(tmp_path_factory):
    """Return a service without TensorFlow."""
    command = [sys.executable, '-c', BLOCKED.format(name='tensorflow', script=SCRIPT), '--port', '0',
               '--weights_path', 'bundled',
               '--set', 'TEST.ENGINE=onnx']
    started = stub_service.Service(command, tmp_path_factory.mktemp('service') / 'log')
    started.wait_until_ready()
    yield started
    started.end(signal.SIGKILL)


@pytest.fixture(scope='module')
def drawn():
    """Return image files, and what they read as."""
    contents = [word.content for word in words.draw(6)]
    return contents, Recogniser.open('bundled').read(contents)


def test_it_listens_to_this_machine_alone(service):
    assert service.address.startswith('http://127.0.0.1:')


def test_the_log_says_when_it_is_ready(service):
    assert [line['event'] for line in service.log_lines()][:2] == ['serving', 'ready']


def test_words_are_read_as_by_the_recogniser(service, drawn):
    for content, expected in zip(*drawn, strict=True):
        status, answer, _ = service.read(content)
        assert (status, answer['text']) == (200, expected.text)
        assert answer['confidence'] == pytest.approx(expected.confidence, abs=1e-4)
        assert [character['character'] for character in answer['characters']] == list(expected.text)


def test_curl_sends_a_file_as_the_platform_does(service, drawn, tmp_path):
    (tmp_path / 'word.jpg').write_bytes(drawn[0][0])
    ran = subprocess.run(['curl', '-s', '-X', 'POST', f'{service.address}/service', '-T',
                          tmp_path / 'word.jpg'],
                         capture_output=True, check=True)
    assert json.loads(ran.stdout)['text'] == drawn[1][0].text


def run(*flags, block=None):
    """Run the script until it ends; returns (status, lines of standard error)."""
    command = [SCRIPT] if block is None else ['-c', BLOCKED.format(name=block, script=SCRIPT)]
    ran = subprocess.run([sys.executable, *command, *flags], capture_output=True, text=True, timeout=120,
                         check=False)
    return ran.returncode, ran.stderr.splitlines()


def test_a_port_that_is_taken_is_told_in_one_line():
    with socket.create_server(('127.0.0.1', 0)) as taken:
        status, lines = run('--port', str(taken.getsockname()[1]), '--weights_path', 'bundled')
    assert status == 1
    assert 'Address already in use' in lines[-1]
    assert len(lines) == 1


def test_weights_that_are_not_there_end_the_service_with_one_line(tmp_path):
    status, lines = run('--port', '0', '--weights_path', str(tmp_path / 'none'))
    assert status == 1
    assert [json.loads(line)['level'] for line in lines] == ['info', 'error']
    assert str(tmp_path / 'none') in json.loads(lines[-1])['event']


def test_what_is_not_installed_is_named():
    status, lines = run(block='starlette')
    assert status == 1
    assert 'pip install -r requirements-serve.txt' in lines[-1]


@pytest.mark.parametrize('flags', [['--port', '70000'], ['--port', 'x'], ['--hots', 'y']])
def test_a_wrong_flag_ends_with_status_2(flags):
    status, lines = run(*flags)
    assert status == 2
    assert len(lines) == 1


def test_sigterm_while_the_weights_are_loaded_ends_with_0(tmp_path):
    service = stub_service.Service([sys.executable, SCRIPT, '--port', '0', '--weights_path', 'bundled'],
                                   tmp_path / 'log')
    os.kill(service.process.pid, signal.SIGTERM)
    assert service.end() == 0
    assert [line['event'] for line in service.log_lines()] == ['serving', 'ended']
