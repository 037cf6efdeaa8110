"""Tests of local_utils.protocol_buffers and local_utils.checksum, on bytes worked out by hand."""
import google_crc32c
import pytest

from local_utils import checksum
from local_utils.protocol_buffers import (
    Malformed,
    bytes_field,
    fields,
    packed,
    read_varint,
    tag,
    unpacked,
    varint,
)

NUMBERS = {0: b'\0', 127: b'\x7f', 128: b'\x80\x01', 300: b'\xac\x02', (1 << 64) - 1: b'\xff' * 9 + b'\x01'}


@pytest.mark.parametrize(('number', 'encoded'), NUMBERS.items())
def test_a_number_takes_seven_bits_a_byte_the_lowest_first(number, encoded):
    assert varint(number) == encoded
    for content in (b'\x05' + encoded + b'\x05', memoryview(b'\x05' + encoded + b'\x05')):
        assert read_varint(content, 1) == (number, 1 + len(encoded))


@pytest.mark.parametrize('content', [b'', b'\x80', b'\xff' * 11])
def test_a_number_that_does_not_end_is_malformed(content):
    with pytest.raises(Malformed, match='a number is cut off'):
        read_varint(content, 0)


def test_numbers_one_behind_the_other_are_read_back():
    assert packed([1, 2, 127]) == b'\x01\x02\x7f'
    assert packed([1, 300]) == b'\x01\xac\x02'
    for numbers in ([], [1, 2, 127], [1, 300, 0]):
        assert list(unpacked(packed(numbers))) == numbers


def test_fields_of_all_kinds_are_read():
    message = (b'\x08\xac\x02' + bytes_field(2, b'text') + b'\x19' + bytes([1, 0, 0, 0, 0, 0, 0, 2])
               + b'\x25\x01\x02\0\0')
    assert bytes_field(2, b'text') == tag(2) + b'\x04text' == b'\x12\x04text'
    assert list(fields(message)) == [(1, 300), (2, b'text'), (3, (2 << 56) + 1), (4, 0x201)]
    (_, view), = fields(memoryview(b'\x12\x04text'))
    assert isinstance(view, memoryview)   # so that pixels are not copied


@pytest.mark.parametrize(('message', 'what'), [
    (b'\x12\x05text', 'a field is cut off'), (b'\x19' + bytes(7), 'a field is cut off'),
    (b'\x08', 'a number is cut off'), (b'\x0b', 'a field of the unknown kind 3')])
def test_a_message_that_breaks_off_or_is_none_is_malformed(message, what):
    with pytest.raises(Malformed, match=what):
        list(fields(message))


def test_a_checksum_is_turned_and_a_constant_added():
    assert google_crc32c.value(b'123456789') == 0xE3069283   # the check value of CRC-32C
    assert checksum.masked_crc(b'123456789') == 0x2507C60D + 0xA282EAD8
