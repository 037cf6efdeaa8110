"""Tests of crnnmodel.tensor_bundle and crnnmodel.checkpoint_index, which read checkpoints
without TensorFlow.
"""
import os
import shutil
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint_files, checkpoint_index, tensor_bundle
from crnnmodel.tensor_bundle import DamagedCheckpoint, load_tensors
from local_utils import files
from local_utils.checksum import masked_crc
from local_utils.protocol_buffers import Malformed
from tests.small_checkpoint import write_bundle

DTYPES = [np.float32, np.float64, np.int32, np.int64, np.uint8, np.int16, np.int8, np.bool_, np.float16]


def random_tensors(rng, count):
    tensors = {'description': np.array('{"characters": "a中"}'.encode(), object),
               'empty': np.zeros([0, 3], np.float32), 'no_text': np.array(b'', object),
               'texts': np.array([[b'a', b''], [b'x' * 300, '中'.encode()]], object)}
    for number in range(count):
        shape = rng.integers(1, 6, rng.integers(0, 5))
        values = (100 * rng.standard_normal(shape)).astype(DTYPES[number % len(DTYPES)])
        tensors[f'{"optimizer/" if number % 7 == 3 else "shadow/"}layer_{number}/W'] = values
    return tensors


@pytest.mark.parametrize('num_shards', [1, 3])
def test_tensors_are_those_that_tensorflow_reads(tmp_path, rng, num_shards):
    tensors = random_tensors(rng, 400)   # more than one block of the index
    prefix = write_bundle(tmp_path / 'ckpt-5', tensors, num_shards)
    assert len(list(tmp_path.glob('ckpt-5.data-*'))) == num_shards
    reader = tf.train.load_checkpoint(prefix)
    found = load_tensors(prefix, with_optimizer=True)
    assert set(found) == set(tensors) == set(reader.get_variable_to_shape_map())
    for name, value in found.items():
        expected = reader.get_tensor(name)
        assert np.shape(value) == np.shape(expected)
        assert np.array_equal(value, expected)
        assert np.asarray(value).dtype == np.asarray(expected).dtype
    assert isinstance(found['description'], bytes)
    assert set(load_tensors(prefix)) == {name for name in tensors if not name.startswith('optimizer/')}


def test_the_bundled_weights_are_those_that_tensorflow_reads():
    prefix, tensors = checkpoint_files.load_newest('bundled', with_optimizer=True)
    reader = tf.train.load_checkpoint(prefix)
    assert set(tensors) == set(reader.get_variable_to_shape_map())
    assert all(np.array_equal(value, reader.get_tensor(name)) for name, value in tensors.items())


def test_tensorflow_is_not_needed():
    code = ('import sys; sys.modules["tensorflow"] = None; '
            'from crnnmodel import architecture, checkpoint_files; '
            'prefix, tensors = checkpoint_files.load_newest("bundled"); '
            'print(architecture.architecture_of(tensors, prefix))')
    ran = subprocess.run([sys.executable, '-c', code], cwd=files.repository_path(), capture_output=True,
                         text=True)
    assert 'characters' in ran.stdout, ran.stderr


@pytest.fixture
def bundle(tmp_path, rng, monkeypatch):
    """Return the prefix of a small checkpoint; nothing waits for one that may be replaced."""
    monkeypatch.setattr(tensor_bundle, 'SECONDS_OF_REPLACING', 0)
    os.mkdir(tmp_path / 'good')
    return write_bundle(tmp_path / 'good' / 'ckpt-5', random_tensors(rng, 20))


def is_refused(prefix):
    try:
        load_tensors(prefix, with_optimizer=True)
    except DamagedCheckpoint as error:
        assert str(error).startswith(f'{prefix}: the checkpoint is cut off or damaged (')
        assert '\n' not in str(error)
        return True
    return False


@pytest.mark.parametrize('ending', ['.index', '.data-00000-of-00001'])
def test_a_damaged_byte_is_refused_or_of_no_account(bundle, ending):
    with open(bundle + ending, 'rb') as file:
        content = file.read()
    whole = load_tensors(bundle, with_optimizer=True)
    of_no_account = 0
    for position in range(0, len(content), 1 if ending == '.index' else 37):
        for flip in (0xff, 1 << position % 8):
            flipped = bytearray(content)
            flipped[position] ^= flip
            with open(bundle + ending, 'wb') as file:
                file.write(flipped)
            if not is_refused(bundle):
                of_no_account += 1
                found = load_tensors(bundle, with_optimizer=True)
                assert all(np.array_equal(value, whole[name]) for name, value in found.items())
    assert of_no_account <= (2 * 40 if ending == '.index' else 0)   # the footer is padded to 40 bytes


