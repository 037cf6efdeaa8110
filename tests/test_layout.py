"""Tests that the packages keep to their rooms: who imports what, and who reads the configuration."""
import ast
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
ALLOWED_IMPORTS = {   # beside the standard library and the package itself
    'global_configuration': {'easydict'},
    'local_utils': {'numpy', 'cv2', 'matplotlib', 'google_crc32c', 'tqdm', 'tensorflow', 'bidi'},
    'crnnmodel': {'local_utils', 'numpy', 'google_crc32c', 'tensorflow', 'onnx'},
    'data_provider': {'local_utils', 'numpy', 'cv2', 'tensorflow', 'lmdb'},
    'reading': {'data_provider', 'crnnmodel', 'local_utils', 'numpy', 'cv2', 'tensorflow', 'onnxruntime',
                'ai_edge_litert', 'jinja2', 'starlette', 'uvicorn'},
    'training': {'reading', 'data_provider', 'crnnmodel', 'local_utils', 'numpy', 'cv2', 'tensorflow'},
}
KNOW_TENSORFLOW = {   # of the rooms where only some files may
    'local_utils': {'session_utils'},
    'data_provider': {'data_provider', 'batches', 'drawn_batches'},
}
MODULES = sorted(path for package in [*ALLOWED_IMPORTS, 'tools'] for path in (ROOT / package).rglob('*.py'))


def room_of(path):
    return path.relative_to(ROOT).parts[0]


def imported_names(path):
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


LIBRARIES = [path for path in MODULES if room_of(path) != 'tools']


@pytest.mark.parametrize('path', LIBRARIES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_what_it_may(path):
    room = room_of(path)
    imported = {name.split('.')[0] for name in imported_names(path)}
    assert imported - ALLOWED_IMPORTS[room] - {room} - set(sys.stdlib_module_names) == set()
    if room in KNOW_TENSORFLOW and 'tensorflow' in imported:
        assert path.stem in KNOW_TENSORFLOW[room]


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tensorflow_is_imported_in_one_way(path):
    assert {name for name in imported_names(path)
            if name.startswith('tensorflow')} <= {'tensorflow.compat.v1'}


@pytest.mark.parametrize('path', sorted((ROOT / 'reading').rglob('*.py')), ids=lambda path: path.stem)
def test_what_python_calls_raise_names_no_flag_of_a_script(path):
    tree = ast.parse(path.read_text(encoding='utf-8'))
    messages = [constant.value for raised in ast.walk(tree) if isinstance(raised, (ast.Raise, ast.Call))
                for constant in ast.walk(raised)
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str)]
    assert [message for message in messages if re.search(r'(^|\W)--[a-z]', message)] == []


def test_only_tools_know_the_configuration():
    readers = {room_of(path) for path in MODULES
               if 'global_configuration' in path.read_text(encoding='utf-8')}
    assert readers - {'global_configuration'} == {'tools'}


def test_one_file_makes_settings_of_the_configuration():
    readers = {path.stem for path in MODULES if 'import cfg' in path.read_text(encoding='utf-8')}
    assert readers - {'config'} == {'settings'}


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_no_longer_than_its_room_wants(path):
    limit = 150 if room_of(path) == 'tools' else 300
    assert len(path.read_text(encoding='utf-8').splitlines()) <= limit
