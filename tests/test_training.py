"""Tests of training.step."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from crnnmodel import crnn_model
from crnnmodel.architecture import Architecture
from tests.small_run import training_settings
from training import optimizers
from training.step import build_step, moving_average_updates, scheduled_learning_rate


def rates(steps, **changes):
    """Return the learning rates at some steps."""
    settings = training_settings(lr_schedule='constant', learning_rate=2.0, warmup_steps=0, steps=100,
                                 lr_decay_steps=10, lr_decay_rate=0.5)._replace(**changes)
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run([scheduled_learning_rate(tf.constant(step), settings) for step in steps])


def test_a_constant_rate_stays():
    assert rates([0, 50, 1000]) == [2.0, 2.0, 2.0]


def test_the_warm_up_rises_in_a_line():
    assert rates([0, 1, 3, 4, 9], warmup_steps=4) == pytest.approx([0.5, 1.0, 2.0, 2.0, 2.0])


def test_the_cosine_falls_from_the_end_of_the_warm_up_to_zero():
    assert rates([20, 60, 100, 200], lr_schedule='cosine', warmup_steps=20) == pytest.approx([2.0, 1.0, 0.0, 0.0], abs=1e-6)


def test_the_exponential_falls_in_steps():
    assert rates([0, 9, 10, 25], lr_schedule='exponential') == pytest.approx([2.0, 2.0, 1.0, 0.5])


def test_an_unknown_schedule_or_optimizer_is_refused():
    with pytest.raises(ValueError, match='cosine, exponential, constant'):
        rates([0], lr_schedule='linear')
    with pytest.raises(ValueError, match='adam, adadelta, momentum, rmsprop'):
        optimizers.apply_gradients('sgd', [], [], learning_rate=0.1, momentum=0.9)


class StubNetwork:
    """A network of one variable; an image of 255 makes the logits, and so the loss, infinite."""

    moving_averages = ()

    def build_shadownet(self, images):
        logits = tf.get_variable('logits', [4, 1, 3], initializer=tf.constant_initializer(0.5))
        self.average = tf.get_variable('average', [], initializer=tf.zeros_initializer(), trainable=False)
        self.moving_averages = [(self.average, tf.constant(1.0))]
        return logits * tf.where(tf.reduce_max(images) > 254, np.inf, 1.0)


def build(optimizer='adam', gradient_clip_norm=0.0, label=(1,)):
    step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
    images = tf.placeholder(tf.float32, [1])
    labels = tf.SparseTensor([[0, index] for index in range(len(label))], tf.constant(label), [1, len(label)])
    settings = training_settings(optimizer=optimizer, learning_rate=0.1, lr_schedule='constant', warmup_steps=0,
                                 gradient_clip_norm=gradient_clip_norm)
    graph = build_step(StubNetwork(), images, labels, step, settings)
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
            graph, images, _ = build('momentum', norm)
            session.run(tf.global_variables_initializer())
            logits, = tf.trainable_variables()
            before = session.run(logits)
            gradient_norm, _ = session.run([graph.gradient_norm, graph.update], {images: [0.0]})
            changes.append(np.linalg.norm(session.run(logits) - before))
    assert gradient_norm > 0.1   # reported as it was before clipping
    assert changes[0] == pytest.approx(0.1 * gradient_norm, rel=1e-4)
    assert changes[1] == pytest.approx(0.1 * 1e-3, rel=1e-4)


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
        network = crnn_model.ShadowNet('train', Architecture('abcd', 5, hidden_units=4))
        step = tf.get_variable('global_step', [], tf.int32, tf.zeros_initializer(), trainable=False)
        images = tf.constant(np.random.default_rng(0).integers(0, 256, [2, 32, 100, 3], np.uint8))
        labels = tf.SparseTensor([[0, 0], [1, 0]], tf.constant([1, 2]), [2, 1])
        settings = training_settings(learning_rate=0.01, warmup_steps=0, gradient_clip_norm=0.0)
        graph = build_step(network, images, labels, step, settings)
        session.run(tf.global_variables_initializer())
        weights = tf.global_variables('shadow/')
        before = session.run(weights)
        session.run(graph.update)
        assert all(not np.array_equal(old, new) for old, new in zip(before, session.run(weights), strict=True))
