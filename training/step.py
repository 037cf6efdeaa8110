"""The training step as a graph: loss, learning rate, clipped gradients, and an update that leaves out what is not finite."""
import collections

import tensorflow.compat.v1 as tf

from crnnmodel import ctc, replicas
from training import optimizers

Training = collections.namedtuple('Training', [
    'update',         # operation: one step; also counts it
    'logits',         # float32 [time, batch, classes]
    'loss',           # float32 []: the mean CTC loss of the usable samples of all replicas
    'losses',         # float32 [batch]: each sample's
    'usable',         # bool [batch]: see ctc.CtcLoss
    'gradient_norm',  # float32 []: of all replicas, before clipping
    'is_applied',     # bool []: there is a usable sample, loss and gradient are finite, so the step changed the weights
    'learning_rate',  # float32 []: of this step
])

BATCH_NORM_DECAY = 0.999
SCHEDULES = ('cosine', 'exponential', 'constant')


def build_training(network, images, labels, step, *, learning_rate, optimizer, momentum, gradient_clip_norm):
    """Build the training step of a network.

    Args:
        network: a ShadowNet of the phase 'train'.
        images: uint8 [batch, 32, width, 3], BGR.
        labels: SparseTensor int32 [batch, longest].
        step: integer variable, the number of steps done.
        learning_rate: float32 [].
        optimizer: one of optimizers.SLOTS.
        momentum: of 'momentum' and 'rmsprop'.
        gradient_clip_norm: the largest global norm that gradients keep; 0 for any.

    Returns:
        Training.

    Raises:
        ValueError: no such optimizer.
    """
    logits = network.build_shadownet(images)
    losses, usable = ctc.ctc_loss(labels, logits)
    num_usable, = replicas.sum_over_replicas([tf.reduce_sum(tf.cast(usable, tf.float32))])
    share = tf.reduce_sum(losses) / tf.maximum(num_usable, 1)   # of this replica in the loss
    variables = tf.trainable_variables()
    loss, *gradients = replicas.sum_over_replicas([share, *tf.gradients(share, variables)])
    gradient_norm = tf.global_norm(gradients)
    if gradient_clip_norm > 0:
        gradients, _ = tf.clip_by_global_norm(gradients, gradient_clip_norm, use_norm=gradient_norm)
    is_applied = (num_usable > 0) & tf.math.is_finite(loss) & tf.math.is_finite(gradient_norm)

    def change_weights():
        return tf.group(
            optimizers.apply_gradients(optimizer, gradients, variables, learning_rate=learning_rate, momentum=momentum),
            *moving_average_updates(network.moving_averages, step))

    with tf.control_dependencies([tf.cond(is_applied, change_weights, tf.no_op)]):
        update = tf.raw_ops.AssignAddVariableOp(resource=step.handle, value=tf.ones([], step.dtype))
    return Training(update, logits, loss, losses, usable, gradient_norm, is_applied, learning_rate)


def moving_average_updates(moving_averages, step):
    """Return the operations that move each average towards the batch's value.

    At the start they move faster than by the network's decay of 0.999, which would take thousands of steps to forget the
    initial values.

    Args:
        moving_averages: list of (variable, the batch's value).
        step: the number of steps done.
    """
    steps = tf.cast(step, tf.float32)
    decay = tf.minimum(BATCH_NORM_DECAY, (1 + steps) / (10 + steps))
    return [tf.raw_ops.AssignSubVariableOp(resource=variable.handle, value=(variable.read_value() - value) * (1 - decay))
            for variable, value in moving_averages]


def scheduled_learning_rate(step, *, schedule, learning_rate, warmup_steps, steps, decay_steps, decay_rate):
    """Return the learning rate of a step, float32 [].

    It rises in a line from 0 over `warmup_steps`, then follows the schedule.

    Args:
        step: integer tensor, the number of steps done.
        schedule: 'cosine' falls to 0 at `steps`, 'exponential' is multiplied by `decay_rate` every `decay_steps`,
            'constant' stays.
        learning_rate: the highest.

    Raises:
        ValueError: no such schedule.
    """
    if schedule not in SCHEDULES:
        raise ValueError(f'expected the schedule to be one of {", ".join(SCHEDULES)}, got {schedule!r}')
    step = tf.cast(step, tf.float32)
    factor = tf.constant(1.0)
    if schedule == 'cosine':
        share = tf.clip_by_value((step - warmup_steps) / max(steps - warmup_steps, 1), 0, 1)
        factor = 0.5 * (1 + tf.cos(3.141592653589793 * share))
    elif schedule == 'exponential':
        factor = tf.pow(decay_rate, tf.floor(step / decay_steps))
    return learning_rate * factor * tf.minimum(1.0, (step + 1) / max(warmup_steps, 1))
