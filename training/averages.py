"""The average of the network's weights over the last steps, for the validation and the best checkpoint.

Weights that a training with a high rate leaves behind lie around better ones; their mean lies nearer. Each
variable of the network has one, named `average/` and its own name, in the checkpoints of the run.
"""
import tensorflow.compat.v1 as tf

from crnnmodel import checkpoint
from crnnmodel.tensor_bundle import AVERAGE


def scope(has_averages: bool) -> tf.variable_scope:
    """Return a scope, for `with`, in which a network that reads has the averages as its weights, if any."""
    return tf.variable_scope(AVERAGE.rstrip('/') if has_averages else tf.get_variable_scope(),
                             reuse=tf.AUTO_REUSE)


def update_averages(decay: float, step: tf.Variable) -> tf.Operation:
    """Move the average of each of the network's variables towards its value.

    At the start they move faster, so that they forget the first weights: after `step` steps over a ninth of
    them, until that would be slower than `decay` has it.

    Args:
        decay: fraction of the average that a step keeps.
        step: integer, the number of steps done.
    """
    steps = tf.cast(step, tf.float32)
    change = 1 - tf.minimum(decay, (1 + steps) / (10 + steps))
    with tf.variable_scope(AVERAGE.rstrip('/'), reuse=tf.AUTO_REUSE):
        pairs = [(variable, _average_of(variable)) for variable in checkpoint.network_variables()]
    return tf.group(*[tf.raw_ops.ResourceApplyGradientDescent(   # in one pass over the memory
        var=average.handle, alpha=change, delta=average.read_value() - variable.read_value())
        for variable, average in pairs])


def averaged_variables() -> dict:
    """Return the graph's averages, if any, by the names of the network's variables."""
    return {variable.op.name.removeprefix(AVERAGE): variable for variable in tf.global_variables(AVERAGE)}


def start_averages(session: tf.Session) -> None:
    """Let the averages start from the weights as they are."""
    weights = {variable.op.name: variable for variable in checkpoint.network_variables()}
    averages = averaged_variables()
    local = tf.distribute.get_strategy().experimental_local_results
    values = session.run({name: local(weights[name])[0] for name in averages})
    checkpoint.restore(session, {AVERAGE + name: value for name, value in values.items()}, '',
                       list(averages.values()))


def _average_of(variable):
    name = variable.name.partition(':')[0]   # and not that of its operation, which tells the replicas apart
    return tf.get_variable(name, variable.shape, tf.float32, tf.zeros_initializer(), trainable=False)
