"""The loop of a training session: fetch, check, report, validate, save."""
import itertools
import math
import time

import numpy as np
import tensorflow.compat.v1 as tf

from crnnmodel.architecture import Architecture
from data_provider.batches import Batch
from local_utils import log_utils, metrics, progress, record_files
from local_utils.char_codec import CharacterCodec
from local_utils.errors import InputError
from local_utils.stop_signals import StopSignals
from reading import ReadingSettings, Recogniser, evaluation, recognition
from reading.evaluation import Sample
from training.cluster import Cluster
from training.graph import ReplicaStep, TrainingGraph, summed
from training.report import TrainingReport
from training.run_folder import RunFolder
from training.settings import TrainingSettings
from training.step import Step

NUM_EXAMPLES = 16   # words in the picture of a validation


class TrainingLoop:
    """The steps of a training session, with their reports, validations and checkpoints."""

    def __init__(self, session: tf.Session, graph: TrainingGraph, cluster: Cluster, provider, run: RunFolder,
                 report: TrainingReport, stop: StopSignals, settings: TrainingSettings,
                 architecture: Architecture):
        self._session, self._graph, self._cluster, self._provider = session, graph, cluster, provider
        self._settings = settings
        engine = recognition.SessionEngine(session, graph.validation, architecture, 'the training')
        self._recogniser = Recogniser(engine, provider.codec, ReadingSettings(
            batch_size=settings.val_batch_size, min_confidence=0.0))   # one view
        self._run, self._report, self._stop = run, report, stop
        self._bad_steps = 0
        has_validation = provider.has(record_files.VALIDATION)
        self._num_validation = provider.num_samples(record_files.VALIDATION) if has_validation else 0

    def run(self, step: int, last_step: int, validate_first: bool = False) -> int:
        """Train from a step to the last, or until a worker wishes to stop; return the step that was reached.

        Args:
            step: the steps done so far.
            last_step: to end after.
            validate_first: whether the validation of the step at the start is still to be done.
        """
        first_step, is_stopping, settings = step + 1, False, self._settings
        if validate_first:
            self._validate(step)
        while step < last_step and not is_stopping:
            step += 1
            is_display = step % settings.display_step == 0 or step == last_step
            values = self._train(is_display)
            self._check(values, step)
            if step == first_step:
                self._report.report_first_step(settings.display_step)
            if is_display:
                self._display(step, values)
                self._run.check_is_there()
            if step % settings.checkpoint_step == 0 or step == last_step:
                self._run.save(self._session, step)
            if self._num_validation and is_validation_step(step, last_step, settings):
                self._validate(step)
            is_stopping = values[0].wishes > 0 or (self._cluster.num_workers == 1 and self._stop.requested)
        self._run.save(self._session, step)
        self._wait_for_all_workers()   # or the chief would take one that ends while it saves for lost
        self._cluster.stop_watching()
        if is_stopping:
            log_utils.init_logger().info('stopped by %s at step %d; the checkpoint is saved',
                                         self._stop.requested or 'another worker', step)
        return step

    def _train(self, is_display):
        """Run one step; return the ReplicaStep of each replica of this worker."""
        fetches = {'waiting': self._graph.waiting, 'steps': [
            step if is_display else step._replace(reading=()) for step in self._graph.steps]}
        started = time.perf_counter()
        values = self._session.run(fetches, {self._graph.wish: float(self._stop.requested is not None)})
        self._report.count_step(values['steps'], seconds=time.perf_counter() - started,
                                waiting=values['waiting'])
        return values['steps']

    def _check(self, values, step):
        """Raise InputError for labels of another alphabet, or for too many steps in a row without use."""
        if any(any_foreign(replica.batch.labels.values, self._provider.codec) for replica in values):
            explain_bad_records(self._provider, 'a label has a class index that is not in the alphabet')
        self._bad_steps = 0 if values[0].train.is_applied else self._bad_steps + 1
        if self._bad_steps >= self._settings.max_bad_steps:
            names = ', '.join(names_of_bad(replica.batch, replica.train) for replica in values)
            raise InputError(f'{self._bad_steps} steps in a row had no usable label or no finite loss and '
                             f'gradient, the last at step {step}, with the samples {names}; they changed no '
                             'weight')

    def _display(self, step, values):
        """Report a display step: how far its batch, of all workers, was read right, and the rest."""
        distances = [distance for replica in values
                     for distance in relative_distances(self._provider.codec, replica)]
        count, total, correct = self._summed([len(distances), sum(distances), distances.count(0)])
        count = count or math.nan   # where no sample was usable
        self._report.display(step, total / count, correct / count, values[0].train)

    def _validate(self, step):
        """Read the validation samples, each worker its part; keep the best weights. A signal ends it."""
        numbers = range(0, self._num_validation, -(-self._num_validation // self._settings.max_validation))
        numbers = numbers[self._cluster.worker::self._cluster.num_workers]
        features = itertools.takewhile(lambda _: not self._stop.requested,
                                       self._provider.samples(record_files.VALIDATION, numbers))
        samples = (Sample(feature.image, self._provider.codec.text_of(feature.label)) for feature in features)
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
        return figures if self._cluster.num_workers == 1 else summed(self._session, self._graph, figures)


def is_validation_step(step: int, last_step: int, settings: TrainingSettings) -> bool:
    """Whether the validation records are read after a step."""
    return step % settings.validation_step == 0 or step == last_step


def any_foreign(indices: np.ndarray, codec: CharacterCodec) -> bool:
    """Whether a class index is none of a character's."""
    return len(indices) > 0 and (indices.min() < 0 or indices.max() >= codec.blank)


def names_of_bad(batch_values: Batch, train_values: Step) -> str:
    """Return the names of the samples whose loss is not finite, or of the whole batch where each is."""
    names = [name.decode('utf-8', 'replace') for name in batch_values.imagenames]
    bad = [name for name, loss in zip(names, train_values.losses, strict=True) if not np.isfinite(loss)]
    return ', '.join(bad or names)


def relative_distances(codec: CharacterCodec, replica_values: ReplicaStep) -> list[float]:
    """Return the edit distance relative to the label's length of each usable sample of a replica."""
    usable = replica_values.train.usable
    truths = recognition.texts_of(codec, recognition.dense_labels(replica_values.batch.labels)[usable])
    texts = recognition.texts_of(codec, replica_values.reading.labels[usable])
    return [metrics.edit_distance(truth, text) / max(len(truth), 1)
            for truth, text in zip(truths, texts, strict=True)]


def explain_bad_records(provider, what_is_wrong: str) -> None:
    """Raise the InputError that names the record at fault, or, if there is none, says what is wrong."""
    find_bad_records(provider)
    raise InputError(f'{provider.dataset_dir}: {what_is_wrong}')


def find_bad_records(provider) -> None:
    """Read all training records; raises InputError at the first that is damaged or of another alphabet."""
    for _ in provider.samples(record_files.TRAIN):
        pass
