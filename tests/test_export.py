"""Tests of reading.export and tools.export_shadownet: each form is read as a user of it
would, and compared.
"""
import json
import os
import zipfile

import cv2
import numpy as np
import onnx
import pytest
import tensorflow.compat.v1 as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from crnnmodel import architecture as architectures
from data_provider import image_file
from local_utils import command_line, tfrecord
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError
from reading import Recogniser, views
from reading.export import forms, onnx_form, parity, readback, saved_model_form, warm_up, words
from reading.export.parity import Answers, Bounds, Parity
from reading.export.words import Word
from tests.conftest import draw
from tests.small_checkpoint import architecture as small_architecture
from tests.small_checkpoint import save
from tests.small_run import SIZE, WORDS, error_lines
from tools import export_shadownet


@pytest.fixture(scope='module')
def word_images(tmp_path_factory):
    """Return a folder of images of WORDS, with sample.txt."""
    folder = tmp_path_factory.mktemp('words')
    for number, word in enumerate(WORDS):
        cv2.imwrite(str(folder / f'{number}.png'), draw(word, SIZE))
    (folder / 'sample.txt').write_text(''.join(f'{number}.png {word}\n' for number, word in enumerate(WORDS)))
    return folder


def export(run, save_path, word_images, *flags):
    return command_line.run_tool(export_shadownet.main, [
        '--weights_path', str(run), '--save_path', str(save_path), '--image_dir', str(word_images),
        '--annotation_path', str(word_images / 'sample.txt'), *flags])


def check_description(found, run, weights='float32'):
    """Check what an export says of itself."""
    described = found['description']
    form = architectures.from_description(described if isinstance(described, str) else json.dumps(described),
                                          '')
    assert form.input_size == SIZE
    assert form.characters == Recogniser.open(str(run)).codec.characters
    figures = found['parity'] if isinstance(found['parity'], dict) else json.loads(found['parity'])
    assert figures['words'] == figures['labelled_words'] == len(WORDS)
    assert figures['accuracy_of_checkpoint'] == 1.0
    assert figures['equal_texts'] >= parity.BOUNDS[weights].equal_texts
    assert (found['weights'], found['checkpoint']) == (weights, 'shadownet.ckpt-400')
    assert found['commit'] == 'unknown' or len(found['commit']) == 40


@pytest.mark.parametrize('weights', ['float32', 'int8'])
def test_an_onnx_file_reads_the_words_and_says_what_it_is(overfitted, word_images, tmp_path, capfd, weights):
    path = tmp_path / 'model.onnx'
    assert export(overfitted[1], path, word_images, '--weights', weights) == 0
    assert f'{len(WORDS)} words: logits differ by up to' in capfd.readouterr().err
    assert os.listdir(tmp_path) == ['model.onnx']
    texts = [reading.text
             for reading in Recogniser.open(str(path)).read([draw(word, SIZE) for word in WORDS])]
    assert texts == WORDS
    entries = onnx.load(path).metadata_props
    assert sorted(entry.key for entry in entries) == [
        'checkpoint', 'commit', 'crc32c', 'description', 'parity', 'weights']   # each once
    check_description({entry.key: entry.value for entry in entries}, overfitted[1], weights)


