"""The training step as a graph: loss, learning rate, clipped gradients, and an update that leaves out what is not finite."""
from typing import NamedTuple

import tensorflow.compat.v1 as tf

from crnnmodel import ctc, replicas
from training import optimizers
from training.settings import TrainingSettings


class Step(NamedTuple):
    """The nodes of a training step."""

    update: tf.Operation       # one step; also counts it
    logits: tf.Tensor          # float32 [time, batch, classes]
    loss: tf.Tensor            # float32 []: the mean CTC loss of the usable samples of all replicas
    losses: tf.Tensor          # float32 [batch]: each sample's
    usable: tf.Tensor          # bool [batch]: see ctc.CtcLoss
    gradient_norm: tf.Tensor   # float32 []: of all replicas, before clipping
    is_applied: tf.Tensor      # bool []: there is a usable sample, loss and gradient are finite: the weights changed
    learning_rate: tf.Tensor   # float32 []: of this step


BATCH_NORM_DECAY = 0.999
SCHEDULES = ('cosine', 'exponential', 'constant')


def build_step(network, images: tf.Tensor, labels: tf.SparseTensor, step: tf.Variable,
               settings: TrainingSettings) -> Step:
    """Build the training step of a network.

    Args:
        network: a ShadowNet of the phase 'train'.
        images: uint8 [batch, 32, width, 3], BGR.
        labels: SparseTensor int32 [batch, longest].
        step: integer, the number of steps done.
        settings: of them the learning rate and its schedule, the optimizer and the clipping.
    """
    logits = network.build_shadownet(images)
    losses, usable = ctc.ctc_loss(labels, logits)
    num_usable, = replicas.sum_over_replicas([tf.reduce_sum(tf.cast(usable, tf.float32))])
    own_loss = tf.reduce_sum(losses) / tf.maximum(num_usable, 1)   # this replica's part of the loss
    variables = tf.trainable_variables()
    loss, *gradients = replicas.sum_over_replicas([own_loss, *tf.gradients(own_loss, variables)])
    gradient_norm = tf.global_norm(gradients)
    if settings.gradient_clip_norm > 0:
        gradients, _ = tf.clip_by_global_norm(gradients, settings.gradient_clip_norm, use_norm=gradient_norm)
    is_applied = (num_usable > 0) & tf.math.is_finite(loss) & tf.math.is_finite(gradient_norm)
    learning_rate = scheduled_learning_rate(step, settings)

    def change_weights():
        return tf.group(
            optimizers.apply_gradients(settings.optimizer, gradients, variables, learning_rate=learning_rate,
                                       momentum=settings.momentum),
            *moving_average_updates(network.moving_averages, step))

    with tf.control_dependencies([tf.cond(is_applied, change_weights, tf.no_op)]):
        update = tf.raw_ops.AssignAddVariableOp(resource=step.handle, value=tf.ones([], step.dtype))
    return Step(update, logits, loss, losses, usable, gradient_norm, is_applied, learning_rate)


def moving_average_updates(moving_averages: list, step: tf.Variable) -> list:
    """Return the operations that move each average towards the batch's value.

    At the start they move faster than by the network's decay of 0.999, which would take thousands of steps to forget
    the initial values.

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

    It rises in a line from 0 over `warmup_steps`, then follows the schedule: 'cosine' falls to 0 at `steps`,
    'exponential' is multiplied by `lr_decay_rate` every `lr_decay_steps`, 'constant' stays.

    Args:
        step: integer, the number of steps done.
        settings: TrainingSettings.

    Raises:
        ValueError: no such schedule.
    """
    if settings.lr_schedule not in SCHEDULES:
        raise ValueError(f'expected the schedule to be one of {", ".join(SCHEDULES)}, got {settings.lr_schedule!r}')
    step = tf.cast(step, tf.float32)
    warmup_steps = settings.warmup_steps
    factor = tf.constant(1.0)
    if settings.lr_schedule == 'cosine':
        done = tf.clip_by_value((step - warmup_steps) / max(settings.steps - warmup_steps, 1), 0, 1)
        factor = 0.5 * (1 + tf.cos(3.141592653589793 * done))
    elif settings.lr_schedule == 'exponential':
        factor = tf.pow(settings.lr_decay_rate, tf.floor(step / settings.lr_decay_steps))
    return settings.learning_rate * factor * tf.minimum(1.0, (step + 1) / max(warmup_steps, 1))
