"""Tests that the packages keep to their rooms: who imports what, and who reads the configuration."""
import ast
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
ALLOWED_IMPORTS = {   # beside the standard library and the package itself
    'global_configuration': {'easydict'},
    'local_utils': {'numpy', 'google_crc32c', 'tqdm'},
    'data_provider': {'local_utils', 'numpy', 'cv2', 'tensorflow'},
    'crnnmodel': {'tensorflow', 'numpy'},
}
MODULES = sorted(path for package in [*ALLOWED_IMPORTS, 'tools'] for path in (ROOT / package).glob('*.py'))


def imported_names(path):
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


@pytest.mark.parametrize('path', [path for path in MODULES if path.parent.name != 'tools'], ids=lambda path: path.stem)
def test_a_package_imports_only_what_its_room_may(path):
    package = path.parent.name
    imported = {name.split('.')[0] for name in imported_names(path)}
    assert imported - ALLOWED_IMPORTS[package] - {package} - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize('path', MODULES, ids=lambda path: path.stem)
def test_tensorflow_is_imported_in_one_way(path):
    assert {name for name in imported_names(path) if name.startswith('tensorflow')} <= {'tensorflow.compat.v1'}


def test_only_tools_read_the_configuration():
    readers = {path.parent.name for path in MODULES if 'global_configuration.config' in set(imported_names(path))}
    assert readers == {'tools'}


@pytest.mark.parametrize('path', MODULES, ids=lambda path: path.stem)
def test_a_file_is_no_longer_than_300_lines(path):
    assert len(path.read_text(encoding='utf-8').splitlines()) <= 300
