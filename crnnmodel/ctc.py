"""Connectionist temporal classification (section 2.3 of the paper): the loss, the decoders, the probability of a text.

The blank is the last class. Labels are SparseTensors of class indices, as TensorFlow's own CTC takes them.
"""
import collections

import tensorflow.compat.v1 as tf

CtcLoss = collections.namedtuple('CtcLoss', [
    'losses',  # float32 [batch]: -log p(label | image); 0 where the label is not usable
    'usable',  # bool [batch]: the label is not empty, its indices are characters, CTC can express it in the frames there are
])

Reading = collections.namedtuple('Reading', [
    'labels',       # int32 [batch, longest]: the class indices that were read, -1 behind the last
    'confidences',  # float32 [batch]: p(the label that was read | image), over all its CTC paths
])


def ctc_loss(labels, logits_tbc):
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


def usable_labels(labels, *, time_steps, blank):
    """Return bool [batch]: there is a character, each is one, and the frames suffice for them and their repeats.

    Args:
        labels: SparseTensor int32 [batch, longest].
        time_steps: frames that there are.
        blank: class index of the blank, one more than the last character's.
    """
    present = tf.sparse.to_dense(tf.SparseTensor(labels.indices, tf.ones_like(labels.values), labels.dense_shape))
    indices = tf.sparse.to_dense(labels)
    repeats = present[:, 1:] * tf.cast(tf.equal(indices[:, 1:], indices[:, :-1]), tf.int32)
    needed = tf.reduce_sum(present, 1) + tf.reduce_sum(repeats, 1)
    are_characters = tf.reduce_all((indices >= 0) & (indices < blank), 1)
    return are_characters & (needed >= 1) & (needed <= time_steps)


def decode(logits_tbc, beam_width=None):
    """Read the logits: repeats are collapsed, then blanks dropped.

    Args:
        logits_tbc: float32 [time, batch, classes].
        beam_width: of a beam search (section 2.3.2 gives the best path only); None for the best path.

    Returns:
        Reading.
    """
    lengths = _sequence_lengths(logits_tbc)
    if beam_width is None:
        (decoded,), _ = tf.nn.ctc_greedy_decoder(logits_tbc, lengths)
    else:
        (decoded,), _ = tf.nn.ctc_beam_search_decoder(logits_tbc, lengths, beam_width=beam_width, merge_repeated=False)
    labels = tf.cast(decoded, tf.int32)
    dense = tf.sparse.to_dense(labels, default_value=-1)
    blank_losses = -tf.reduce_sum(tf.nn.log_softmax(logits_tbc)[:, :, -1], axis=0)
    losses = tf.where(tf.reduce_any(dense >= 0, 1), _losses_of_filled(labels, logits_tbc), blank_losses)
    return Reading(dense, tf.exp(-losses))


def _losses_of_filled(labels, logits_tbc):
    """Return TensorFlow's CTC loss, float32 [batch]; it takes no empty label, so one is filled with the class 0."""
    batch_size, longest = tf.unstack(labels.dense_shape)
    wide_enough = tf.SparseTensor(labels.indices, labels.values, tf.stack([batch_size, tf.maximum(longest, 1)]))
    filled, _ = tf.sparse.fill_empty_rows(wide_enough, 0)
    return tf.nn.ctc_loss(filled, logits_tbc, _sequence_lengths(logits_tbc))


def _sequence_lengths(logits_tbc):
    return tf.fill([tf.shape(logits_tbc)[1]], logits_tbc.shape[0])
