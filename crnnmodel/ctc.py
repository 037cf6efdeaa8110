"""Connectionist temporal classification (section 2.3 of the paper): the loss, decoders, a text's probability.

The blank is the last class. Labels are SparseTensors of class indices, as TensorFlow's own CTC takes them.
"""
import collections

import tensorflow.compat.v1 as tf

CtcLoss = collections.namedtuple('CtcLoss', [
    'losses',  # float32 [batch]: -log p(label | image); 0 where the label is not usable
    'usable',  # bool [batch]: the label is not empty, holds characters only, and the frames suffice for it
])

Decoded = collections.namedtuple('Decoded', [
    'labels',       # int32 [batch, longest]: the class indices that were read, -1 behind the last
    'confidences',  # float32 [batch]: p(the label that was read | image), over all its CTC paths
])


def ctc_loss(labels: tf.SparseTensor, logits_tbc: tf.Tensor) -> CtcLoss:
    """Return the CTC loss of each sample; one whose label is not usable has no loss and gives no gradient.

    Args:
        labels: SparseTensor int32 [batch, longest].
        logits_tbc: float32 [time, batch, classes].

    Returns:
        CtcLoss.
    """
    usable = usable_labels(labels, time_steps=logits_tbc.shape[0], blank=logits_tbc.shape[2] - 1)
    losses = _losses_of_filled(tf.sparse.retain(labels, tf.gather(usable, labels.indices[:, 0])), logits_tbc)
    return CtcLoss(tf.where(usable, losses, tf.zeros_like(losses)), usable)


def usable_labels(labels: tf.SparseTensor, *, time_steps: int, blank: int) -> tf.Tensor:
    """Return bool [batch]: there is a character, each is one, the frames suffice for them and their repeats.

    Args:
        labels: SparseTensor int32 [batch, longest].
        time_steps: frames that there are.
        blank: class index of the blank, one more than the last character's.
    """
    ones = tf.SparseTensor(labels.indices, tf.ones_like(labels.values), labels.dense_shape)
    present = tf.sparse.to_dense(ones)
    indices = tf.sparse.to_dense(labels)
    repeats = present[:, 1:] * tf.cast(tf.equal(indices[:, 1:], indices[:, :-1]), tf.int32)
    needed = tf.reduce_sum(present, 1) + tf.reduce_sum(repeats, 1)
    are_characters = tf.reduce_all((indices >= 0) & (indices < blank), 1)
    return are_characters & (needed >= 1) & (needed <= time_steps)


def decode(logits_tbc: tf.Tensor, beam_width: int | None = None) -> Decoded:
    """Read the logits: repeats are collapsed, then blanks dropped.

    Args:
        logits_tbc: float32 [time, batch, classes].
        beam_width: of a beam search (section 2.3.2 gives the best path only); None for the best path.

    Returns:
        Decoded.
    """
    labels = _decoded(logits_tbc, beam_width)
    return Decoded(_dense(labels), _probabilities(labels, logits_tbc))


def _decoded(logits_tbc, beam_width):
    """Return what is read, SparseTensor int32 [batch, longest]."""
    lengths = _sequence_lengths(logits_tbc)
    if beam_width is None:
        (decoded,), _ = tf.nn.ctc_greedy_decoder(logits_tbc, lengths)
    else:
        (decoded,), _ = tf.nn.ctc_beam_search_decoder(
            logits_tbc, lengths, beam_width=beam_width, merge_repeated=False)
    return tf.cast(decoded, tf.int32)


def _dense(labels):
    return tf.sparse.to_dense(labels, default_value=-1)


def _probabilities(labels, logits_tbc):
    """Return p(label | image), float32 [batch]; 0 where the frames do not suffice."""
    losses, usable = ctc_loss(labels, logits_tbc)
    is_empty = tf.logical_not(tf.reduce_any(_dense(labels) >= 0, 1))
    blank_losses = -tf.reduce_sum(tf.nn.log_softmax(logits_tbc)[:, :, -1], axis=0)
    fits = usable | is_empty
    probabilities = tf.exp(-tf.where(is_empty, blank_losses, losses))
    probabilities = tf.minimum(probabilities, 1)   # rounding leads a little above
    return tf.where(fits, probabilities, tf.zeros_like(probabilities))


def _losses_of_filled(labels, logits_tbc):
    """Return TensorFlow's CTC loss, float32 [batch]; it takes no empty label, which gets the class 0."""
    batch_size, longest = tf.unstack(labels.dense_shape)
    shape = tf.stack([batch_size, tf.maximum(longest, 1)])
    wide_enough = tf.SparseTensor(labels.indices, labels.values, shape)
    filled, _ = tf.sparse.fill_empty_rows(wide_enough, 0)
    return tf.nn.ctc_loss(filled, logits_tbc, _sequence_lengths(logits_tbc))


def _sequence_lengths(logits_tbc):
    return tf.fill([tf.shape(logits_tbc)[1]], logits_tbc.shape[0])
