"""The page without a service: a folder that any web server can send, and that reads in the browser itself."""
import os
import pathlib
import shutil

from crnnmodel import geometry
from local_utils import files
from local_utils.errors import InputError, MissingInput
from reading import views, weighing
from reading.export import forms
from reading.export.words import Word
from reading.onnx_engine import OnnxEngine
from reading.settings import ReadingSettings

PAGE_FILES = ('index.html', 'page.css', 'page.js', 'reader.js', 'icon.svg')
RUNTIME_FILES = ('ort.wasm.min.mjs', 'ort-wasm-simd-threaded.mjs', 'ort-wasm-simd-threaded.wasm')
MODEL, RUNTIME_FOLDER, CONFIGURATION = 'model.onnx', 'runtime', 'page.json'


def export(weights_path: str, save_path: str, words: list[Word], weights: str = 'float32',
           alphabet_dir: str | None = None, *, runtime_dir: str) -> forms.Export:
    """Write the folder; it appears whole or not at all.

    Args:
        weights_path: see forms.export, as the other arguments.
        save_path: the folder, which must not be there, or be empty.
        runtime_dir: the folder dist of the npm package onnxruntime-web.

    Returns:
        forms.Export, its size that of all files.

    Raises:
        MissingInput: there is no such checkpoint or runtime.
        InputError: what forms.export raises; the folder has files already.
    """
    target = check(save_path, runtime_dir)
    incomplete = target + files.INCOMPLETE_SUFFIX
    files.remove(incomplete)
    with files.new_folder(os.path.dirname(target) or os.curdir):
        try:
            with files.named_errors(target):
                os.makedirs(os.path.join(incomplete, RUNTIME_FOLDER))
                written = forms.export(weights_path, os.path.join(incomplete, MODEL), words, weights,
                                       alphabet_dir)
                _write_page(incomplete, runtime_dir)
                os.replace(incomplete, target)
        finally:
            files.remove(incomplete)
    return written._replace(path=target,
                            size=sum(path.stat().st_size for path in pathlib.Path(target).rglob('*.*')))


def check(save_path: str, runtime_dir: str) -> str:
    """Return the folder that `export` will write.

    Raises:
        MissingInput: the runtime's folder lacks a file.
        InputError: something is there already.
    """
    missing = [name for name in RUNTIME_FILES if not os.path.isfile(os.path.join(runtime_dir, name))]
    if missing:
        raise MissingInput(
            f'{os.path.join(runtime_dir, missing[0])}: no such file; expected the folder dist of the npm '
                           'package onnxruntime-web as runtime_dir')
    target = os.path.normpath(save_path)
    if os.path.lexists(target) and not (os.path.isdir(target) and not os.listdir(target)):
        raise InputError(f'{target}: is there already and not an empty folder; give another save_path')
    return target


def configuration_of(architecture, min_confidence: float = ReadingSettings().min_confidence) -> dict:
    """Return what page.js and reader.js are told of a network, for JSON."""
    return {
        'engine': 'browser', 'model': MODEL, 'runtime': f'{RUNTIME_FOLDER}/',
        'characters': list(architecture.characters), 'inputSize': architecture.input_size,
        'pixelsPerFrame': geometry.PIXELS_PER_FRAME, 'minFrames': geometry.MIN_FRAMES,
        'enough': [min(min_confidence, enough) for enough in views.ENOUGH],
        'keptPixels': views.KEPT_PIXELS, 'keptSide': views.KEPT_SIDE,
        'ownWidths': views.OWN_WIDTHS, 'upright': views.UPRIGHT,
        'leastWord': views.LEAST_WORD, 'thinnestWord': views.THINNEST_WORD,
        'warpedHeight': views.WARPED_HEIGHT, 'orientationWeights': weighing.ORIENTATION_WEIGHTS.tolist(),
        'first': views.FIRST._asdict(),
        'rounds': [[view._asdict() for view in of_round] for of_round in views.FEW],
    }


def _write_page(folder, runtime_dir):
    for name in PAGE_FILES:
        shutil.copy(pathlib.Path(__file__).with_name(name), folder)
    for name in RUNTIME_FILES:
        shutil.copy(os.path.join(runtime_dir, name), os.path.join(folder, RUNTIME_FOLDER))
    engine = OnnxEngine.of_file(os.path.join(folder, MODEL))
    files.write_json(os.path.join(folder, CONFIGURATION), configuration_of(engine.architecture))
