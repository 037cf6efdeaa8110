"""Tests of the benchmarks: that they start, and what they reckon from what they measure."""
import importlib
import importlib.util
import json
import pathlib
import runpy
import shutil
import subprocess
import sys

import pytest

from local_utils import files

FOLDER = pathlib.Path(files.repository_path('benchmarks'))
SCRIPTS = sorted(
    path.stem for path in FOLDER.glob('*.py') if path.read_text(encoding='utf-8').startswith('#!'))
PEERS = {   # that not everybody has
    'onnx_folder_reader': 'onnxruntime', 'onnx_reader': 'torch', 'torch_reader': 'torch',
    'torch_step': 'torch'}


@pytest.fixture
def growth(monkeypatch):
    monkeypatch.syspath_prepend(files.repository_path('benchmarks'))
    return importlib.import_module('growth')


@pytest.fixture
def soak(monkeypatch):
    monkeypatch.syspath_prepend(files.repository_path('benchmarks'))
    return importlib.import_module('soak')


@pytest.mark.parametrize('name', SCRIPTS)
def test_each_script_starts_from_any_folder_and_shows_its_command(name, tmp_path, monkeypatch, capsys):
    if importlib.util.find_spec(PEERS.get(name, 'sys')) is None:
        pytest.skip(f'{PEERS[name]} is not installed')
    path = str(FOLDER / f'{name}.py')
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setattr(sys, 'argv', [path, '--help'])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(path, run_name='__main__')
    assert ended.value.code == 0
    assert f'python benchmarks/{name}.py' in capsys.readouterr().out


def test_the_parts_of_reading_a_folder_are_all_of_it(tmp_path):
    shutil.copy(files.repository_path('docs', 'word.jpg'), tmp_path)
    command = [sys.executable, str(FOLDER / 'folder_parts.py'), '--image_dir', str(tmp_path)]
    figures = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert set(figures['fractions']) >= {'files to pixels', 'views', 'network', 'decoding'}
    assert sum(figures['fractions'].values()) == pytest.approx(1)


def steps_of(soak, *numbers_and_losses, seconds=100):
    return [soak.soak_job.Step(seconds + place, number, loss)
            for place, (number, loss) in enumerate(numbers_and_losses)]


def kill(soak, *, seconds, reached):
    return soak.Kill('SIGKILL', 'master 0', False, seconds, 1.0, reached, 0)


def test_a_ring_sends_twice_what_is_there_but_for_its_own_part(growth):
    assert growth.ring_bytes(1, 100) == 0
    assert growth.ring_bytes(2, 100) == 100
    assert growth.ring_bytes(4, 100) == 150


def test_the_growth_is_reckoned_behind_and_beside_the_step(growth):
    # 2 GPUs, steps of 10 images in 0.1 s, 50 bytes at 1000 bytes/s: 0.05 s
    reckoned = growth.reckon(2, bandwidth=1000, payload=50, batch_size=10, images_per_second=100)
    assert reckoned['all_reduce_ms'] == 50
    assert reckoned['no_overlap'] == {'fraction': 0.667, 'images_per_second': 133}
    assert reckoned['full_overlap'] == {'fraction': 1.0, 'images_per_second': 200}


def test_a_transfer_longer_than_the_step_limits_the_growth_also_beside_it(growth):
    reckoned = growth.reckon(2, bandwidth=1000, payload=200, batch_size=10, images_per_second=100)
    assert reckoned['full_overlap'] == {'fraction': 0.5, 'images_per_second': 100}


def test_the_losses_of_steps_that_were_done_again_are_compared_with_the_first_time(soak):
    steps = steps_of(soak, (1, 8.0), (2, 4.0), (2, 4.4), (3, 2.0))
    count, difference = soak.largest_difference_of_redone_steps(steps)
    assert count == 1
    assert difference == pytest.approx(0.1)


def test_time_is_lost_until_the_run_is_further_than_before_the_kill(soak):
    steps = steps_of(soak, (1, 8.0), (2, 4.0), (2, 4.0), (3, 2.0), seconds=100)
    assert soak.seconds_lost(kill(soak, seconds=101.5, reached=2), steps) == 1.5
    assert soak.seconds_lost(kill(soak, seconds=104, reached=3), steps) is None


def test_the_losses_of_a_run_are_told_in_parts(soak):
    steps = steps_of(soak, *((number, 12.0 - number) for number in range(12)))
    assert soak.losses_of_parts(steps) == [11.5, 9.5, 7.5, 5.5, 3.5, 1.5]
    assert soak.losses_of_parts(steps[:2]) == [12.0, 11.0]
