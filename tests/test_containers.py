"""Tests of what the images of the Dockerfiles do, where an engine and a base image are at hand.

The images are built from the image that CRNN_TEST_BASE_IMAGE names, or from the Dockerfiles' own where docker
or buildah has it or can pull it; otherwise these tests are skipped.
"""
import collections
import functools
import os
import shlex
import shutil
import signal
import subprocess

import cv2
import numpy as np
import pytest

from tests.dockerfiles import (
    CODE,
    CONVERSION,
    CONVERSION_COMMAND,
    CPU,
    PLATFORM_COMMAND,
    READER,
    READING_COMMAND,
    ROOT,
    SERVING_COMMAND,
    TRAINING_COMMAND,
    read_instructions,
)

QUICK, RUN, BUILD = 60, 300, 1800   # seconds that a command of an engine may take


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
    """Draw numbers as word images, in the input layout; none is that in its file's name, as indices are."""
    for name in ('char_dict.json', 'ord_map.json'):
        shutil.copy(ROOT / 'data' / name, folder)
    (folder / '1').mkdir()
    for split, numbers in (('Train', range(num_train)), ('Test', range(100, 100 + num_test))):
        (folder / split).mkdir()
        lines = [f'1/{number}.png {number + 208}\n' for number in numbers]
        (folder / split / 'sample.txt').write_text(''.join(lines))
        for number in numbers:
            image = np.full((32, 100, 3), 255, np.uint8)
            cv2.putText(image, str(number + 208), (10, 25), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
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
    assert texts['/data/data/1/100.png'] == '308'
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
    assert '"text": "308"' in output.replace('":"', '": "'), output


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
    bytecode = engine.run(tags[name], 'find /opt/venv /data -name "*.pyc"').split()
    assert bool(bytecode) == (name == READER)   # which reads a word when it is built
    assert engine.run(tags[name], 'ls -A /tmp; ls -A /root/.cache 2> /dev/null; true') == ''
    assert engine.run(tags[name], 'command -v gcc g++ make || true') == ''


def test_only_the_training_image_holds_tensorflow(images):
    engine, tags = images
    has_tensorflow = {name: 'tensorflow' in engine.run(tag, 'ls /opt/venv/lib/python3*/site-packages').split()
                      for name, tag in tags.items()}
    assert has_tensorflow == {CONVERSION: False, CPU: True, READER: False}
