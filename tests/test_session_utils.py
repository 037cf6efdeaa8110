"""Tests of local_utils.session_utils."""
import pytest
import tensorflow.compat.v1 as tf

from local_utils import session_utils

CPUINFO = ('processor\t: 0\nvendor_id\t: {}\nmodel name\t: avx512_bf16 for sale\n'
           'flags\t\t: fpu sse {}\nbogomips\t: 1\n')


@pytest.mark.parametrize('vendor, flags, is_fast', [
    ('GenuineIntel', 'avx512_bf16 amx_bf16 amx_tile', True),
    ('GenuineIntel', 'avx512f avx512_bf16', False),
    ('AuthenticAMD', 'avx512f avx512_bf16', True),
    ('AuthenticAMD', 'avx512f', False),
    ('GenuineIntel', '', False),
])
def test_bfloat16_is_fast_with_amx_or_on_an_amd_with_avx512_bf16(vendor, flags, is_fast):
    assert session_utils.processor_has_fast_bfloat16(CPUINFO.format(vendor, flags)) is is_fast


@pytest.mark.parametrize(('flags', 'is_fast'), [
    ('amx_bf16 amx_int8', True), ('avx512f avx512_vnni', True), ('avx512f avx_vnni avx2', False),
    ('', False)])
def test_int8_is_fast_with_amx_or_avx512_vnni(flags, is_fast):
    for vendor in ('GenuineIntel', 'AuthenticAMD'):
        assert session_utils.processor_has_fast_int8(CPUINFO.format(vendor, flags)) is is_fast


def test_there_is_no_int8_on_a_gpu_or_without_onednn(monkeypatch):
    monkeypatch.setattr(session_utils, 'processor_has_fast_int8', lambda cpuinfo: True)
    monkeypatch.setattr(session_utils, 'has_gpu', lambda: False)
    assert session_utils.has_fast_int8()
    for value in ('0', 'false', 'False'):
        monkeypatch.setenv('TF_ENABLE_ONEDNN_OPTS', value)
        assert not session_utils.has_fast_int8()
    monkeypatch.setenv('TF_ENABLE_ONEDNN_OPTS', '1')
    monkeypatch.setattr(session_utils, 'has_gpu', lambda: True)
    assert not session_utils.has_fast_int8()


def test_a_description_without_flags_is_of_no_fast_processor():
    assert not session_utils.processor_has_fast_bfloat16('')


def test_a_gpu_that_tensorflow_cannot_use_is_a_warning(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tf.config, 'list_physical_devices', lambda kind: [])
    monkeypatch.setattr(session_utils, 'NVIDIA_DEVICE', str(tmp_path / 'none'))
    assert session_utils.computing_device() == 'the processor'
    assert capfd.readouterr().err == ''
    monkeypatch.setattr(session_utils, 'NVIDIA_DEVICE', str(tmp_path))
    assert session_utils.computing_device() == 'the processor'
    assert 'an NVIDIA GPU, but TensorFlow cannot use it' in capfd.readouterr().err
