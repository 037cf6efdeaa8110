"""The Dockerfiles: what they say, and, where an engine and a base image are at hand, what their images do.

The images are built from the image that CRNN_TEST_BASE_IMAGE names, or from the Dockerfiles' own where docker
or buildah has it or can pull it; otherwise those tests are skipped.
"""
import collections
import fnmatch
import functools
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONVERSION, CPU, GPU = 'crnn-generate-tfrecords.Dockerfile', 'ocr-cpu.Dockerfile', 'ocr-gpu.Dockerfile'
READER = 'ocr-reader.Dockerfile'
DOCKERFILES = [CONVERSION, CPU, GPU, READER]
REQUIREMENTS = {**dict.fromkeys(DOCKERFILES, 'requirements.txt'),
                READER: 'requirements-reader.txt requirements-serve.txt'}
SCRIPT = 'container_environment.sh'   # what all of them run to install
CODE = ['crnnmodel', 'data', 'data_provider', 'global_configuration', 'local_utils', 'reading', 'tools',
        'training', 'requirements.txt', SCRIPT]

CONVERSION_COMMAND = ('python /data/code/tools/write_text_features.py '
                      '--dataset_dir /data/data/ --save_dir /data/output')
TRAINING_COMMAND = 'python /data/code/tools/train_shadownet.py'
SERVING_COMMAND = 'python /data/code/tools/serve_shadownet.py --host 0.0.0.0'
READING_COMMAND = 'python /data/code/tools/test_shadownet.py --image_path /data/data'
# What the UAI Train platform runs; {} are the user's flags.
PLATFORM_COMMAND = ('cd /data && /usr/bin/python /data/code/tools/train_shadownet.py {} '
                    '--work_dir=/data --data_dir=/data/data --output_dir=/data/output --log_dir=/data/output')

QUICK, RUN, BUILD = 60, 300, 1800   # seconds that a command of an engine may take


def read_instructions(name):
    """Return a Dockerfile's instructions as a list of (keyword, arguments on one line)."""
    text = (ROOT / name).read_text(encoding='utf-8')
    lines = re.sub(r'^\s*#.*\n', '', text, flags=re.MULTILINE).replace('\\\n', ' ').splitlines()
    parts = (line.partition(' ') for line in lines if line.strip())
    return [(keyword, ' '.join(rest.split())) for keyword, _, rest in parts]


def installation(name):
    """Return what a Dockerfile's only RUN gives the script: (modules to import, pip's arguments)."""
    command, = (arguments for keyword, arguments in read_instructions(name) if keyword == 'RUN')
    shell, script, modules, *arguments = shlex.split(command)
    assert (shell, script) == ('sh', f'/data/code/{SCRIPT}')
    return modules, arguments


def pinned_packages():
    """Return the names of the packages that requirements.txt pins."""
    text = (ROOT / 'requirements.txt').read_text(encoding='utf-8')
    return set(re.findall(r'^([a-z0-9-]+)==', text, flags=re.MULTILINE))


# --- what they say ----------------------------------------------------------------------------------------


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
        [sys.executable, '-c', code], cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=QUICK)
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
    assert [keyword for keyword, _ in instructions if keyword in ('COPY', 'RUN')] == ['COPY', 'RUN', 'COPY']


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


# --- what their images do ---------------------------------------------------------------------------------


