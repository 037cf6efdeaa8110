"""LMDB as the field has it: `num-samples`, and `image-000000001`, `label-000000001` and so on."""
import os

from data_provider.image_listing import folders_below
from data_provider.importing.found_sample import FoundSample, Source, parts_of
from data_provider.rejected_sample import RejectedSample
from local_utils import opening, texts
from local_utils.errors import InputError, MissingInput, Unavailable

DATA_NAME = 'data.mdb'
IMAGES_IN_A_FOLDER = 1000
MAX_DIGITS = 18   # of num-samples


def open_lmdb(source: str) -> Source:
    """Open a folder of LMDB, or one with such folders below; its data.mdb stands for the folder.

    Raises:
        MissingInput: there is none.
        InputError: one has another form.
        Unavailable: the package lmdb is not installed.
    """
    try:
        import lmdb
    except ImportError as error:
        raise Unavailable('LMDB needs the package lmdb: pip install -r requirements-lmdb.txt') from error
    if os.path.basename(source) == DATA_NAME and os.path.isfile(source):
        source = os.path.dirname(os.path.abspath(source))
    folders = sorted(folder for folder, names in folders_below(source) if DATA_NAME in names)
    if not folders:
        raise MissingInput(f'{source}: expected {DATA_NAME} in it, or in a folder below')
    opened = []
    for folder, part in zip(folders, parts_of(folders, source), strict=True):
        opening.check(os.path.join(folder, DATA_NAME))
        try:
            environment = lmdb.open(folder, readonly=True, lock=False, readahead=False, meminit=False)
        except lmdb.Error as error:
            message = str(error).removeprefix(f'{folder}: ')
            raise InputError(f'{folder}: {message}') from error
        opened.append((folder, environment, part))
    return Source(sum(_count(folder, environment) for folder, environment, _ in opened), (
        sample for folder, environment, part in opened
        for sample in _samples(folder, source, environment, part)))


def _count(folder, environment):
    """Return the number of samples; raises InputError where there is none, or more than entries."""
    count, = _values(folder, environment, 'num-samples')
    largest = environment.stat()['entries']
    if count is None or not count.isdigit() or len(count) > MAX_DIGITS or int(count) > largest:
        raise InputError(f'{folder}: expected the key num-samples with a number, at most that of its '
                         f'{largest} entries, got {count and count[:50]!r}')
    return int(count)


def _values(folder, environment, *keys):
    """Return the values of some keys, list of bytes or None; raises InputError where the file is damaged."""
    import lmdb
    try:
        with environment.begin() as transaction:
            return [transaction.get(key.encode()) for key in keys]
    except lmdb.Error as error:
        raise InputError(f'{folder}: {error}') from error


def _samples(folder, source, environment, part):
    relative = 'lmdb' if os.path.samefile(folder, source) else os.path.relpath(folder, source)
    for number in range(1, _count(folder, environment) + 1):
        content, label = _values(folder, environment, f'image-{number:09d}', f'label-{number:09d}')
        text, error = '', None
        try:
            text = texts.normalised((label or b'').decode('utf-8').strip())
        except UnicodeDecodeError as wrong:
            error = RejectedSample('not UTF-8', f'byte 0x{label[wrong.start]:02x} at position {wrong.start}')
        if content is None:
            error = RejectedSample('missing image', f'expected the key image-{number:09d}')
        yield FoundSample(folder, number, text, part, error=error, unit='sample',
                          image_name=f'{relative}/{number // IMAGES_IN_A_FOLDER:06d}/{number:09d}',
                          image=lambda content=content: content)
