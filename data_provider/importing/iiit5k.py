"""IIIT5K as it comes: traindata.mat and testdata.mat, of ImgName and GroundTruth, beside the images."""
import os

from data_provider.image_listing import folders_below
from data_provider.importing.found_sample import FoundSample, Source
from data_provider.rejected_sample import RejectedSample
from local_utils import mat_file, texts
from local_utils.errors import InputError, MissingInput

NAME_FIELD, TEXT_FIELDS = 'ImgName', ('GroundTruth', 'chars')
NAMES = {'traindata.mat': 'Train', 'testdata.mat': 'Test',
         'traincharbound.mat': 'Train', 'testcharbound.mat': 'Test'}


def open_iiit5k(source: str) -> Source:
    """Open a folder of IIIT5K.

    Raises:
        MissingInput: its .mat files are not there.
        InputError: they are damaged, or of another kind.
    """
    found = {}
    for folder, names in folders_below(source):
        for name in names:
            part = NAMES.get(name.lower())
            if part and (part not in found or name.lower() in ('traindata.mat', 'testdata.mat')):
                found[part] = os.path.join(folder, name)
    if not found:
        raise MissingInput(f'{source}: expected traindata.mat or testdata.mat in it, or in a folder below')
    elements = {part: _elements_of(path) for part, path in sorted(found.items(), reverse=True)}
    return Source(sum(map(len, elements.values())), _samples(found, elements), source)


def _elements_of(path):
    structs = mat_file.read_structs(path, {NAME_FIELD, *TEXT_FIELDS})
    elements = next((value for value in structs.values() if value and NAME_FIELD in value[0]), None)
    if elements is None:
        raise InputError(f'{path}: expected a struct array with the fields {NAME_FIELD} and {TEXT_FIELDS[0]}')
    return elements


def _samples(found, elements):
    for part, of_part in elements.items():
        for number, element in enumerate(of_part, start=1):
            texts_of = {field: value for field, value in element.items() if value and isinstance(value, str)}
            text = next((texts_of[field] for field in TEXT_FIELDS if field in texts_of), '')
            path = os.path.join(os.path.dirname(found[part]), texts_of.get(NAME_FIELD, ''))
            error = None if os.path.isfile(path) else RejectedSample('missing image', f'{path}: no such file')
            yield FoundSample(found[part], number, texts.normalised(text), part, path, error=error,
                              unit='element')