def call(*command, timeout):
    """Run a command and return its output, both streams as one text; a failure shows it.

    A command that takes longer than `timeout` seconds is killed, with what it started.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace',
        start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == 0, f'{" ".join(command)} ended with {process.returncode}:\n{output[-4000:]}'
    return output


def succeeds(*command):
    """Whether a command that should be quick exists and ends well."""
    try:
        call(*command, timeout=QUICK)
    except (AssertionError, FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return True


def run_in_docker(tag, command, volumes=()):
    """Run a shell command in a new container of an image, without network, and return its output."""
    return call('docker', 'run', '--rm', '--network=none', *volumes, tag, 'sh', '-c', command, timeout=RUN)


def run_in_buildah(tag, command, volumes=()):
    """Run a shell command in a new container of an image and return its output."""
    container = call('buildah', 'from', tag, timeout=QUICK).split()[-1]
    try:
        return call('buildah', 'run', '--isolation=chroot', *volumes, container, '--', 'sh', '-c', command,
                    timeout=RUN)
    finally:
        call('buildah', 'rm', container, timeout=QUICK)


Engine = collections.namedtuple('Engine', 'works has pulls build run remove')
ENGINES = [
    Engine(works=functools.partial(succeeds, 'docker', 'info'),
           has=functools.partial(succeeds, 'docker', 'image', 'inspect'),
           pulls=functools.partial(succeeds, 'docker', 'pull'),
           build=functools.partial(call, 'docker', 'build', timeout=BUILD),
           run=run_in_docker,
           remove=functools.partial(call, 'docker', 'image', 'rm', '--force', timeout=QUICK)),
    # Isolated by chroot, Buildah needs no daemon and works inside a container too.
    Engine(works=functools.partial(succeeds, 'buildah', 'images'),
           has=functools.partial(succeeds, 'buildah', 'inspect', '--type', 'image'),
           pulls=functools.partial(succeeds, 'buildah', 'pull'),
           build=functools.partial(call, 'buildah', 'bud', '--isolation=chroot', timeout=BUILD),
           run=run_in_buildah,
           remove=functools.partial(call, 'buildah', 'rmi', '--force', timeout=QUICK)),
]


def find_engine_and_base():
    """Return an engine that works and a base image that it has or can pull; skip the test without."""
    named = os.environ.get('CRNN_TEST_BASE_IMAGE')
    base = named or read_instructions(CPU)[0][1].removeprefix('BASE_IMAGE=')
    engines = [engine for engine in ENGINES if engine.works()]
    for engine in engines:
        if engine.has(base) or engine.pulls(base):
            return engine, base
    reason = (f'neither docker nor buildah has {base} or can pull it' if engines
              else 'neither docker nor buildah works here')
    if named:
        pytest.fail(f'CRNN_TEST_BASE_IMAGE is {named}, but {reason}')
    pytest.skip(f'no image is built: {reason}; CRNN_TEST_BASE_IMAGE can name a local base image')


@pytest.fixture(scope='module')
def images():
    """Yield the engine, and the built images' tags by Dockerfile."""
    engine, base = find_engine_and_base()
    tags = {name: f'localhost/crnn-test-{name.partition(".")[0]}:{os.getpid()}'
            for name in (CONVERSION, CPU, READER)}
    built = []
    try:
        for name, tag in tags.items():
            engine.build('--build-arg', f'BASE_IMAGE={base}', '-t', tag, '-f', str(ROOT / name), str(ROOT))
            built.append(tag)
        yield engine, tags
    finally:
        for tag in built:
            engine.remove(tag)


