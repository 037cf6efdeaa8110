"""The training step as a graph: loss, learning rate, clipped gradients, an update if all is finite."""
import math
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from crnnmodel import ctc, replicas
from crnnmodel.crnn_model import SEQUENCE_SCOPE
from training import averages, optimizers
from training.settings import TrainingSettings


class Step(NamedTuple):
    """The nodes of a training step."""

    update: tf.Operation       # one step; also counts it
    logits: tf.Tensor          # float32 [time, batch, classes]
    loss: tf.Tensor            # float32 []: the mean CTC loss of the usable samples of all replicas
    losses: tf.Tensor          # float32 [batch]: each sample's
    usable: tf.Tensor          # bool [batch]: see ctc.CtcLoss
    gradient_norm: tf.Tensor   # float32 []: of all replicas, before clipping
    is_applied: tf.Tensor      # bool []: whether the weights changed; else nothing is usable, or not finite
    learning_rate: tf.Tensor   # float32 []: of this step


BATCH_NORM_DECAY = 0.999
SCHEDULES = ('cosine', 'onecycle', 'exponential', 'constant')
ONE_CYCLE_START = 25    # one-cycle: the highest rate is so many times the first …
ONE_CYCLE_END = 1e4     # … and the first so many times the last


def build_training_step(network, images: tf.Tensor, labels: tf.SparseTensor, step: tf.Variable,
                        settings: TrainingSettings) -> Step:
    """Build the training step of a network.

    Args:
        network: a ShadowNet of the phase 'train'.
        images: uint8 [batch, 32, width, 3], BGR.
        labels: SparseTensor int32 [batch, longest].
        step: integer, the number of steps done.
        settings: of them the learning rate and its schedule, the optimizer, the clipping, the averages, and
            whether the convolutions are fixed, as the network then has to know, too.
    """
    logits = network.build_shadownet(images)
    losses, usable = ctc.ctc_loss(labels, logits)
    num_usable, = replicas.sum_over_replicas([tf.reduce_sum(tf.cast(usable, tf.float32))])
    own_loss = tf.reduce_sum(losses) / tf.maximum(num_usable, 1)   # this replica's part of the loss
    variables = tf.trainable_variables(SEQUENCE_SCOPE if settings.fixed_convolutions else None)
    loss, *gradients = replicas.sum_over_replicas([own_loss, *tf.gradients(own_loss, variables)])
    gradient_norm = tf.global_norm(gradients)
    if settings.gradient_clip_norm > 0:
        gradients, _ = tf.clip_by_global_norm(gradients, settings.gradient_clip_norm, use_norm=gradient_norm)
    is_applied = (num_usable > 0) & tf.math.is_finite(loss) & tf.math.is_finite(gradient_norm)
    learning_rate = scheduled_learning_rate(step, settings)

    def change_weights():
        changes = [optimizers.apply_gradients(settings.optimizer, gradients, variables,
                                              learning_rate=learning_rate, momentum=settings.momentum,
                                              weight_decay=settings.weight_decay),
                   *moving_average_updates(network.moving_averages, step)]
        if not settings.average_decay:
            return tf.group(*changes)
        with tf.control_dependencies(changes):
            return averages.update_averages(settings.average_decay, step)

    with tf.control_dependencies([tf.cond(is_applied, change_weights, tf.no_op)]):
        update = tf.raw_ops.AssignAddVariableOp(resource=step.handle, value=tf.ones([], step.dtype))
    return Step(update, logits, loss, losses, usable, gradient_norm, is_applied, learning_rate)


def moving_average_updates(moving_averages: list, step: tf.Variable) -> list:
    """Return the operations that move each average towards the batch's value.

    At the start they move faster than by the network's decay of 0.999, which would take thousands of steps to
    forget the initial values.

    Args:
        moving_averages: list of (variable, the batch's value).
        step: the number of steps done.
    """
    steps = tf.cast(step, tf.float32)
    decay = tf.minimum(BATCH_NORM_DECAY, (1 + steps) / (10 + steps))
    return [tf.raw_ops.AssignSubVariableOp(resource=variable.handle,
                                           value=(variable.read_value() - value) * (1 - decay))
            for variable, value in moving_averages]


def scheduled_learning_rate(step: tf.Tensor, settings: TrainingSettings) -> tf.Tensor:
    """Return the learning rate of a step, float32 [].

    'onecycle' is PyTorch's OneCycleLR. Let r be the highest rate, n the number of `steps`,
    w = `warmup_fraction` · n − 1, and fall(a, b, x) = b + (a − b) / 2 · (1 + cos(π x)), half a cosine from
    a to b as x goes from 0 to 1. Step t, from 0, has the rate fall(r / 25, r, t / w) up to w, and then
    fall(r, r / 25 / 10⁴, (t − w) / (n − 1 − w)).

    The others rise in a line from 0 over `warmup_steps`, then follow the schedule: 'cosine' falls to 0 at
    `steps`, 'exponential' is multiplied by `lr_decay_rate` every `lr_decay_steps`, 'constant' stays.

    Args:
        step: integer, the number of steps done.
        settings: TrainingSettings.

    Raises:
        ValueError: no such schedule.
    """
    step = tf.cast(step, tf.float32)
    rise = tf.minimum(1.0, (step + 1) / max(settings.warmup_steps, 1))
    if settings.lr_schedule == 'onecycle':
        factor = _one_cycle(step, settings.steps, settings.warmup_fraction)
    elif settings.lr_schedule == 'cosine':
        after_warmup = max(settings.steps - settings.warmup_steps, 1)
        factor = rise * _fall(1.0, 0.0, (step - settings.warmup_steps) / after_warmup)
    elif settings.lr_schedule == 'exponential':
        factor = rise * tf.pow(settings.lr_decay_rate, tf.floor(step / settings.lr_decay_steps))
    elif settings.lr_schedule == 'constant':
        factor = rise
    else:
        raise ValueError(f'expected the schedule to be one of {", ".join(SCHEDULES)}, '
                         f'got {settings.lr_schedule!r}')
    return settings.learning_rate * factor


def _one_cycle(step, steps, warmup_fraction):
    """Return the one-cycle rate of a step as a fraction of the highest, float32 []."""
    first, last = 1 / ONE_CYCLE_START, 1 / ONE_CYCLE_START / ONE_CYCLE_END
    highest_at = max(warmup_fraction * steps - 1, 0)
    fall = _fall(1.0, last, (step - highest_at) / max(steps - 1 - highest_at, 1))
    if not highest_at:
        return fall
    return tf.where(step < highest_at, _fall(first, 1.0, step / highest_at), fall)


def _fall(first, last, done):
    """Return the value of half a cosine from a first value to a last where a fraction of it is done."""
    return last + (first - last) / 2 * (1 + tf.cos(math.pi * tf.clip_by_value(done, 0, 1)))
