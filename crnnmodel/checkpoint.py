"""Checkpoints: finding them, what network is in them, restoring them with an error that says what is wrong.

A checkpoint of ours carries, beside the variables, a text variable `description`: the alphabet and the form of the network
as JSON. A checkpoint without one is the original's: pixels 0–255, and an alphabet that has to be known from elsewhere.
"""
import collections
import glob
import json
import os
import re
import unicodedata

import numpy as np
import tensorflow.compat.v1 as tf

from local_utils.errors import InputError, MissingInput

Architecture = collections.namedtuple('Architecture', [
    'characters',     # the alphabet in the order of its class indices, str; None where the checkpoint does not know it
    'num_classes',    # characters and blank
    'input_size',     # (width, height) of the images
    'hidden_units',   # LSTM units in each direction
    'hidden_layers',  # bidirectional LSTM layers
    'pixel_range',    # what the pixels 0 and 255 become
    'conv_channels',  # of the first convolution
], defaults=[64])     # of checkpoints that were saved before it could be chosen

NAME = 'shadownet.ckpt'
DESCRIPTION = 'description'
ORIGINAL_PIXEL_RANGE = (0.0, 255.0)
ORIGINAL_INPUT_SIZE = (100, 32)
_CONV1 = 'shadow/conv1/W'
_PROJECTION = 'shadow/LSTMLayers/w'
_CELL = 'shadow/LSTMLayers/stack_bidirectional_rnn/cell_{}/bidirectional_rnn/fw/basic_lstm_cell/kernel'


class DamagedCheckpoint(InputError):
    """A checkpoint that cannot be read."""


def form_of(architecture):
    """Return the arguments of crnn_model.ShadowNet that an Architecture means, a dict."""
    form = architecture._asdict()
    del form['characters']
    return form


def add_description(architecture):
    """Add to the graph the variable that carries the architecture; it has to be saved with the weights."""
    text = json.dumps(architecture._asdict(), ensure_ascii=False)
    with tf.device('/cpu:0'):
        return tf.get_variable(DESCRIPTION, initializer=tf.constant(text), trainable=False)


def network_variables():
    """Return the graph's variables that make up the network: what reading needs, without the optimizer's."""
    return tf.global_variables('shadow/')


def find_checkpoints(path):
    """Return the prefixes of the checkpoints that a path means, the newest first.

    Args:
        path: a folder, a prefix, or any file of a checkpoint.

    Raises:
        MissingInput: there is none.
    """
    if os.path.basename(path) == 'checkpoint' and os.path.isfile(path):
        path = os.path.dirname(path) or '.'
    if os.path.isdir(path):
        found = checkpoints_in(path)
        if not found:
            raise MissingInput(f'{path}: no checkpoint in this folder; expected files like {NAME}-500.index')
        return found
    prefix = re.sub(r'\.(index|meta|data-\d{5}-of-\d{5})$', '', path)
    if not os.path.isfile(prefix + '.index'):
        found = 'no checkpoint' if os.path.isfile(path) else 'no such checkpoint'
        raise MissingInput(f"{path or repr(path)}: {found}; expected a folder, a prefix or a file of one")
    return [prefix]


def checkpoints_in(folder):
    """Return the prefixes of a folder's checkpoints, the newest (highest step) first."""
    prefixes = [path.removesuffix('.index') for path in glob.glob(os.path.join(glob.escape(folder), '*.index'))]
    return sorted(prefixes, key=lambda prefix: (step_of(prefix), prefix), reverse=True)


def step_of(prefix):
    """Return the step in a checkpoint's name, or -1 where it has none."""
    match = re.search(r'-(\d+)$', prefix)
    return int(match[1]) if match else -1


def load_tensors(prefix, with_optimizer=False):
    """Read a checkpoint into memory, every checksum of it checked.

    Returns:
        dict of variable name → array.

    Raises:
        DamagedCheckpoint: a file of it is missing, cut off or damaged.
    """
    try:
        reader = tf.train.load_checkpoint(prefix)
        names = [name for name in reader.get_variable_to_shape_map() if with_optimizer or not name.startswith('optimizer/')]
        return {name: reader.get_tensor(name) for name in names}
    except (tf.errors.OpError, RuntimeError, ValueError, TypeError, LookupError, MemoryError) as error:   # damage has raised each
        what = next(iter(str(error).splitlines()), type(error).__name__)
        raise DamagedCheckpoint(f'{prefix}: the checkpoint is cut off or damaged ({what})') from error


def architecture_of(tensors, prefix):
    """Return the Architecture of the network in a checkpoint.

    Args:
        tensors: as `load_tensors` gives them.
        prefix: the checkpoint, for the error.

    Raises:
        InputError: it is no checkpoint of a ShadowNet.
    """
    if DESCRIPTION in tensors:
        fields = json.loads(tensors[DESCRIPTION])
        unknown = set(fields).difference(Architecture._fields)
        if unknown:
            raise InputError(f'{prefix}: of a later version of this project; its description has {min(unknown)!r}')
        return Architecture(**{name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()})
    missing = [name for name in (_CONV1, _CELL.format(0), _PROJECTION) if name not in tensors]
    if missing:
        raise InputError(f'{prefix}: no checkpoint of a ShadowNet; it has no variable {missing[0]}')
    return Architecture(
        characters=None, num_classes=tensors[_PROJECTION].shape[1], input_size=ORIGINAL_INPUT_SIZE,
        hidden_units=tensors[_CELL.format(0)].shape[1] // 4,
        hidden_layers=sum(_CELL.format(layer) in tensors for layer in range(len(tensors))), pixel_range=ORIGINAL_PIXEL_RANGE,
        conv_channels=tensors[_CONV1].shape[3])


