"""Tests of data_provider.conversion."""
import numpy as np
import pytest

from data_provider import conversion
from data_provider.annotation import AnnotatedLine
from data_provider.settings import ConversionSettings
from local_utils import data_utils
from tests.conftest import write_data_set


def test_the_fraction_of_validation_is_the_one_asked_for_and_the_seed_changes_it():
    chosen = [[conversion.is_validation(f'{number}.jpg', seed, 0.15) for number in range(20000)]
              for seed in (0, 1)]
    assert np.mean(chosen[0]) == pytest.approx(0.15, abs=0.01)
    assert np.mean(np.logical_and(*chosen)) == pytest.approx(0.15 * 0.15, abs=0.01)
    assert not conversion.is_validation('a', 0, 0.0)


def test_a_chunk_keeps_the_order_of_its_lines(tmp_path, codec):
    data_set = write_data_set(tmp_path, ['b', 'a'], ['c'])
    settings = ConversionSettings(str(data_set), 'unused', (100, 32), 25, validation_split=0.0)
    of_worker = conversion.Conversion(settings, str(data_set), codec, {})
    lines = [AnnotatedLine(1, b'/1/Train/0.png b'), AnnotatedLine(2, b'/x b'),
             AnnotatedLine(3, b'/1/Train/1.png a')]
    converted = conversion.convert_lines(of_worker, 'train', lines)
    assert len(converted.path_hashes) == len(converted.text_hashes) == 3
    assert [reject.line_number for reject in converted.rejects] == [2]
    (tmp_path / 'r').write_bytes(converted.records['train'])
    features = data_utils.TextFeatureIO(codec).reader.read_features(tmp_path / 'r')
    assert [feature.imagename for feature in features] == ['0.png', '1.png']
