"""The loop of a training session: fetch, check, report, validate, save."""
import itertools
import math
import time

import numpy as np

from local_utils import log_utils, metrics, progress, record_files
from local_utils.errors import InputError
from reading import ReadingSettings, Recogniser, evaluation, recognition
from reading.evaluation import Sample
from training import graph as training_graph

NUM_EXAMPLES = 16   # words in the picture of a validation


class TrainingLoop:
    """The steps of a training session, with their reports, validations and checkpoints."""

    def __init__(self, session, graph, cluster, provider, run, report, stop, settings, architecture):
        self._session, self._graph, self._cluster, self._provider = session, graph, cluster, provider
        self._settings = settings
        engine = recognition.SessionEngine(session, graph.validation, architecture, 'the training')
        self._recogniser = Recogniser(engine, provider.codec, ReadingSettings(
            batch_size=settings.val_batch_size, min_confidence=0.0))   # one view
        self._run, self._report, self._stop = run, report, stop
        self._bad_steps = 0
        has_validation = provider.has(record_files.VALIDATION)
        self._num_validation = provider.num_samples(record_files.VALIDATION) if has_validation else 0

    def run(self, step, last_step, validate_first=False):
        """Train from a step to the last, or until a worker wishes to stop; return the step that was reached.

        Args:
            validate_first: whether the validation of the step at the start is still to be done.
        """
        first_step, stopping = step + 1, False
        if validate_first:
            self._validate(step)
        while step < last_step and not stopping:
            step += 1
            is_display = step % self._settings.display_step == 0 or step == last_step
            values = self._train(is_display)
            self._check(values, step)
            if step == first_step:
                self._report.report_first_step(self._settings.display_step)
            if is_display:
                distance, accuracy = self._batch_accuracy(values)
                self._report.display(step, distance, accuracy, values[0].train)
            if step % self._settings.checkpoint_step == 0 or step == last_step:
                self._run.save(self._session, step)
            if is_validation_step(step, last_step, self._settings) and self._num_validation:
                self._validate(step)
            stopping = values[0].wishes > 0 or (self._cluster.num_workers == 1 and self._stop.requested)
        self._run.save(self._session, step)
        self._wait_for_all_workers()   # or the chief would take one that ends while it saves for lost
        self._cluster.stop_watching()
        if stopping:
            log_utils.init_logger().info('stopped by %s at step %d; the checkpoint is saved',
                                         self._stop.requested or 'another worker', step)
        return step

    def _train(self, is_display):
        """Run one step; return the ReplicaStep of each replica of this worker."""
        fetches = {'waiting': self._graph.waiting, 'steps': [
            step if is_display else step._replace(reading=()) for step in self._graph.steps]}
        started = time.perf_counter()
        values = self._session.run(fetches, {self._graph.wish: float(self._stop.requested is not None)})
        self._report.count_step(values['steps'], seconds=time.perf_counter() - started, waiting=values['waiting'])
        return values['steps']

    def _check(self, values, step):
        """Raise InputError where the labels are of another alphabet, or too many steps in a row had nothing usable."""
        if any(any_foreign(replica.batch.labels.values, self._provider.codec) for replica in values):
            explain_bad_records(self._provider, 'a label has a class index that is not in the alphabet')
        self._bad_steps = 0 if values[0].train.is_applied else self._bad_steps + 1
        if self._bad_steps >= self._settings.max_bad_steps:
            names = ', '.join(names_of_bad(replica.batch, replica.train) for replica in values)
            raise InputError(f'{self._bad_steps} steps in a row had no usable label or no finite loss and gradient, the last at '
                             f'step {step}, with the samples {names}; they changed no weight')

    def _batch_accuracy(self, values):
        """Return (mean edit distance relative to the label's length, fraction of words read right) of all usable samples."""
        distances = [distance for replica in values for distance in relative_distances(self._provider.codec, replica)]
        count, total, correct = self._summed([len(distances), sum(distances), distances.count(0)])
        return (total / count, correct / count) if count else (math.nan, math.nan)

    def _validate(self, step):
        """Read the validation samples, each worker its part; report, and keep the best weights. A signal breaks it off."""
        numbers = range(0, self._num_validation, -(-self._num_validation // self._settings.max_validation))
        numbers = numbers[self._cluster.worker::self._cluster.num_workers]
        features = itertools.takewhile(lambda _: not self._stop.requested,
                                       self._provider.samples(record_files.VALIDATION, numbers))
        samples = (Sample(feature.image, self._provider.codec.decode(feature.label)) for feature in features)
        with progress.Progress(len(numbers), 'validation image') as shown:
            validation = evaluation.evaluate(self._recogniser, shown.over(samples), NUM_EXAMPLES)
        *totals, interrupted = self._summed([*validation.exact.totals(), self._stop.requested is not None])
        if interrupted:
            return
        results = metrics.TextMetrics(*totals).results()
        self._report.validation(step, results, validation.examples)
        self._run.save_validation(self._session, step, results)

    def _wait_for_all_workers(self):
        """Return once every worker has come here."""
        self._summed([0.0])

    def _summed(self, figures):
        """Return the sums of this worker's figures and those of the others, list of float."""
        return figures if self._cluster.num_workers == 1 else training_graph.summed(self._session, self._graph, figures)


def is_validation_step(step, last_step, settings):
    """Whether the validation records are read after a step."""
    return step % settings.validation_step == 0 or step == last_step


def any_foreign(indices, codec):
    """Whether a class index is none of a character's."""
    return len(indices) > 0 and (indices.min() < 0 or indices.max() >= codec.blank)


def names_of_bad(batch_values, train_values):
    """Return the names of the samples whose loss is not finite, or of the whole batch where each is, as text."""
    names = [name.decode('utf-8', 'replace') for name in batch_values.imagenames]
    bad = [name for name, loss in zip(names, train_values.losses, strict=True) if not np.isfinite(loss)]
    return ', '.join(bad or names)


def relative_distances(codec, replica_values):
    """Return the edit distance relative to the label's length of each usable sample of a ReplicaStep's values."""
    usable = replica_values.train.usable
    truths = recognition.texts_of(codec, recognition.dense_labels(replica_values.batch.labels)[usable])
    texts = recognition.texts_of(codec, replica_values.reading.labels[usable])
    return [metrics.edit_distance(truth, text) / max(len(truth), 1) for truth, text in zip(truths, texts, strict=True)]


def explain_bad_records(provider, what_is_wrong: str) -> None:
    """Raise the InputError that names the training record at fault, or, if none can be found, says what is wrong."""
    find_bad_records(provider)
    raise InputError(f'{provider.dataset_dir}: {what_is_wrong}')


def find_bad_records(provider) -> None:
    """Read all training records; raises InputError at the first that is damaged or of another alphabet."""
    for _ in provider.samples(record_files.TRAIN):
        pass
