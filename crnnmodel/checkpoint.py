"""Tensors of a checkpoint and variables of a graph: restoring, constants, another alphabet, saving."""
import os
import unicodedata

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint_files
from crnnmodel.architecture import DESCRIPTION, PROJECTION, Architecture, description_of
from local_utils import session_utils
from local_utils.errors import InputError

KINDS = {tf.float32: 'f', tf.int32: 'iu', tf.int64: 'iu', tf.bool: 'b', tf.string: 'S'}   # of numpy


def add_description(architecture: Architecture) -> tf.Variable:
    """Add to the graph the variable that carries the architecture; it has to be saved with the weights."""
    with tf.device('/cpu:0'):
        text = tf.constant(description_of(architecture))
        return tf.get_variable(DESCRIPTION, initializer=text, trainable=False)


def network_variables() -> list:
    """Return the graph's variables that make up the network: what reading needs, without the optimizer's."""
    return tf.global_variables('shadow/')


def save_checkpoint(saver: tf.train.Saver, session: tf.Session, folder: str, step: int) -> None:
    """Write the checkpoint of a step into a folder.

    Raises:
        Unavailable: it cannot be written; nothing of it is left then.
    """
    checkpoint_files.remove_leftovers(folder)   # also a link that would lead the writing elsewhere
    try:
        with session_utils.unavailable(f'{folder}: cannot write the checkpoint of step {step}'):
            prefix = os.path.join(folder, checkpoint_files.NAME)
            saver.save(session, prefix, global_step=step, write_meta_graph=False)
    except OSError:
        checkpoint_files.remove_leftovers(folder)
        raise


def restore(session: tf.Session, tensors: dict, prefix: str, variables: list) -> None:
    """Give variables their values in a checkpoint, in one run of the session.

    Raises:
        InputError: the checkpoint is of another network or optimizer; nothing was restored then.
    """
    values = [value_of(tensors, prefix, variable.op.name, variable.shape.as_list()) for variable in variables]
    for value, variable in zip(values, variables, strict=True):
        dtype, expected = np.asarray(value).dtype, variable.dtype.base_dtype
        if dtype.kind not in KINDS[expected]:
            what = 'a text' if dtype.kind in 'SO' else f'of {dtype}'
            raise InputError(f'{prefix}: {variable.op.name} is {what}, expected {expected.name}')
    strategy = tf.distribute.get_strategy()
    copies = [(value, copy) for value, variable in zip(values, variables, strict=True)
              for copy in strategy.experimental_local_results(variable)]   # of the replicas
    feeds = {copy.initializer.inputs[1]: value for value, copy in copies}
    session.run([copy.initializer for _, copy in copies], feeds)


class Constants:
    """The weights of a checkpoint as constants of one graph, for all networks that are built in `scope`.

    A graph that only reads is faster with them than with variables: what depends on the weights alone, such
    as their cast to bfloat16 and their order in memory, is worked out once and not in each run.
    """

    def __init__(self, tensors: dict, prefix: str):
        """Take the tensors of the checkpoint `prefix` as `load_tensors` gives them."""
        self._tensors = dict(tensors)
        self._prefix = prefix
        self._constants = {}

    def scope(self):
        """Return a scope, for `with`, in which a network has constants; building in it raises as `value_of`.

        What it works out from them for all runs are local variables: initialise these before the first.
        """
        return tf.variable_scope(
            tf.get_variable_scope(), custom_getter=self._constant_of, reuse=tf.AUTO_REUSE)

    def _constant_of(self, getter, *, name, shape, collections, **how):
        if tf.GraphKeys.LOCAL_VARIABLES in (collections or ()):
            return getter(name=name, shape=shape, collections=collections, **how)
        if name not in self._constants:
            self._constants[name] = tf.constant(value_of(self._tensors, self._prefix, name, shape))
            del self._tensors[name]   # which the graph holds now
        return self._constants[name]


def value_of(tensors: dict, prefix: str, name: str, shape) -> np.ndarray:
    """Return a variable's value in a checkpoint.

    Raises:
        InputError: the checkpoint lacks it, or has another shape.
    """
    if name not in tensors:
        raise InputError(f'{prefix}: of another network or optimizer; it has no variable {name}')
    if np.shape(tensors[name]) != tuple(shape):
        raise InputError(f'{prefix}: of another network; {name} has the shape {np.shape(tensors[name])}, '
                         f'expected {tuple(shape)}')
    return tensors[name]


def restore_weights(
        session: tf.Session, tensors: dict, prefix: str, *, old: Architecture, new: Architecture) -> str:
    """Give the network's variables, which are initialised, their values in a checkpoint of the same form.

    Another alphabet is allowed: the projection then keeps the columns of the characters that both have, and
    of the blank. A new character starts with the column of a character that looks like it, see `_alike`, or
    else as it was initialised.

    Args:
        session: of the graph.
        tensors: of the checkpoint.
        prefix: the checkpoint, for an error.
        old: the checkpoint's Architecture, see `architecture.check_can_start_from`.
        new: that of the network in the graph.

    Returns:
        The characters of the network that the checkpoint does not know.

    Raises:
        InputError: the checkpoint is of another network.
    """
    new_characters = ''
    if old.characters not in (None, new.characters):
        projection = next(variable for variable in network_variables() if variable.op.name == PROJECTION)
        copy = tf.distribute.get_strategy().experimental_local_results(projection)[0]
        columns, old_columns = np.array(session.run(copy)), tensors[PROJECTION]
        old_index_of = {character: index for index, character in enumerate(old.characters)}
        for index, character in enumerate(new.characters):
            like = _alike(character, old_index_of)
            if like:
                columns[:, index] = old_columns[:, old_index_of[like]]
            if like != character:
                new_characters += character
        columns[:, -1] = old_columns[:, -1]
        tensors = {**tensors, PROJECTION: columns}
    restore(session, tensors, prefix, network_variables())
    return new_characters


def _alike(character, others):
    """Return which of some characters looks like one: itself, its other case, it without accents; or None."""
    plain = unicodedata.normalize('NFD', character)[0]
    forms = (character, character.lower(), character.upper(), plain, plain.lower(), plain.upper())
    return next((form for form in forms if form in others), None)