def test_a_litert_file_has_a_signature_for_each_width_and_its_description_behind_it(
        overfitted, word_images, tmp_path):
    path = tmp_path / 'model.tflite'
    assert export(overfitted[1] / 'best', path, word_images, '--weights', 'int8') == 0
    interpreter = tf.lite.Interpreter(model_content=path.read_bytes())
    width = SIZE[0]
    widths = {views.size_of(view, SIZE)[0] for view in (views.FIRST, *views.FURTHER)}
    assert set(interpreter.get_signature_list()) == {f'width_{each}' for each in widths}
    assert len(widths) == 3
    codec = Recogniser.open(str(overfitted[1])).codec
    run = interpreter.get_signature_runner(f'width_{width}')
    logits = np.concatenate([run(images=draw(word, SIZE)[np.newaxis])['logits'] for word in WORDS], axis=1)
    assert logits.shape == (width // 4, len(WORDS), codec.num_classes)
    assert parity.texts_of(logits, codec) == WORDS
    with zipfile.ZipFile(path) as zipped:
        check_description(json.loads(zipped.read('description.json')), overfitted[1], 'int8')


def test_a_saved_model_reads_files_and_pixels_in_tensorflow_1_and_2(overfitted, word_images, tmp_path):
    assert export(overfitted[1], f'{tmp_path}/served/', word_images) == 0
    folder = str(tmp_path / 'served' / '1')
    contents = [(word_images / f'{number}.png').read_bytes() for number in range(len(WORDS))]
    signatures = tf.saved_model.load_v2(folder).signatures
    found = signatures['serving_default'](image_bytes=tf.constant(contents))
    assert [text.decode() for text in found['texts'].numpy()] == WORDS
    confidences = [reading.confidence for reading in Recogniser.open(str(overfitted[1])).read(contents)]
    np.testing.assert_allclose(found['confidences'].numpy(), confidences, rtol=1e-3)
    with tf.Graph().as_default(), tf.Session() as session:
        loaded = tf.saved_model.load(session, [tf.saved_model.SERVING], folder)
        images, texts = (getattr(loaded.signature_def['images'], ends)[name].name
                         for ends, name in (('inputs', 'images'), ('outputs', 'texts')))
        answers = session.run(texts, {images: np.stack([draw(word, SIZE) for word in WORDS])})
    assert [text.decode() for text in answers] == WORDS
    with open(f'{folder}/assets.extra/description.json', encoding='utf-8') as file:
        check_description(json.load(file), overfitted[1])
    requests = list(tfrecord.read_records(f'{folder}/assets.extra/tf_serving_warmup_requests'))
    assert len(requests) == 4
    assert export(overfitted[1], f'{tmp_path}/served/', word_images) == 1   # there is one already


def test_an_export_that_reads_otherwise_is_not_left_behind(overfitted, word_images, tmp_path, capfd,
                                                           monkeypatch):
    write = onnx_form.write

    def write_something_else(tensors, architecture, weights, path):
        kernel = tensors['shadow/LSTMLayers/w']
        write({**tensors, 'shadow/LSTMLayers/w': kernel[:, ::-1]}, architecture, weights, path)

    monkeypatch.setattr(onnx_form, 'write', write_something_else)
    (tmp_path / 'model.onnx').write_bytes(b'the one before')
    assert export(overfitted[1], tmp_path / 'model.onnx', word_images) == 1
    line, = error_lines(capfd)
    assert f'{tmp_path}/model.onnx does not read as its checkpoint does: logits differ by up to' in line
    assert '% of 8 texts are equal, expected 100.00%' in line
    assert os.listdir(tmp_path) == ['model.onnx']
    assert (tmp_path / 'model.onnx').read_bytes() == b'the one before'


def test_folders_that_an_interrupted_export_made_are_gone(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    prefix, _ = save(tmp_path / 'run', small_architecture())
    monkeypatch.setattr(saved_model_form, 'write', interrupted)
    with pytest.raises(KeyboardInterrupt):
        forms.export(prefix, f'{tmp_path}/new/models/word/', words.draw(2))
    assert os.listdir(tmp_path) == ['run']


def test_what_its_runtime_cannot_read_is_said_with_its_last_line(tmp_path):
    (tmp_path / 'a.onnx').write_bytes(b'nothing')
    with pytest.raises(InputError, match='a.onnx: its runtime cannot read it: .*InputError'):
        readback.in_own_process('onnx_form', str(tmp_path / 'a.onnx'), [np.zeros([1, 32, 8, 3], np.uint8)],
                                [Word(b'', '')])


@pytest.mark.parametrize(('save_path', 'flags', 'status', 'message'), [
    ('model.pb', (), 2, 'model.pb: expected a name that ends in .onnx or .tflite, or a folder, saved_model/'),
    ('none/model.onnx', (), 1, 'there is no such folder'),
    ('saved/', ('--weights', 'int8'), 2, 'weights of int8 are not possible there; expected float32'),
    ('model.onnx', ('--annotation_path', 'x'), 2, '--annotation_path: expected --image_dir, too'),
    ('model.onnx', ('--follow_links',), 2, '--follow_links: expected --annotation_path, too'),
    ('model.onnx', ('--image_dir', 'none'), 1, 'none'),
    ('model.onnx', ('--weights_path', 'm.onnx'), 1, 'm.onnx: expected a checkpoint to export, got what was'),
])
def test_a_wrong_name_or_flag_is_one_line(tmp_path, capfd, save_path, flags, status, message):
    assert status == command_line.run_tool(export_shadownet.main, [
        '--weights_path', 'bundled', '--save_path', f'{tmp_path}/{save_path}', '--num_words', '2', *flags])
    line, = error_lines(capfd)
    assert message in line
    assert not list(tmp_path.rglob('*.onnx')) + list(tmp_path.rglob('1'))


CODEC = CharacterCodec('ab')
A, B, BLANK = [9, 0, 0], [0, 9, 0], [0, 0, 9]


def logits(*frames_of_words):
    """Return logits [time, words, classes] of the frames of each word."""
    return np.array(frames_of_words, np.float32).transpose(1, 0, 2)


def test_logits_texts_and_accuracy_are_compared():
    reference = [logits([A, BLANK, A], [B, B, BLANK], [A, B, BLANK]), logits([A, A])]
    found = logits([A, BLANK, A], [A, B, BLANK], [A, B, BLANK])
    found[0, 0, 0] += 0.5
    compared = parity.compare(reference, Answers([found, logits([A, B])], {'files': ['aa', 'b', 'b']}),
                              [Word(b'', 'aa'), Word(b'', 'B'), Word(b'', 'ü')], CODEC)
    assert compared == Parity(words=3, max_logit_difference=9.0, equal_texts=2 / 3, labelled_words=2,
                              accuracy_of_checkpoint=1.0, accuracy_of_export=0.5)
    assert parity.compare(reference, Answers(reference, {}), [Word(b'', None)] * 3,
                          CODEC) == Parity(3, 0.0, 1.0, 0, None, None)


def test_texts_from_right_to_left_are_compared_in_the_order_of_reading():
    reference, shown, text = [logits([A, B, BLANK])], '\u05d0\u05d1', '\u05d1\u05d0'
    compared = parity.compare(reference, Answers(reference, {'images': [shown]}), [Word(b'', text)],
                              CharacterCodec(shown))
    assert compared == Parity(1, 0.0, 1.0, 1, 1.0, 1.0)


@pytest.mark.parametrize(('changes', 'message'), [
    ({}, None), ({'max_logit_difference': 0.2}, r'logits differ by up to 0.2, allowed are 0.1'),
    ({'max_logit_difference': float('nan')}, 'logits differ by up to nan'),
    ({'equal_texts': 0.89}, r'89.00% of 100 texts are equal, expected 90.00%'),
    ({'accuracy_of_export': 0.78}, r'2.00% of 50 words are lost, allowed are 1.00%'),
    ({'accuracy_of_export': 0.9}, None),
])
def test_what_is_beyond_the_bounds_is_told(changes, message):
    found = Parity(100, 0.1, 0.9, 50, 0.8, 0.795)._replace(**changes)
    bounds = Bounds(0.1, 0.9, 0.01)
    if message is None:
        parity.check(found, bounds, 'model.onnx')
        return
    with pytest.raises(InputError, match=f'model.onnx does not read as its checkpoint does: {message}'):
        parity.check(found, bounds, 'model.onnx')


def test_drawn_words_are_the_same_each_time_and_images_of_both_kinds_and_many_sizes():
    drawn = words.draw(6)
    assert drawn == words.draw(6)
    assert [word.content[:2] for word in drawn] == [b'\x89P', b'\xff\xd8'] * 3
    assert all(word.text for word in drawn)
    assert len({image_file.decode_image(word.content, None).shape for word in drawn}) == 6


def test_words_of_a_folder_have_their_texts_and_a_bad_image_is_left_out(word_images, tmp_path):
    found = words.of_folder(str(word_images), str(word_images / 'sample.txt'), 100)
    assert [word.text for word in found] == WORDS
    assert [word.text for word in words.of_folder(str(word_images), None, 3)] == [None] * 3
    lines = (word_images / 'sample.txt').read_text().splitlines()
    with_lexicons = tmp_path / 'lexicons.txt'
    with_lexicons.write_text(''.join('{}\t{}\tone,two\n'.format(*line.split()) for line in lines))
    assert words.of_folder(str(word_images), str(with_lexicons), 100) == found
    (tmp_path / 'bad.png').write_bytes(b'none')
    with pytest.raises(InputError, match='no image that can be read'):
        words.of_folder(str(tmp_path), None, 3)


def test_linked_images_of_a_folder_are_compared_on_where_links_are_followed(
        word_images, tmp_path, capfd, monkeypatch):
    compared = []

    def take(*_, words, **_others):
        compared.extend(words)
        raise InputError('taken')

    monkeypatch.setattr(export_shadownet.forms, 'export', take)
    (tmp_path / 'images').symlink_to(word_images)
    (tmp_path / 'bad.png').write_bytes(b'none')
    (tmp_path / 'sample.txt').write_text('images/0.png cat\nbad.png dog\n')
    flags = ['--save_path', str(tmp_path / 'model.onnx'), '--image_dir', str(tmp_path), '--annotation_path',
             str(tmp_path / 'sample.txt')]
    assert command_line.run_tool(export_shadownet.main, flags) == 1
    log = capfd.readouterr().err
    assert '--follow_links allows it' in log and f'{tmp_path}/bad.png: not an image' in log
    assert command_line.run_tool(export_shadownet.main, [*flags, '--follow_links']) == 1
    assert 'taken' in error_lines(capfd)[0]
    assert [word.text for word in compared] == ['cat']


def test_a_warm_up_request_is_a_prediction_log():
    """The messages of TensorFlow Serving, as far as they are used here, described to the protocol buffers'
    own reader.
    """
    file = descriptor_pb2.FileDescriptorProto(name='log.proto', syntax='proto3', package='t')
    fields = {'Spec': [(1, 'name', 'string'), (3, 'signature_name', 'string')],
              'Input': [(1, 'key', 'string'), (2, 'value', 'bytes')],
              'Request': [(1, 'model_spec', 'Spec'), (2, 'inputs', 'Input')],
              'PredictLog': [(1, 'request', 'Request')], 'PredictionLog': [(6, 'predict_log', 'PredictLog')]}
    for message, its_fields in fields.items():
        described = file.message_type.add(name=message)
        for number, name, kind in its_fields:
            field = described.field.add(name=name, number=number, label=3 if name == 'inputs' else 1)
            field.type = {'string': 9, 'bytes': 12}.get(kind, 11)
            if field.type == 11:
                field.type_name = f'.t.{kind}'
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    log = message_factory.GetMessageClass(pool.FindMessageTypeByName('t.PredictionLog'))()
    log.ParseFromString(warm_up.request('images', {'images': np.full([1, 2], 7, np.uint8)}))
    request = log.predict_log.request
    assert (request.model_spec.name, request.model_spec.signature_name) == ('crnn', 'images')
    only, = request.inputs
    value = tf.make_ndarray(type(tf.make_tensor_proto(0)).FromString(only.value))
    assert (only.key, value.tolist()) == ('images', [[7, 7]])
