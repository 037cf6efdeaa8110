"""What the replicas of a distributed training step tell each other.

With one replica nothing of it is in the graph. To be used inside the function that `strategy.run` calls, or
outside of any strategy.
"""
import tensorflow.compat.v1 as tf

_SUMMED_GRADIENT = 'SumOverReplicas'


def count() -> int:
    """Return the number of replicas, int."""
    return tf.distribute.get_strategy().num_replicas_in_sync


def index() -> int | tf.Tensor:
    """Return the number of this replica among all, from 0, int or int32 []."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def sum_over_replicas(tensors: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return the sums of a list of tensors over all replicas; no gradient flows through them."""
    if count() == 1:
        return list(tensors)

    def merge(strategy, tensors):
        pairs = [(tensor, tensor) for tensor in tensors]   # what to sum, where to
        return strategy.extended.batch_reduce_to(tf.distribute.ReduceOp.SUM, pairs)

    return tf.distribute.get_replica_context().merge_call(merge, args=(list(tensors),))


def differentiable_sum(tensor: tf.Tensor) -> tf.Tensor:
    """Return the sum of a tensor over all replicas.

    Its gradient is the sum of the replicas' gradients of that sum.
    """
    if count() == 1:
        return tensor
    total = tf.stop_gradient(sum_over_replicas([tensor])[0])
    # ReplicaContext.all_reduce has the same gradient, but as a tf.custom_gradient, which in a graph takes
    # the variables of other replicas for its own and fails. So: a zero, whose gradient is summed.
    with tf.get_default_graph().gradient_override_map({'Identity': _SUMMED_GRADIENT}):
        tensor = tf.identity(tensor)
    return total + (tensor - tf.stop_gradient(tensor))


@tf.RegisterGradient(_SUMMED_GRADIENT)
def _summed_gradient(_, gradient):
    return sum_over_replicas([gradient])[0]