def architecture_difference(expected, actual):
    """Say in one line how two Architectures differ, or return '' where they are the same."""
    return '; '.join(f'{name}: {wanted!r} expected, {got!r} found' for name, wanted, got
                     in zip(Architecture._fields, expected, actual, strict=True) if wanted != got)


def restore(session, tensors, prefix, variables):
    """Give variables their values in a checkpoint, in one run of the session.

    Raises:
        InputError: the checkpoint is of another network or optimizer; nothing was restored then.
    """
    values = [value_of(tensors, prefix, variable.op.name, variable.shape.as_list()) for variable in variables]
    strategy = tf.distribute.get_strategy()
    copies = [(value, copy) for value, variable in zip(values, variables, strict=True)
              for copy in strategy.experimental_local_results(variable)]   # of the replicas
    feeds = {copy.initializer.inputs[1]: value for value, copy in copies}
    session.run([copy.initializer for _, copy in copies], feeds)


class Constants:
    """The weights of a checkpoint as constants of one graph, which the networks that are built in `scope` share.

    A graph that only reads is faster with them than with variables: what depends on the weights alone, such as their cast to
    bfloat16 and their order in memory, is worked out once and not in each run.
    """

    def __init__(self, tensors, prefix):
        """Take the tensors of the checkpoint `prefix` as `load_tensors` gives them."""
        self._tensors = dict(tensors)
        self._prefix = prefix
        self._constants = {}

    def scope(self):
        """Return a scope, for `with`, in which a network has constants; building in it raises what `value_of` raises.

        What it works out from them for all runs are local variables: initialise these before the first.
        """
        return tf.variable_scope(tf.get_variable_scope(), custom_getter=self._constant_of, reuse=tf.AUTO_REUSE)

    def _constant_of(self, getter, *, name, shape, collections, **how):
        if tf.GraphKeys.LOCAL_VARIABLES in (collections or ()):
            return getter(name=name, shape=shape, collections=collections, **how)
        if name not in self._constants:
            self._constants[name] = tf.constant(value_of(self._tensors, self._prefix, name, shape))
            del self._tensors[name]   # which the graph holds now
        return self._constants[name]


def value_of(tensors, prefix, name, shape):
    """Return the value of a variable in a checkpoint; raises InputError where it lacks it or has it in another shape."""
    if name not in tensors:
        raise InputError(f'{prefix}: of another network or optimizer; it has no variable {name}')
    if np.shape(tensors[name]) != tuple(shape):
        raise InputError(f'{prefix}: of another network; {name} has the shape {np.shape(tensors[name])}, expected {tuple(shape)}')
    return tensors[name]


def check_same_network(architecture, tensors, prefix):
    """Return the Architecture of a checkpoint that a network can start from; the alphabet and the width may be others.

    Raises:
        InputError: it is of another network, or of unknown alphabet and another number of classes.
    """
    old = architecture_of(tensors, prefix)
    may_differ = {'characters': None, 'num_classes': None, 'input_size': None}
    difference = architecture_difference(architecture._replace(**may_differ), old._replace(**may_differ))
    if difference:
        raise InputError(f'{prefix}: weights of another network ({difference}); set ARCH.* to what they are of')
    if old.characters is None and old.num_classes != architecture.num_classes:
        raise InputError(f'{prefix}: weights of {old.num_classes} classes and an unknown alphabet, but the alphabet of the '
                         f'records needs {architecture.num_classes}')
    return old


def restore_weights(session, tensors, prefix, architecture):
    """Give the network's variables, which have to be initialised, their values in a checkpoint of the same form.

    Another alphabet is allowed: the projection then keeps the columns of the characters that both have, and of the blank. A
    new character starts with the column of a character that looks like it, see `_alike`, or else as it was initialised.

    Args:
        architecture: of the network in the graph.

    Returns:
        str: the characters of the architecture that the checkpoint does not know.

    Raises:
        InputError: the checkpoint is of another network, or of unknown alphabet and another number of classes.
    """
    old = check_same_network(architecture, tensors, prefix)
    new_characters = ''
    if old.characters not in (None, architecture.characters):
        projection = next(variable for variable in network_variables() if variable.op.name == _PROJECTION)
        copy = tf.distribute.get_strategy().experimental_local_results(projection)[0]
        columns, old_columns = np.array(session.run(copy)), tensors[_PROJECTION]
        old_index_of = {character: index for index, character in enumerate(old.characters)}
        for index, character in enumerate(architecture.characters):
            like = _alike(character, old_index_of)
            if like:
                columns[:, index] = old_columns[:, old_index_of[like]]
            if like != character:
                new_characters += character
        columns[:, -1] = old_columns[:, -1]
        tensors = {**tensors, _PROJECTION: columns}
    restore(session, tensors, prefix, network_variables())
    return new_characters


def _alike(character, others):
    """Return which of some characters looks most like one: itself, its small or capital letter, that without accents; or None."""
    plain = unicodedata.normalize('NFD', character)[0]
    forms = (character, character.lower(), character.upper(), plain, plain.lower(), plain.upper())
    return next((form for form in forms if form in others), None)
