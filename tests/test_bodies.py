"""Tests of reading.service.bodies."""
import pytest

from reading.service import bodies
from reading.service.refusals import Refusal
from tests.stub_service import multipart


def test_the_parts_of_a_body_come_with_their_names():
    body, headers = multipart(b'first\r\n--', b'')
    assert bodies.parts_of(headers['Content-Type'], body, 64) == [('0.png', b'first\r\n--'), ('1.png', b'')]


@pytest.mark.parametrize(('content_type', 'body', 'status'), [
    ('image/png', b'', 415), ('multipart/form-data', b'', 415), ('multipart/form-data; boundary=x', b'', 400),
    ('multipart/form-data; boundary=x', b'--x--\r\n', 400),
    ('multipart/form-data; boundary=x', b'--x\r\n\r\n', 400),
    ('multipart/form-data; boundary=x', b'--x\r\nno end of headers\r\n--x--', 400),
    ('multipart/form-data; boundary="x"', multipart(*[b'a'] * 65)[0], 413)])
def test_a_wrong_multipart_body_is_refused(content_type, body, status):
    with pytest.raises(Refusal) as refusal:
        bodies.parts_of(content_type, body, 64)
    assert refusal.value.status == status
    assert 'localhost' not in str(refusal.value)   # whose port may be another
