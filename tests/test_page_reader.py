"""Tests of reading in the browser: reader.js against its first writing in Python, and the exported page in
Chromium.
"""
import base64
import contextlib
import functools
import http.server
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import threading

import cv2
import numpy as np
import pytest

from crnnmodel import numpy_ctc
from crnnmodel.architecture import Architecture
from data_provider import image_file
from local_utils import command_line
from local_utils.char_codec import CharacterCodec
from reading import ReadingSettings, Recogniser, decoding, views, weighing
from reading.export import words
from reading.page import folder
from tests import chromium
from tools import export_shadownet

READER = pathlib.Path(folder.__file__).with_name('reader.js')
NODE, NPM = shutil.which('node'), shutil.which('npm')
RUNTIME_PACKAGE = 'onnxruntime-web@1.30.0'
NUM_WORDS = 50
needs_node = pytest.mark.skipif(NODE is None, reason='no Node.js is installed')


def ask(tmp_path, questions):
    """Return what reader.js answers under Node.js."""
    module = shutil.copy(READER, tmp_path / 'reader.mjs')
    ran = subprocess.run([NODE, pathlib.Path(__file__).with_name('reader_in_node.mjs'), module],
                         capture_output=True, text=True,
                         input=json.dumps(questions), check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def as_question(kind, image, **others):
    return {'kind': kind, 'pixels': base64.b64encode(image.tobytes()).decode(), 'width': image.shape[1],
            'height': image.shape[0], **others}


def pixels_of(answer):
    return np.frombuffer(base64.b64decode(answer['pixels']),
                         np.uint8).reshape(answer['height'], answer['width'], 3)


@needs_node
def test_views_are_made_of_the_same_pixels(rng, tmp_path):
    configuration = folder.configuration_of(Architecture('abc', 4, (100, 32)))
    made = [views.FIRST, *itertools.chain(*views.MANY), *views.FURTHER,
            views.View(turn=7, shear=0.25, has_own_width=True, width=0.77),
            views.View(quarter_turns=1, turn=20)]
    questions, expected = [], []
    for number in range(6 * len(made)):
        height, width = (int(rng.integers(3, most)) for most in (140, 420))
        if number % 6 == 0:   # sides that are whole multiples are averaged in another way
            height, width = 32 * int(rng.integers(1, 5)), 100 * int(rng.integers(1, 5))
        view, image = made[number // 6], rng.integers(0, 256, [height, width, 3], np.uint8)
        questions.append(as_question('image', image, view=view._asdict(), configuration=configuration))
        expected.append((views.is_for(view, image), views.make_view(view, image, (100, 32))))
    for question, answer, (is_for, pixels) in zip(questions, ask(tmp_path, questions), expected, strict=True):
        assert answer['isFor'] == is_for
        # What OpenCV reckons with fewer digits is one level off in places.
        is_rounded = any(question['view'][name] for name in ('shear', 'turn', 'blur'))
        np.testing.assert_allclose(pixels_of(answer).astype(int), pixels, atol=1 if is_rounded else 0)


@needs_node
def test_the_same_smaller_image_is_kept_of_a_large_one(rng, tmp_path):
    configuration = folder.configuration_of(Architecture('abc', 4, (100, 32)))
    images = [rng.integers(0, 256, [*size, 3], np.uint8)
              for size in ((30, 100), (256, 256), (257, 256), (300, 1000), (700, 90), (2, 5000), (1, 2049))]
    answers = ask(tmp_path, [as_question('kept', image, configuration=configuration) for image in images])
    for image, answer in zip(images, answers, strict=True):
        kept = views.ViewedImage(image, (100, 32), views.FEW)._image
        np.testing.assert_allclose(pixels_of(answer).astype(int), kept, atol=1)


@needs_node
@pytest.mark.parametrize('level', [40, 220])
def test_what_is_transparent_gets_the_same_ground(rng, tmp_path, level):
    rgba = rng.integers(level - 30, level + 30, [20, 30, 4]).astype(np.uint8)
    rgba[:, :, 3] = rng.choice([0, 90, 255], [20, 30])
    answer, = ask(tmp_path, [as_question('opaque', rgba)])
    expected = image_file.decode_image(cv2.imencode('.png',
                                                    cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))[1].tobytes(),
                                                    None)
    assert np.abs(pixels_of(answer).astype(int) - expected).max() <= 1   # float64 there, float32 here


@needs_node
def test_logits_are_decoded_to_the_same_labels_and_probabilities(rng, tmp_path):
    questions, expected = [], []
    for label in ([], [0], [1, 1], [0, 2, 2, 1], [3, 0, 3]):
        logits = rng.normal(0, 3, [12, 1, 5]).astype(np.float32)
        questions.append({'kind': 'view', 'logits': logits.ravel().tolist(), 'frames': 12, 'classes': 5,
                          'label': label})
        probabilities, rows = numpy_ctc.softmax(logits), numpy_ctc.rows_of([label])
        expected.append((numpy_ctc.best_path(probabilities)[0].tolist(),
                         np.exp(numpy_ctc.log_probabilities(rows, probabilities))[0],
                         numpy_ctc.align(rows, probabilities).probabilities[0]))
    for answer, (label, probability, places) in zip(ask(tmp_path, questions), expected, strict=True):
        assert answer['label'] == label
        assert answer['probability'] == pytest.approx(probability, rel=1e-4)
        np.testing.assert_allclose(answer['places'], places, rtol=1e-5)


@needs_node
def test_views_are_decoded_together_to_the_same_label(rng, tmp_path):
    questions, expected = [], []
    for _ in range(20):
        logits = [rng.normal(0, 2, [frames, 1, 4]).astype(np.float32) for frames in (6, 6, 4, 9)]
        turns = [0, 0, 1, 3]
        asked = [{'logits': view.ravel().tolist(), 'frames': len(view), 'classes': 4, 'orientation': turn}
                 for view, turn in zip(logits, turns, strict=True)]
        questions.append({'kind': 'views', 'views': asked,
                          'orientationWeights': weighing.ORIENTATION_WEIGHTS.tolist()})
        groups = [weighing.first_views(numpy_ctc.softmax(view))._replace(orientations=np.array([turn]))
                  for view, turn in zip(logits, turns, strict=True)]
        together, = decoding.Decoder(CharacterCodec('abc'), ReadingSettings()).decode(groups, 1)
        expected.append([list(together.best.label), *together.best[1:]])
    answers = ask(tmp_path, questions)
    assert {orientation for _, _, orientation in answers} == {0, 1, 3}
    for answer, (label, confidence, orientation) in zip(answers, expected, strict=True):
        assert answer == [label, pytest.approx(confidence, rel=1e-4), orientation]


# ---- the folder

def fake_runtime(tmp_path):
    runtime = tmp_path / 'dist'
    runtime.mkdir()
    for name in folder.RUNTIME_FILES:
        (runtime / name).write_bytes(b'')
    return runtime


def export(save_path, runtime_dir, *flags):
    return command_line.run_tool(export_shadownet.main, [
        '--weights_path', 'bundled', '--save_path', str(save_path), '--runtime_dir', str(runtime_dir),
        *flags])


def test_a_folder_that_has_files_is_left_alone(tmp_path, capfd):
    (tmp_path / 'page').mkdir()
    (tmp_path / 'page' / 'mine').touch()
    assert export(tmp_path / 'page', fake_runtime(tmp_path)) == 1
    assert 'not an empty folder' in capfd.readouterr().err
    assert os.listdir(tmp_path / 'page') == ['mine']


def test_a_folder_without_the_runtime_is_named(tmp_path, capfd):
    assert export(tmp_path / 'page', tmp_path) == 1
    assert 'onnxruntime-web' in capfd.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.fixture
def runtime_dir(tmp_path):
    """Return the folder of the runtime, fetched with npm where ONNXRUNTIME_WEB does not tell one."""
    if 'ONNXRUNTIME_WEB' in os.environ:
        return pathlib.Path(os.environ['ONNXRUNTIME_WEB'])
    if NPM is None:
        pytest.skip('no npm is installed')
    ran = subprocess.run([NPM, 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix',
                          tmp_path / 'npm',
                          RUNTIME_PACKAGE], capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f'npm cannot fetch {RUNTIME_PACKAGE}: {ran.stderr.strip().splitlines()[-1:]}')
    return tmp_path / 'npm' / 'node_modules' / 'onnxruntime-web' / 'dist'


@contextlib.contextmanager
def served(path):
    """Yield the address of a plain web server of a folder."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                         functools.partial(Quiet, directory=path)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f'http://127.0.0.1:{server.server_port}/'
        server.shutdown()


@pytest.mark.skipif(chromium.path() is None, reason='no Chromium is installed (apt-get install chromium)')
def test_the_exported_page_reads_the_same_texts_in_the_browser(tmp_path, runtime_dir):
    assert export(tmp_path / 'page', runtime_dir, '--num_words', str(NUM_WORDS)) == 0
    drawn = [word.content for word in words.draw(NUM_WORDS)]
    for number, content in enumerate(drawn):
        (tmp_path / f'{number:02}.{"png" if content[1:4] == b"PNG" else "jpg"}').write_bytes(content)
    readings = Recogniser.open('bundled').read(drawn)
    browser = chromium.Browser(tmp_path / 'profile')
    try:
        with served(tmp_path / 'page') as address:
            browser.open(address)
            browser.choose('#files', *sorted([*tmp_path.glob('*.png'), *tmp_path.glob('*.jpg')]))
            browser.wait_for(f"document.querySelectorAll('.word .confidence').length === {NUM_WORDS}", 300)
            shown = browser.run("""[...document.querySelectorAll('.word')].map(word => [
                word.querySelector('.name').textContent.slice(0, 2), word.querySelector('.text').textContent,
                word.querySelector('.confidence').textContent])""")
            complaints = browser.complaints
    finally:
        browser.close()
    shown.sort()
    assert [text for _, text, _ in shown] == [reading.text or '(nothing)' for reading in readings]
    percents = np.array([int(confidence.split()[0]) for _, _, confidence in shown])
    assert np.abs(percents - [100 * reading.confidence for reading in readings]).max() < 2
    assert complaints == []
