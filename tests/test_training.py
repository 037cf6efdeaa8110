"""Tests of training.step."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import crnn_model
from crnnmodel.architecture import Architecture
from tests.small_run import training_settings
from training import averages, optimizers
from training.step import build_training_step, moving_average_updates, scheduled_learning_rate


def rates(numbers, **changes):
    """Return the learning rates at the steps of some numbers."""
    settings = training_settings(lr_schedule='constant', learning_rate=2.0, warmup_steps=0, steps=100,
                                 lr_decay_steps=10, lr_decay_rate=0.5)._replace(**changes)
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run([scheduled_learning_rate(tf.constant(step), settings) for step in numbers])


def test_a_constant_rate_stays():
    assert rates([0, 50, 1000]) == [2.0, 2.0, 2.0]


def test_the_warm_up_rises_in_a_line():
    assert rates([0, 1, 3, 4, 9], warmup_steps=4) == pytest.approx([0.5, 1.0, 2.0, 2.0, 2.0])


def test_the_cosine_falls_from_the_end_of_the_warm_up_to_zero():
    assert rates([20, 60, 100, 200], lr_schedule='cosine', warmup_steps=20) == (
        pytest.approx([2.0, 1.0, 0.0, 0.0], abs=1e-6))


def test_the_exponential_falls_in_steps():
    assert rates([0, 9, 10, 25], lr_schedule='exponential') == pytest.approx([2.0, 2.0, 1.0, 0.5])


def test_one_cycle_rises_and_falls_in_half_cosines_as_in_pytorch():
    # The highest rate r is 2, the first r / 25, the last that / 10,000; it rises up to step 0.25 * 41 - 1.
    cosine_at_5 = 2 + (2 / 25 - 2) / 2 * (1 + np.cos(np.pi * 5 / 9.25))
    cosine_at_24 = 2 / 250000 + (2 - 2 / 250000) / 2 * (1 + np.cos(np.pi * (24 - 9.25) / (40 - 9.25)))
    at = rates([0, 5, 24, 40, 90], lr_schedule='onecycle', steps=41, warmup_fraction=0.25, warmup_steps=7)
    assert at == pytest.approx([2 / 25, cosine_at_5, cosine_at_24, 8e-6, 8e-6], rel=1e-4, abs=1e-6)


def test_one_cycle_without_a_rise_starts_at_the_highest_rate():
    at = rates([0, 40], lr_schedule='onecycle', steps=41, warmup_fraction=0.0)
    assert at == pytest.approx([2.0, 8e-6], abs=1e-6)


def test_an_unknown_schedule_or_optimizer_is_refused():
    with pytest.raises(ValueError, match='cosine, onecycle, exponential, constant'):
        rates([0], lr_schedule='linear')
    with pytest.raises(ValueError, match='adam, adamw, adadelta, momentum, rmsprop'):
        optimizers.apply_gradients('sgd', [], [], learning_rate=0.1, momentum=0.9)


class StubNetwork:
    """A network of one weight; an image of 255 makes the logits, and so the loss, infinite."""

    moving_averages = ()

    def build_shadownet(self, images):
        with tf.variable_scope('shadow'):
            logits = tf.get_variable('logits', [4, 1, 3], initializer=tf.constant_initializer(0.5))
            moving = tf.get_variable('moving_mean', [], initializer=tf.zeros_initializer(), trainable=False)
        self.moving_averages = [(moving, tf.constant(1.0))]
        return logits * tf.where(tf.reduce_max(images) > 254, np.inf, 1.0)


def build(optimizer='adam', label=(1,), **changes):
    step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
    images = tf.placeholder(tf.float32, [1])
    labels = tf.SparseTensor([[0, index] for index in range(len(label))], tf.constant(label), [1, len(label)])
    settings = training_settings(optimizer=optimizer, learning_rate=0.1, lr_schedule='constant',
                                 warmup_steps=0, gradient_clip_norm=0.0)._replace(**changes)
    graph = build_training_step(StubNetwork(), images, labels, step, settings)
    return graph, images, step


@pytest.mark.parametrize('optimizer', optimizers.SLOTS)
def test_every_optimizer_lowers_the_loss(optimizer):
    with tf.Graph().as_default(), tf.Session() as session:
        graph, images, _ = build(optimizer)
        session.run(tf.global_variables_initializer())
        losses = [session.run([graph.loss, graph.update], {images: [0.0]})[0] for _ in range(20)]
        assert losses[-1] < losses[0]


def assert_only_the_count_of_steps_changes(session, graph, step, feed):
    """Run a step that has nothing to learn from."""
    kept = [variable for variable in tf.global_variables() if variable is not step]
    before, steps = session.run([kept, step])
    is_applied, _ = session.run([graph.is_applied, graph.update], feed)
    assert not is_applied
    assert all(np.array_equal(old, new) for old, new in zip(before, session.run(kept), strict=True))
    assert session.run(step) == steps + 1


def test_a_step_that_is_not_finite_changes_nothing_but_the_count_of_steps():
    with tf.Graph().as_default(), tf.Session() as session:
        graph, images, step = build()
        session.run(tf.global_variables_initializer())
        session.run(graph.update, {images: [0.0]})
        assert_only_the_count_of_steps_changes(session, graph, step, {images: [255.0]})
        assert session.run(step) == 2
        assert session.run([graph.is_applied, graph.update], {images: [0.0]})[0]


def test_a_step_without_a_usable_label_changes_nothing_but_the_count_of_steps():
    with tf.Graph().as_default(), tf.Session() as session:
        graph, images, step = build(label=(1, 1, 1))   # which needs 5 frames; there are 4
        session.run(tf.global_variables_initializer())
        assert_only_the_count_of_steps_changes(session, graph, step, {images: [0.0]})
        assert session.run(step) == 1


def test_gradients_are_scaled_down_to_the_largest_norm():
    changes = []
    for norm in (0.0, 1e-3):
        with tf.Graph().as_default(), tf.Session() as session:
            graph, images, _ = build('momentum', gradient_clip_norm=norm)
            session.run(tf.global_variables_initializer())
            logits, = tf.trainable_variables()
            before = session.run(logits)
            gradient_norm, _ = session.run([graph.gradient_norm, graph.update], {images: [0.0]})
            changes.append(np.linalg.norm(session.run(logits) - before))
    assert gradient_norm > 0.1   # reported as it was before clipping
    assert changes[0] == pytest.approx(0.1 * gradient_norm, rel=1e-4)
    assert changes[1] == pytest.approx(0.1 * 1e-3, rel=1e-4)


def test_the_average_of_the_weights_moves_with_each_step_fast_at_first():
    with tf.Graph().as_default(), tf.Session() as session:
        graph, images, step = build(average_decay=0.3)
        session.run(tf.global_variables_initializer())
        averages.start_averages(session)
        weights, averaged = tf.global_variables('shadow/'), averages.averaged_variables()
        expected = session.run(weights)
        for decay in (1 / 10, 2 / 11, 3 / 12, 0.3, 0.3):
            session.run(graph.update, {images: [0.0]})
            expected = [decay * mean + (1 - decay) * value
                        for mean, value in zip(expected, session.run(weights), strict=True)]
            for mean, variable in zip(expected, weights, strict=True):
                np.testing.assert_allclose(session.run(averaged[variable.op.name]), mean, rtol=1e-5)
        assert len(averaged) == 2


def test_adamw_takes_its_part_off_kernels_alone_whatever_their_gradient():
    values = []
    for weight_decay in (0.0, 0.5):
        with tf.Graph().as_default(), tf.Session() as session:
            kernel, bias = (tf.get_variable(name, initializer=np.full(shape, 3, np.float32),
                                            use_resource=True)
                            for name, shape in (('kernel', (2, 2)), ('bias', (2,))))
            update = optimizers.apply_gradients('adamw', [tf.ones([2, 2]), tf.ones([2])], [kernel, bias],
                                                learning_rate=tf.constant(0.1), weight_decay=weight_decay)
            session.run(tf.global_variables_initializer())
            session.run(update)
            values.append(session.run([kernel, bias]))
    np.testing.assert_allclose(values[0][0], np.full((2, 2), 3 - 0.1), rtol=1e-6)   # Adam's first step
    np.testing.assert_allclose(values[1][0], np.full((2, 2), 3 * (1 - 0.1 * 0.5) - 0.1), rtol=1e-6)
    assert np.array_equal(values[0][1], values[1][1])


def test_with_fixed_convolutions_only_lstms_and_projection_change():
    with tf.Graph().as_default(), tf.Session() as session:
        changed, offered = changed_by_a_step(session, fixed_convolutions=True)
        assert changed
        assert all(name.startswith(crnn_model.SEQUENCE_SCOPE) for name in changed)
        assert offered == []
        assert tf.global_variables('optimizer/shadow/(conv|Batch)') == []


def test_moving_averages_forget_their_initial_value_fast_and_then_move_slowly():
    with tf.Graph().as_default(), tf.Session() as session:
        average = tf.get_variable('average', initializer=0.0, use_resource=True)
        step = tf.placeholder(tf.int32, [])
        update, = moving_average_updates([(average, tf.constant(1.0))], step)
        session.run(tf.global_variables_initializer())
        session.run(update, {step: 0})
        assert session.run(average) == pytest.approx(0.9)
        session.run(average.initializer)
        session.run(update, {step: 10 ** 6})
        assert session.run(average) == pytest.approx(0.001, rel=1e-3)


def test_the_networks_loss_reaches_every_trainable_variable():
    with tf.Graph().as_default(), tf.Session() as session:
        changed, offered = changed_by_a_step(session)
        assert changed == {variable.op.name for variable in tf.global_variables('shadow/')}
        assert len(offered) == 4


def changed_by_a_step(session, **changes):
    """Return (the names of a small network's variables that a step changes, its moving averages)."""
    settings = training_settings(learning_rate=0.01, warmup_steps=0,
                                 gradient_clip_norm=0.0)._replace(**changes)
    network = crnn_model.ShadowNet('train', Architecture('abcd', 5, hidden_units=4),
                                   fixed_convolutions=settings.fixed_convolutions)
    step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, [2, 32, 100, 3], np.uint8))
    labels = tf.SparseTensor([[0, 0], [1, 0]], tf.constant([1, 2]), [2, 1])
    graph = build_training_step(network, images, labels, step, settings)
    session.run(tf.global_variables_initializer())
    weights = tf.global_variables('shadow/')
    before = session.run(weights)
    session.run(graph.update)
    pairs = zip(before, session.run(weights), strict=True)
    changes = [not np.array_equal(old, new) for old, new in pairs]
    changed = {variable.op.name for variable, is_other in zip(weights, changes, strict=True) if is_other}
    return changed, network.moving_averages
