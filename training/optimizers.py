"""Optimizers: TensorFlow's update operations, applied to the variables of this replica.

The optimizers of TensorFlow's first interface would sum the gradients over all replicas themselves, before
anything could look at them; here that is done already (step.py needs their norm). Names and initial values of
the slots are theirs.
"""
import tensorflow.compat.v1 as tf

BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8
ADADELTA_RHO, ADADELTA_EPSILON = 0.95, 1e-8
RMSPROP_DECAY, RMSPROP_EPSILON = 0.9, 1e-10
SLOTS = {   # of each variable: names and initial values
    'adam': (('Adam', 0.0), ('Adam_1', 0.0)),
    'adamw': (('Adam', 0.0), ('Adam_1', 0.0)),
    'adadelta': (('Adadelta', 0.0), ('Adadelta_1', 0.0)),
    'momentum': (('Momentum', 0.0),),
    'rmsprop': (('RMSProp', 1.0), ('RMSProp_1', 0.0)),
}


def apply_gradients(name: str, gradients: list, variables: list, *, learning_rate: tf.Tensor,
                    momentum: float = 0.0, weight_decay: float = 0.0) -> tf.Operation:
    """Change variables along their gradients.

    Args:
        name: one of SLOTS.
        gradients: list of float32 tensors.
        variables: list of variables, one for each gradient.
        learning_rate: float32 [].
        momentum: of 'momentum' and 'rmsprop'.
        weight_decay: of 'adamw', which first takes `learning_rate` times this fraction off each kernel,
            whatever its gradient (Loshchilov and Hutter, arXiv 1711.05101); biases and batch norms, of rank
            1, keep theirs.

    Raises:
        ValueError: no such optimizer.
    """
    if name not in SLOTS:
        raise ValueError(f'expected the optimizer to be one of {", ".join(SLOTS)}, got {name!r}')
    with tf.variable_scope('optimizer'):
        has_powers = name in ('adam', 'adamw')
        powers = [_slot('beta1_power', [], BETA1), _slot('beta2_power', [], BETA2)] if has_powers else []
        power_values = [power.read_value() for power in powers]
        updates = []
        for gradient, variable in zip(gradients, variables, strict=True):
            slots = [_slot(f'{variable.name.partition(":")[0]}/{slot}', variable.shape, initial)
                     for slot, initial in SLOTS[name]]
            handles = [variable.handle, *(slot.handle for slot in slots)]
            is_decayed = name == 'adamw' and len(variable.shape) > 1 and weight_decay
            decay = [_decay(variable, learning_rate * weight_decay)] if is_decayed else []
            with tf.control_dependencies(decay):
                updates.append(_update(name, handles, gradient, learning_rate, momentum, power_values))
    with tf.control_dependencies(updates):
        return tf.group(*[tf.raw_ops.AssignVariableOp(resource=power.handle, value=value * beta)
                          for power, value, beta in zip(powers, power_values, (BETA1, BETA2), strict=False)])


def _slot(name, shape, initial):
    return tf.get_variable(name, shape, tf.float32, tf.constant_initializer(initial), trainable=False)


def _decay(variable, fraction):
    """Return the operation that takes a fraction off a variable."""
    return tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=fraction,
                                                   delta=variable.read_value())


def _update(name, handles, gradient, learning_rate, momentum, powers):
    """Return the operation that updates one variable and its slots."""
    common = {'lr': learning_rate, 'grad': gradient}
    if name in ('adam', 'adamw'):
        variable, first, second = handles
        return tf.raw_ops.ResourceApplyAdam(var=variable, m=first, v=second, beta1_power=powers[0],
                                            beta2_power=powers[1], beta1=BETA1, beta2=BETA2,
                                            epsilon=ADAM_EPSILON, **common)
    if name == 'adadelta':
        variable, accumulated, accumulated_updates = handles
        return tf.raw_ops.ResourceApplyAdadelta(var=variable, accum=accumulated,
                                                accum_update=accumulated_updates, rho=ADADELTA_RHO,
                                                epsilon=ADADELTA_EPSILON, **common)
    if name == 'momentum':
        variable, accumulated = handles
        return tf.raw_ops.ResourceApplyMomentum(var=variable, accum=accumulated, momentum=momentum, **common)
    variable, mean_square, accumulated = handles
    return tf.raw_ops.ResourceApplyRMSProp(var=variable, ms=mean_square, mom=accumulated, rho=RMSPROP_DECAY,
                                           momentum=momentum, epsilon=RMSPROP_EPSILON, **common)