def draw_data_set(folder, num_train=40, num_test=4):
    """Draw numbers as word images, in the input layout."""
    for name in ('char_dict.json', 'ord_map.json'):
        shutil.copy(ROOT / 'data' / name, folder)
    (folder / '1').mkdir()
    for split, numbers in (('Train', range(num_train)), ('Test', range(100, 100 + num_test))):
        (folder / split).mkdir()
        lines = [f'1/{number}.png {number}\n' for number in numbers]
        (folder / split / 'sample.txt').write_text(''.join(lines))
        for number in numbers:
            image = np.full((32, 100, 3), 255, np.uint8)
            cv2.putText(image, str(number), (10, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
            assert cv2.imwrite(str(folder / '1' / f'{number}.png'), image)


def volumes(data, output):
    """Return the flags that show two folders as the platform does."""
    return [f'--volume={data}:/data/data', f'--volume={output}:/data/output']


def test_the_containers_convert_and_train_as_the_platform_runs_them(images, tmp_path):
    engine, tags = images
    words, records, output = (tmp_path / name for name in ('words', 'records', 'output'))
    for folder in (words, records, output):
        folder.mkdir()
    draw_data_set(words)

    engine.run(tags[CONVERSION], CONVERSION_COMMAND, volumes(words, records))
    for split in ('train', 'validation', 'test'):
        assert (records / f'{split}_feature.tfrecords').stat().st_size > 0
    assert (records / 'manifest.json').is_file()
    assert (records / 'ord_map.json').read_bytes() == (words / 'ord_map.json').read_bytes()

    flags = '--max_step 2 --set TRAIN.BATCH_SIZE=4'
    log = engine.run(tags[CPU], PLATFORM_COMMAND.format(flags), volumes(records, output))
    assert (output / 'shadownet.ckpt-2.index').is_file(), log

    # The command of docs/platform.md finds records and run without a flag, and goes on where the job stopped.
    flags = '--max_step 3 --set TRAIN.BATCH_SIZE=4'
    log = engine.run(tags[CPU], f'{TRAINING_COMMAND} {flags}', volumes(records, output))
    assert (output / 'shadownet.ckpt-3.index').is_file(), log


def test_the_reader_reads_and_serves(images, tmp_path):
    engine, tags = images
    data = tmp_path / 'data'
    data.mkdir()
    draw_data_set(data, num_train=2, num_test=1)
    lines = engine.run(tags[READER], READING_COMMAND, volumes(data, tmp_path)).splitlines()
    texts = dict(line.split('\t')[:2] for line in lines if line.startswith('/data/data/1/'))
    assert set(texts) == {f'/data/data/1/{number}.png' for number in (0, 1, 100)}
    assert texts['/data/data/1/100.png'] == '100'
    code = ('import time, urllib.request as web\n'
            'for _ in range(60):\n'
            '    try:\n'
            '        web.urlopen("http://127.0.0.1:8080/health")\n'
            '        break\n'
            '    except OSError:\n'
            '        time.sleep(1)\n'
            'image = open("/data/data/1/100.png", "rb").read()\n'
            'print(web.urlopen(web.Request("http://127.0.0.1:8080/service", image)).read().decode())')
    output = engine.run(tags[READER], f'{SERVING_COMMAND} & python -c {shlex.quote(code)}; kill $!; wait $!',
                        volumes(data, tmp_path))
    assert '"text": "100"' in output.replace('":"', '": "'), output


@pytest.mark.parametrize(('name', 'packages'), [
    (CONVERSION, 'cv2, numpy'), (CPU, 'cv2, tensorflow'), (READER, 'cv2, onnxruntime')])
def test_python_and_usr_bin_python_are_one_interpreter_with_the_packages(images, name, packages):
    engine, tags = images
    code = f'import sys, {packages}; print(sys.executable, sys.prefix)'
    for python in ('python', '/usr/bin/python'):
        output = engine.run(tags[name], f'{python} -c "{code}" 2> /dev/null')
        assert output == '/opt/venv/bin/python /opt/venv\n'


@pytest.mark.parametrize('name', [CONVERSION, CPU, READER])
def test_the_images_hold_the_code_and_no_leftovers(images, name):
    engine, tags = images
    listing = set(engine.run(tags[name], 'ls -A /data/code').split())
    assert set(CODE) <= listing
    assert not {'.git', 'tests', 'benchmarks', '.venv', name} & listing
    leftovers = 'find /opt/venv /data -name "*.pyc"; ls -A /tmp; ls -A /root/.cache 2> /dev/null; true'
    assert engine.run(tags[name], leftovers) == ''
    assert engine.run(tags[name], 'command -v gcc g++ make || true') == ''


def test_only_the_training_image_holds_tensorflow(images):
    engine, tags = images
    has_tensorflow = {name: 'tensorflow' in engine.run(tag, 'ls /opt/venv/lib/python3*/site-packages').split()
                      for name, tag in tags.items()}
    assert has_tensorflow == {CONVERSION: False, CPU: True, READER: False}
