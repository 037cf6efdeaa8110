"""Sources that tests make, imports of them, and what a data set has in the end."""
import os

import cv2
import pytest

from data_provider import annotation
from data_provider.image_folder import ImageFolder
from local_utils import command_line
from tests.conftest import draw
from tools import import_data_set


def put(folder, *names):
    """Write a picture of a word under each name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(os.path.splitext(name)[1], draw('word'))[1].tobytes())


def write(path, text, encoding='utf-8'):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


def write_lmdb(folder, samples, count=None):
    lmdb = pytest.importorskip('lmdb')
    folder.mkdir(parents=True)
    with lmdb.open(str(folder),
                   map_size=1 << 22) as environment, environment.begin(write=True) as transaction:
        for number, (content, text) in enumerate(samples, start=1):
            if content is not None:
                transaction.put(b'image-%09d' % number, content)
            transaction.put(b'label-%09d' % number, text)
        transaction.put(b'num-samples', str(count or len(samples)).encode())


def run(form, source, save_dir, *flags):
    return command_line.run_tool(import_data_set.main,
                                 ['--from', form, str(source), '--save_dir', str(save_dir), *flags])


def samples_of(data_set, part):
    path = annotation.path_of(part, str(data_set))
    if not os.path.exists(path):
        return None
    return [annotation.parse_line(line.content) for line in annotation.read_lines(path)]


def texts_of(data_set, part):
    """Return the texts of a part, whose images are all looked at."""
    samples = samples_of(data_set, part)
    with ImageFolder(data_set, follow_links=True) as images:
        for path, _ in samples:
            assert images.load(path, (100, 32)).remarks == []
    return [text for _, text in samples]


def rejects_of(data_set):
    rows = [line.split('\t') for line in (data_set / 'rejects.tsv').read_text(encoding='utf-8').splitlines()]
    assert rows[0] == ['file', 'line', 'path', 'text', 'reason']
    return [row[4].partition(':')[0] for row in rows[1:]]
