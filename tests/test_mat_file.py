"""Tests of local_utils.mat_file."""
import pytest

from local_utils import mat_file
from tests.mat_writer import cell_matrix, struct_matrix, text_matrix
from tests.mat_writer import mat_file as file_of

ROWS = [[text_matrix('train/1.png'), text_matrix('HOTEL'), cell_matrix(['HOTEL', 'MOTEL'])],
        [text_matrix('train/2.png'), text_matrix('é'), cell_matrix(['x'])]]
FIELDS = ['ImgName', 'GroundTruth', 'smallLexi']


@pytest.mark.parametrize('compressed', [True, False])
def test_the_wanted_fields_of_struct_arrays_are_read(tmp_path, compressed):
    (tmp_path / 'a.mat').write_bytes(file_of(
        text_matrix('version 1', 'about'), struct_matrix('traindata', FIELDS, ROWS), compressed=compressed))
    assert mat_file.read_structs(tmp_path / 'a.mat', {'ImgName', 'GroundTruth'}) == {'traindata': [
        {'ImgName': 'train/1.png', 'GroundTruth': 'HOTEL'}, {'ImgName': 'train/2.png', 'GroundTruth': 'é'}]}
    assert mat_file.read_structs(tmp_path / 'a.mat', {'smallLexi'})['traindata'][0] == {'smallLexi': 'HOTEL'}


def test_a_damaged_file_is_refused_in_one_line(tmp_path, rng):
    content = file_of(struct_matrix('traindata', FIELDS, ROWS), compressed=False)
    refused = 0
    for length in range(0, len(content), 13):
        (tmp_path / 'a.mat').write_bytes(content[:length])
        try:
            mat_file.read_structs(tmp_path / 'a.mat', {'ImgName'})
        except ValueError as error:
            assert '\n' not in str(error)
            refused += 1
    assert refused > 40


def test_what_is_no_such_file_is_refused(tmp_path):
    (tmp_path / 'a.mat').write_bytes(b'\x89HDF' + bytes(200))
    with pytest.raises(ValueError, match=r'expected a MATLAB file of version 5 \(save with -v7 or older\)'):
        mat_file.read_structs(tmp_path / 'a.mat', {'ImgName'})
