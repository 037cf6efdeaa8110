"""The training step as a graph: loss, learning rate, clipped gradients, and an update that leaves out what is not finite."""
import collections

import tensorflow.compat.v1 as tf

from crnnmodel import ctc

Training = collections.namedtuple('Training', [
    'update',         # operation: one step; also counts it
    'logits',         # float32 [time, batch, classes]
    'loss',           # float32 []: the mean CTC loss of the usable samples
    'losses',         # float32 [batch]: each sample's
    'usable',         # bool [batch]: see ctc.CtcLoss
    'gradient_norm',  # float32 []: before clipping
    'is_finite',      # bool []: the loss and the gradient are, so the step changed the weights
    'learning_rate',  # float32 []: of this step
])

BATCH_NORM_DECAY = 0.999
OPTIMIZERS = ('adam', 'adadelta', 'momentum', 'rmsprop')
SCHEDULES = ('cosine', 'exponential', 'constant')


def build_training(network, images, labels, step, *, learning_rate, optimizer, momentum, gradient_clip_norm):
    """Build the training step of a network.

    Args:
        network: a ShadowNet of the phase 'train'.
        images: uint8 [batch, 32, width, 3], BGR.
        labels: SparseTensor int32 [batch, longest].
        step: integer variable, the number of steps done.
        learning_rate: float32 [].
        optimizer: one of OPTIMIZERS.
        momentum: of 'momentum' and 'rmsprop'.
        gradient_clip_norm: the largest global norm that gradients keep; 0 for any.

    Returns:
        Training.

    Raises:
        ValueError: no such optimizer.
    """
    logits = network.build_shadownet(images)
    losses, usable = ctc.ctc_loss(labels, logits)
    loss = tf.reduce_sum(losses) / tf.maximum(tf.reduce_sum(tf.cast(usable, tf.float32)), 1)
    variables = tf.trainable_variables()
    gradients = tf.gradients(loss, variables)
    gradient_norm = tf.global_norm(gradients)
    if gradient_clip_norm > 0:
        gradients, _ = tf.clip_by_global_norm(gradients, gradient_clip_norm, use_norm=gradient_norm)
    is_finite = tf.math.is_finite(loss) & tf.math.is_finite(gradient_norm)
    applier = make_optimizer(optimizer, learning_rate, momentum)

    def change_weights():
        averages = moving_average_updates(network.moving_averages, step)
        with tf.variable_scope('optimizer'):
            return tf.group(applier.apply_gradients(zip(gradients, variables, strict=True)), *averages)

    with tf.control_dependencies([tf.cond(is_finite, change_weights, tf.no_op)]):
        update = step.assign_add(1).op
    return Training(update, logits, loss, losses, usable, gradient_norm, is_finite, learning_rate)


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
    return [variable.assign_sub((variable - value) * (1 - decay)) for variable, value in moving_averages]


def make_optimizer(name, learning_rate, momentum):
    """Return the optimizer of that name; raises ValueError where there is none."""
    if name == 'adam':
        return tf.train.AdamOptimizer(learning_rate)
    if name == 'adadelta':
        return tf.train.AdadeltaOptimizer(learning_rate)
    if name == 'momentum':
        return tf.train.MomentumOptimizer(learning_rate, momentum)
    if name == 'rmsprop':
        return tf.train.RMSPropOptimizer(learning_rate, momentum=momentum)
    raise ValueError(f'expected the optimizer to be one of {", ".join(OPTIMIZERS)}, got {name!r}')


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
