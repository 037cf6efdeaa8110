"""What a training run tells: lines in the log, a progress bar on a terminal, TensorBoard."""
import os
import time

import cv2
import numpy as np
import tensorflow.compat.v1 as tf

from local_utils import bars, log_utils, pictures, visible
from training import events


class TrainingReport:
    """Adds up the steps between two lines of the log, and writes the lines and TensorBoard's events.

    Of several workers only the chief writes figures into the log, and events.
    """

    def __init__(self, log_dir: str, *, first_step: int, last_step: int, batch_size: int,
                 is_chief: bool = True):
        """Open the folder of TensorBoard's events.

        Args:
            log_dir: gets the folder log/ of the events.
            first_step: the steps done so far.
            last_step: the training's.
            batch_size: samples in a step, of all replicas.
            is_chief: whether this worker writes.
        """
        self._logger = log_utils.init_logger()
        self._is_chief = is_chief
        self._event_dir = os.path.join(log_dir, events.FOLDER)
        self._events = events.EventFile(log_dir) if is_chief else None
        self._bar = bars.open_bar(last_step, 'step', first_step) if is_chief else None
        self._first_step, self._last_step, self._batch_size = first_step, last_step, batch_size
        self._started = time.monotonic()
        self._skipped_steps = self._unusable_samples = 0
        self._restart_interval()

    def _restart_interval(self):
        self._steps = 0
        self._seconds = self._waiting = 0.0
        self._losses = []

    def count_step(self, replica_values: list, *, seconds: float, waiting: float) -> None:
        """Count one step.

        Args:
            replica_values: the fetched graph.ReplicaStep of each replica.
            seconds: that the step took.
            waiting: seconds of them that it waited for its batch.
        """
        self._steps += 1
        self._seconds += seconds
        self._waiting += waiting
        if replica_values[0].train.is_applied:
            self._losses.append(replica_values[0].train.loss)
        else:
            self._skipped_steps += 1
        self._count_unusable([name for replica in replica_values
                              for name in replica.batch.imagenames[~replica.train.usable]])
        if self._bar is not None:
            self._bar.update()

    def _count_unusable(self, names):
        """Count samples that the step left out; the first is named."""
        if names and not self._unusable_samples:
            self._logger.warning('%s has a label that is empty, outside the alphabet or longer than the '
                                 'frames can express; such samples are left out and counted',
                                 names[0].decode('utf-8', 'replace'))
        self._unusable_samples += len(names)

    def report_first_step(self, display_step: int) -> None:
        """Write the line that shows that the training has begun: the first figures may be minutes away."""
        self._log('the first step took %.1f seconds, making ready included; a line follows every %d',
                  self._seconds, display_step)

    def display(self, step: int, sequence_distance: float, accuracy: float, train_values) -> None:
        """Write the line of a display step, give TensorBoard its figures, and begin a new interval.

        | column | meaning |
        |---|---|
        | loss | CTC loss of a sample, the mean since the line before |
        | sequence distance | edits for each character of a label, the mean over this step's batch |
        | accuracy | fraction of this step's batch that is read without a mistake |
        | learning rate | of this step |
        | images/s | since the line before, validations and checkpoints not counted |
        | waiting for input | fraction of that time in which the step had no batch |
        | time left | until the last step, at the rate since the start, validations included |
        | steps skipped | since the start, for want of a finite loss and gradient, if any |
        | samples left out | since the start, as CTC cannot express their labels, if any |

        Only TensorBoard gets `gradient_norm`, of this step before clipping.

        Args:
            step: its number.
            sequence_distance: of its batch.
            accuracy: of its batch.
            train_values: the fetched step.Step.
        """
        figures = {
            'loss': np.mean(self._losses) if self._losses else np.nan,
            'sequence_distance': sequence_distance,
            'accuracy': accuracy,
            'learning_rate': train_values.learning_rate,
            'gradient_norm': train_values.gradient_norm,
            'images_per_second': self._steps * self._batch_size / self._seconds,
            'input_wait_fraction': self._waiting / self._seconds,
            'skipped_steps': self._skipped_steps,
            'unusable_samples': self._unusable_samples,
        }
        self._log('step %d/%d loss %.4f sequence distance %.4f accuracy %.4f learning rate %.2e %.0f '
                  'images/s waiting for input %.1f%% time left %s%s', step, self._last_step, figures['loss'],
                  sequence_distance, accuracy, train_values.learning_rate, figures['images_per_second'],
                  100 * figures['input_wait_fraction'], self._time_left(step), self._mishaps())
        self._write(step, 'train', figures)
        self._restart_interval()

    def _time_left(self, step):
        """Return the time until the last step, as text, at the rate since the first."""
        seconds_a_step = (time.monotonic() - self._started) / (step - self._first_step)
        return bars.clock(seconds_a_step * (self._last_step - step))

    def validation(self, step: int, results: dict, examples: list) -> None:
        """Write the line, the figures and the picture of a validation.

        Args:
            step: after which it was.
            results: dict of the figures, see TextMetrics.results.
            examples: see evaluation.Evaluation.
        """
        self._log('step %d validation: %s, word accuracy %.4f, 1 - N.E.D. %.4f, character error rate %.4f',
                  step, visible.counted(results['samples'], 'sample'), results['word_accuracy'],
                  results['one_minus_ned'], results['character_error_rate'])
        self._write(step, 'validation', results)
        if self._events is None or not examples:   # of a worker that writes nothing, or had no sample
            return
        picture = cv2.imencode('.png', pictures.draw_readings(examples))[1].tobytes()
        image = tf.Summary.Image(encoded_image_string=picture)
        self._add([tf.Summary.Value(tag='validation/words', image=image)], step)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._bar is not None:
            self._bar.close()
        if self._events is not None:
            self._events.close()

    def _mishaps(self):
        counts = {'steps skipped': self._skipped_steps, 'samples left out': self._unusable_samples}
        return ''.join(f' {name} {count}' for name, count in counts.items() if count)

    def _log(self, *line):
        if self._is_chief:
            self._logger.info(*line)

    def _write(self, step, section, figures):
        self._add([tf.Summary.Value(tag=f'{section}/{name}', simple_value=value)
                   for name, value in figures.items()], step)

    def _add(self, values, step):
        """Give TensorBoard some values; where its file cannot be written, say so once and go on without."""
        if self._events is None:
            return
        try:
            self._events.add(values, step)
        except OSError as error:
            self._events = None
            self._logger.warning('%s: cannot write for TensorBoard (%s); training goes on without',
                                 self._event_dir, error.strerror)
