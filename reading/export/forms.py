"""Exporting: written beside its name, read back by its own runtime, compared, described, only then named."""
import os
import subprocess
from typing import NamedTuple

import numpy as np

from crnnmodel import checkpoint_files
from crnnmodel.architecture import architecture_of
from data_provider import image_file
from local_utils import files, log_utils
from local_utils.errors import InputError, WrongArgument
from reading import engines, views
from reading.export import parity, readback
from reading.export.parity import Parity
from reading.export.words import Word
from reading.recogniser import find_codec
from reading.settings import ReadingSettings

FORMS = {'.onnx': 'onnx_form', '.tflite': 'tflite_form', os.sep: 'saved_model_form'}   # by the path's ending
VERSION = '1'           # the folder of a SavedModel in its own, as TensorFlow Serving wants it
OTHER_WIDTH_WORDS = 50   # that are also compared in the other widths of test-time augmentation


class Export(NamedTuple):
    """What was written."""

    path: str
    size: int        # bytes
    parity: Parity


def export(weights_path: str, save_path: str, words: list[Word], weights: str = 'float32',
           alphabet_dir: str | None = None) -> Export:
    """Export a trained network.

    Args:
        weights_path: a run's folder or a checkpoint, see engines.open_engine.
        save_path: what to write; its ending is one of FORMS and says in which form.
        words: on which it is compared with the checkpoint.
        weights: how the weights are stored, one of the form's WEIGHTS.
        alphabet_dir: of the alphabet, see recogniser.find_codec.

    Raises:
        MissingInput: there is no such checkpoint.
        InputError: the checkpoint is damaged, the name or the weights are of no form, or what was written
            reads otherwise than the checkpoint; nothing is there then.
    """
    form, target = form_of(save_path)
    module = _module(form)
    if weights not in module.WEIGHTS:
        raise WrongArgument(f'{save_path}: weights of {weights} are not possible there; expected '
                            f'{" or ".join(module.WEIGHTS)}')
    if engines.is_exported(weights_path):
        raise InputError(f'{weights_path}: expected a checkpoint to export, got what was exported')
    reference = engines.open_engine(
        weights_path, ReadingSettings(engine=engines.TENSORFLOW, precision='float32'))
    checkpoint = checkpoint_files.Checkpoint(
        reference.prefix, checkpoint_files.load_tensors(reference.prefix))
    architecture = architecture_of(checkpoint.tensors, checkpoint.prefix)
    codec = find_codec(architecture, checkpoint.prefix, alphabet_dir)
    architecture = architecture._replace(characters=codec.characters)
    images = images_of(words, architecture)
    log_utils.init_logger().info('exporting %s', checkpoint.prefix)
    incomplete = target + files.INCOMPLETE_SUFFIX
    files.remove(incomplete)
    with files.new_folder(os.path.dirname(target) or os.curdir):
        try:
            with files.named_errors(target):
                module.write(checkpoint.tensors, architecture, weights, incomplete)
                answers = readback.in_own_process(form, incomplete, images, words)
                found = parity.compare([reference.logits(of_width) for of_width in images], answers, words,
                                       codec)
                parity.check(found, parity.BOUNDS[weights], target)
                module.describe(incomplete, {
                    'description': architecture._asdict(), 'weights': weights, 'parity': found._asdict(),
                    'checkpoint': os.path.basename(checkpoint.prefix), 'commit': commit()})
                readback.in_own_process(form, incomplete, [images[0][:1]], words[:1])   # as it is now
                os.replace(incomplete, target)
        except BaseException:
            files.remove(incomplete)
            raise
    return Export(target, _size(target), found)


def form_of(save_path: str) -> tuple[str, str]:
    """Return (the form, the path that will be written).

    Raises:
        WrongArgument: the name is of no form.
        InputError: it cannot be written there.
    """
    ending = next((ending for ending in FORMS if save_path.lower().endswith(ending)), None)
    if ending == os.sep or (ending is None and os.path.isdir(save_path)):
        target = os.path.join(save_path, VERSION)
        if os.path.lexists(target):
            raise InputError(f'{target}: is there already; give another save_path')
        return FORMS[os.sep], target
    if ending is None:
        raise WrongArgument(f'{save_path}: expected a name that ends in .onnx or .tflite, or a folder, '
                            'saved_model/')
    files.check_target(save_path, (ending,))
    return FORMS[ending], save_path


def images_of(words: list[Word], architecture) -> list[np.ndarray]:
    """Return the words in each width that is read, uint8 [words, height, width, 3]; all only in the first."""
    sizes = dict.fromkeys(views.size_of(view, architecture.input_size)
                          for view in (views.FIRST, *views.FURTHER))
    return [np.stack([image_file.decode_image(word.content, size)
                      for word in (words if size == architecture.input_size else words[:OTHER_WIDTH_WORDS])])
            for size in sizes]


def commit() -> str:
    """Return the project's commit, or 'unknown' where that is not known."""
    try:
        ran = subprocess.run(['git', '-C', files.repository_path(), 'rev-parse', 'HEAD'],
                             capture_output=True, text=True)
    except OSError:   # there is no git
        return 'unknown'
    return ran.stdout.strip() if ran.returncode == 0 else 'unknown'


def _module(form):
    if form == 'onnx_form':
        from reading.export import onnx_form
        return onnx_form
    from local_utils import tensorflow_import
    tensorflow_import.import_tensorflow()
    if form == 'tflite_form':
        from reading.export import tflite_form
        return tflite_form
    assert form == 'saved_model_form', form
    from reading.export import saved_model_form
    return saved_model_form


def _size(path):
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name))
               for folder, _, names in os.walk(path) for name in names)