@pytest.mark.parametrize('ending', ['.index', '.data-00000-of-00001'])
def test_a_checkpoint_that_is_cut_off_is_refused(bundle, ending):
    with open(bundle + ending, 'rb') as file:
        content = file.read()
    for size in [*range(0, len(content), max(1, len(content) // 100)), len(content) - 1]:
        os.truncate(bundle + ending, size)
        assert is_refused(bundle)
        with open(bundle + ending, 'wb') as file:
            file.write(content)
    assert not is_refused(bundle)


def test_a_part_that_is_missing_or_no_file_is_refused(bundle, tmp_path):
    data = f'{bundle}.data-00000-of-00001'
    os.rename(data, tmp_path / 'data')
    with pytest.raises(DamagedCheckpoint, match='No such file'):
        load_tensors(bundle)
    os.mkfifo(data)
    with pytest.raises(DamagedCheckpoint, match='expected a file'):
        load_tensors(bundle)


def varint(value):
    """Return a number as the formats write it, 7 bits a byte."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def block_of(key_values, more=b''):
    """Return a block of an index, with its checksum."""
    content = b''.join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key,
                       value in key_values) + more
    content += struct.pack('<II', 0, 1) + b'\0'   # one restart, no compression
    return content + struct.pack('<I', masked_crc(content))


def index_of(key_values, more=b''):
    """Return an index, whose checksums are right, of one block; `more` are entries behind the others."""
    block = block_of(key_values, more)
    handle = varint(0) + varint(len(block) - 5)
    blocks, notes = block_of([(b'z', handle)]), block_of([])
    footer = varint(len(block
                        + blocks)) + varint(len(notes) - 5) + varint(len(block)) + varint(len(blocks) - 5)
    return block + blocks + notes + footer.ljust(40, b'\0') + checkpoint_index.MAGIC


def test_whatever_an_index_with_right_checksums_says_is_refused_or_read(bundle, rng):
    with open(f'{bundle}.index', 'rb') as file:
        key_values = list(checkpoint_index.key_values_of(file.read()))
    refused = 0
    for _ in range(600):
        changed = [(key, bytearray(value)) for key, value in key_values]
        for _ in range(rng.integers(1, 4)):
            _, value = changed[rng.integers(len(changed))]
            value[rng.integers(len(value))] = rng.integers(256)
        with open(f'{bundle}.index', 'wb') as file:
            file.write(index_of(changed))
        refused += is_refused(bundle)
    assert 300 < refused < 600


@pytest.mark.parametrize(('entry', 'message'), [
    ({1: 99}, 'unknown type 99'), ({1: 7}, 'of the shape'), ({3: 1}, 'data file 1 of 1'),
    ({4: 1 << 60}, 'cut off'),
    ({5: 1 << 60}, 'cut off'), ({2: b'\x12\x02\x08\x03'}, r'of the shape \(3,\) has 16 bytes'),
    ({7: b''}, 'slices'),
    ({2: b'\x18\x01'}, 'no shape'), ({2: b'\x12\x02\x08\x01' * 40}, '40 dimensions'),
    ({1: b''}, 'a message where'),
])
def test_what_an_entry_may_not_say_is_told(bundle, entry, message):
    with open(f'{bundle}.data-00000-of-00001', 'wb') as file:
        file.write(bytes(16))
    fields = {1: 1, 2: b'\x12\x02\x08\x04', 5: 16, 6: masked_crc(bytes(16)), **entry}
    with open(f'{bundle}.index', 'wb') as file:
        file.write(index_of([(b'', b'\x08\x01\x1a\x02\x08\x01'), (b'x', message_of(fields))]))
    with pytest.raises(DamagedCheckpoint, match=message):
        load_tensors(bundle)


def message_of(fields):
    """Return a protocol buffer of a dict of field → number or bytes; the checksum, field 6, has 4 bytes."""
    parts = []
    for field, value in fields.items():
        if isinstance(value, bytes):
            parts.append(varint(field << 3 | 2) + varint(len(value)) + value)
        else:
            parts.append(varint(field << 3 | 5) + struct.pack('<I', value) if field == 6
                         else varint(field << 3) + varint(value))
    return b''.join(parts)


def entries_of_shared_names(count, name_bytes):
    """Return the entries of names that have the one before in them, in some bytes each."""
    return b''.join(varint(name_bytes) + varint(3) + varint(0) + b'%03d' % number for number in range(count))


def test_names_that_say_more_than_they_take_are_refused(monkeypatch):
    monkeypatch.setattr(checkpoint_index, 'MAX_TAKEN_BYTES', 1 << 20)
    for name_bytes, message in ((200_000, 'a name of 200000 bytes'), (2000, 'of more than 1048576 bytes')):
        first = [(b'', b'\x08\x01\x1a\x02\x08\x01'), (b'x' * name_bytes, b'')]
        index = index_of(first, entries_of_shared_names(1000, name_bytes))
        with pytest.raises(Malformed, match=message):
            checkpoint_index.parse_index(index)


def test_blocks_of_nothing_are_not_looked_at_again_and_again():
    with pytest.raises(Malformed, match='a block of the index is empty'):
        checkpoint_index.parse_index(index_of([]))


def test_many_entries_of_the_same_bytes_take_no_memory(bundle):
    with open(f'{bundle}.data-00000-of-00001', 'wb') as file:
        file.write(bytes(1600))
    fields = {1: 1, 2: b'\x12\x03\x08\x90\x03', 5: 1600, 6: masked_crc(bytes(1600))}
    for count in (1, 2):
        entries = [(f'x{number}'.encode(), message_of(fields)) for number in range(count)]
        with open(f'{bundle}.index', 'wb') as file:
            file.write(index_of([(b'', b'\x08\x01\x1a\x02\x08\x01'), *entries]))
        assert is_refused(bundle) == (count > 1)


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    """The data are the new ones before the index is."""
    old, new = ({'x': np.full([100], number, np.float32)} for number in (1, 2))
    prefix = write_bundle(tmp_path / 'ckpt-5', old)
    other = write_bundle(tmp_path / 'other', new)
    ending = '.data-00000-of-00001'
    os.replace(other + ending, prefix + ending)
    sleep = tensor_bundle.time.sleep

    def replace_index(seconds):
        os.replace(f'{other}.index', f'{prefix}.index')
        sleep(seconds / 100)

    monkeypatch.setattr(tensor_bundle.time, 'sleep', replace_index)
    assert load_tensors(prefix)['x'].tolist() == [2] * 100


def test_readers_of_a_checkpoint_that_is_replaced_all_the_time_get_the_old_or_the_new(tmp_path):
    prefix = str(tmp_path / 'ckpt-5')
    for number in range(2):
        write_bundle(tmp_path / f'source{number}', {'x': np.full([1000], number, np.float32)})
        write_bundle(prefix, {'x': np.full([1000], number, np.float32)})
    done = threading.Event()

    def replace():
        number = 0
        while not done.is_set():
            for ending in ('.data-00000-of-00001', '.index'):
                shutil.copy(f'{tmp_path}/source{number}{ending}', tmp_path / 'new')
                os.replace(tmp_path / 'new', prefix + ending)
            number = 1 - number
            done.wait(0.02)

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        deadline = time.monotonic() + 60   # a busy machine may let the thread wait
        values = [float(load_tensors(prefix)['x'].mean()) for _ in range(100)]
        while len(set(values)) < 2 and time.monotonic() < deadline:
            values.append(float(load_tensors(prefix)['x'].mean()))
    finally:
        done.set()
        thread.join()
    assert set(values) == {0.0, 1.0}


def test_a_folder_whose_checkpoint_gives_way_to_a_newer_one_is_looked_through_again(tmp_path, monkeypatch):
    old = write_bundle(tmp_path / 'ckpt-5', {'x': np.zeros([2], np.float32)})
    monkeypatch.setattr(tensor_bundle, 'SECONDS_OF_REPLACING', 0)
    load = checkpoint_files.load_tensors

    def replaced_before(prefix, with_optimizer):
        if prefix == old and os.path.exists(f'{old}.index'):
            write_bundle(tmp_path / 'ckpt-6', {'x': np.ones([2], np.float32)})
            checkpoint_files.remove_checkpoints([old])
        return load(prefix, with_optimizer)

    monkeypatch.setattr(checkpoint_files, 'load_tensors', replaced_before)
    prefix, tensors = checkpoint_files.load_newest(str(tmp_path))
    assert (prefix, tensors['x'].tolist()) == (str(tmp_path / 'ckpt-6'), [1, 1])
