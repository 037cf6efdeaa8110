"""Tests of what the Dockerfiles say."""
import fnmatch
import json
import re
import shlex
import subprocess
import sys

import pytest

from tests.dockerfiles import (
    CODE,
    CONVERSION,
    CONVERSION_COMMAND,
    CPU,
    DOCKERFILES,
    GPU,
    READER,
    REQUIREMENTS,
    ROOT,
    SCRIPT,
    SERVING_COMMAND,
    TRAINING_COMMAND,
    read_instructions,
)

SECONDS = 60   # that a command which should be quick may take


def installation(name):
    """Return what a Dockerfile's first RUN gives the script: (modules to import, pip's arguments)."""
    command = next(arguments for keyword, arguments in read_instructions(name) if keyword == 'RUN')
    shell, script, modules, *arguments = shlex.split(command)
    assert (shell, script) == ('sh', f'/data/code/{SCRIPT}')
    return modules, arguments


def pinned_packages():
    """Return the names of the packages that requirements.txt pins."""
    text = (ROOT / 'requirements.txt').read_text(encoding='utf-8')
    return set(re.findall(r'^([a-z0-9-]+)==', text, flags=re.MULTILINE))


@pytest.mark.parametrize('name', DOCKERFILES)
def test_the_base_is_a_slim_python_that_an_argument_replaces(name):
    first, second = read_instructions(name)[:2]
    assert first == ('ARG', 'BASE_IMAGE=python:3.11-slim-bookworm')
    assert second == ('FROM', '${BASE_IMAGE}')


@pytest.mark.parametrize('name', [CPU, GPU])
def test_the_training_images_install_all_pinned_requirements(name):
    modules, arguments = installation(name)
    assert modules == 'cv2, tensorflow'
    cuda = ['tensorflow[and-cuda]'] if name == GPU else []
    assert arguments == ['-r', '/data/code/requirements.txt', *cuda]


def test_the_conversion_image_installs_pinned_packages_and_no_tensorflow():
    modules, (option, requirements, *packages) = installation(CONVERSION)
    assert (modules, option, requirements) == ('cv2', '-c', '/data/code/requirements.txt')
    assert set(packages) < pinned_packages()
    assert 'tensorflow' not in packages


def test_the_conversion_image_installs_what_the_converter_imports():
    code = ('import importlib.metadata, json, sys; before = set(sys.modules); '
            'import tools.write_text_features; '
            'names = {name.partition(".")[0] for name in set(sys.modules) - before}; '
            'owners = importlib.metadata.packages_distributions(); '
            'print(json.dumps([package for name in names for package in owners.get(name, [])]))')
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=SECONDS)
    imported = {package.lower().replace('_', '-') for package in json.loads(done.stdout)}
    assert 'numpy' in imported
    assert imported <= set(installation(CONVERSION)[1])


def test_the_reader_installs_what_reads_and_serves_and_pins_what_the_others_do():
    modules, arguments = installation(READER)
    assert modules == 'cv2, onnxruntime, uvicorn'
    assert arguments == ['-r', '/data/code/requirements-reader.txt',
                         '-r', '/data/code/requirements-serve.txt']
    lines, of_all = ([line for line in (ROOT / name).read_text(encoding='utf-8').splitlines() if '==' in line]
                     for name in ('requirements-reader.txt', 'requirements.txt'))
    names = [line.partition('==')[0] for line in lines]
    assert set(names) == {
        'numpy', 'opencv-python-headless', 'onnx', 'onnxruntime', 'easydict', 'tqdm', 'google-crc32c'}
    assert [line for line, name in zip(lines, names, strict=True) if name in pinned_packages()] == [
        line for line in of_all if line.partition('==')[0] in names]


def test_pip_leaves_no_cache_and_no_bytecode():
    install, = re.findall(r'^python -m pip install (.*)$', (ROOT / SCRIPT).read_text(), flags=re.MULTILINE)
    assert install.split() == ['--no-cache-dir', '--no-compile', '"$@"']


@pytest.mark.parametrize('name', [*DOCKERFILES, SCRIPT])
def test_no_build_tools_are_installed(name):
    commands = ' '.join(rest for _, rest in read_instructions(name))
    assert not re.search(r'\b(apt|apt-get|apk|gcc|make|build-essential)\b', commands)


@pytest.mark.parametrize('name', DOCKERFILES)
def test_a_change_of_the_code_installs_nothing_anew(name):
    instructions = read_instructions(name)
    assert [(keyword, arguments) for keyword, arguments in instructions if keyword in ('COPY', 'ADD')] == [
        ('COPY', f'{REQUIREMENTS[name]} {SCRIPT} /data/code/'), ('COPY', '. /data/code')]
    layers = [keyword for keyword, _ in instructions if keyword in ('COPY', 'RUN')]
    assert layers[:3] == ['COPY', 'RUN', 'COPY']


@pytest.mark.parametrize('name', DOCKERFILES)
def test_a_container_runs_its_script_by_itself(name):
    keyword, arguments = read_instructions(name)[-1]
    assert keyword == 'CMD'
    command = {CONVERSION: CONVERSION_COMMAND, READER: SERVING_COMMAND}.get(name, TRAINING_COMMAND)
    assert json.loads(arguments) == command.split()


def test_the_cpu_and_gpu_images_differ_only_in_cuda():
    def without_cuda(name):
        cuda = r" 'tensorflow\[and-cuda\]'| NVIDIA_\w+=\S+"
        return [(keyword, re.sub(cuda, '', arguments)) for keyword, arguments in read_instructions(name)]

    assert without_cuda(CPU) == without_cuda(GPU)
    assert read_instructions(CPU) != read_instructions(GPU)


def test_the_context_leaves_out_what_git_ignores_and_what_no_container_runs():
    ignored, by_git = (
        re.findall(r'^[^#\s]+?(?=/?$)', (ROOT / name).read_text(encoding='utf-8'), flags=re.MULTILINE)
        for name in ('.dockerignore', '.gitignore'))
    assert {'.git', 'tests', 'benchmarks', '**/__pycache__', '.venv'} <= set(ignored)
    assert {pattern for pattern in by_git if not {pattern, f'**/{pattern}'} & set(ignored)} == set()
    patterns = [pattern.removeprefix('**/') for pattern in ignored]
    assert [name for name in (*CODE, 'LICENSE')
            if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == []
