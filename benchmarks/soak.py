#!/usr/bin/env python3
"""Train on a small cluster of this machine; its processes are killed at random, it is started again.

    python benchmarks/soak.py --minutes 60 --dataset_dir records --output_dir runs/soak --set
    TRAIN.BATCH_SIZE=16

SIGKILL or SIGTERM goes to a random task; some of the SIGKILLs to the chief while it writes a checkpoint.
Prints one JSON object, last: what each kill cost, and what was found wrong; the exit status is 1 where
something was. The output folder has to be new.
"""
import collections
import copy
import json
import pathlib
import random
import signal
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from local_utils import tensorflow_import

tensorflow_import.import_tensorflow()

import paired
import soak_job

from global_configuration.config import cfg, override
from local_utils import log_utils

END_SECONDS = 150        # that a job may take to end after one of its tasks did
WRITING_SECONDS = 120    # that a checkpoint is waited for
POLL_SECONDS = 0.02
LOSS_PARTS = 6           # of the run, whose mean losses are told

Kill = collections.namedtuple('Kill', [
    'signal',       # its name
    'task',
    'in_writing',   # whether a checkpoint was being written
    'seconds',      # when, of time.monotonic()
    'end_seconds',  # that the job took to end
    'reached',      # the last step that was done
    'saved',        # the step of the newest checkpoint that can be read afterwards
    'is_end',       # whether the time of the soak was over, so that the run did not go on from it
], defaults=[None, None, None, False])


def parse_args(argv=None):
    """Return the parsed command line."""
    parser = paired.argument_parser(__doc__)
    parser.add_argument('--minutes', type=float, default=60)
    parser.add_argument('--dataset_dir', required=True, help='records')
    parser.add_argument('--output_dir', required=True)
    parser.add_argument('--weights_path',
                        help="that the first job starts from, such as 'bundled' (default: new weights)")
    parser.add_argument('--num_workers', type=int, default=2)
    parser.add_argument('--mean_seconds', type=float, default=60, help='from a start to the kill')
    parser.add_argument('--writing_fraction', type=float, default=0.25,
                        help='of the kills, those in the writing of a checkpoint')
    parser.add_argument('--checkpoint_step', type=int, default=20)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--set', nargs='+', default=[], metavar='KEY=VALUE', dest='assignments')
    return parser.parse_args(argv)


class Soak:
    """The jobs one after the other, and what was seen of them."""

    def __init__(self, args):
        """Prepare the first start."""
        self._args = args
        self._random = random.Random(args.seed)
        self.folder = soak_job.CheckpointFolder(args.output_dir)
        self.kills, self.steps, self.wrong = [], [], []
        self.starts = 0
        self._saved = 0               # the step that the next job has to go on from
        weights = ['--weights_path', args.weights_path] if args.weights_path else []
        self._flags = [
            '--dataset_dir', args.dataset_dir, '--output_dir', args.output_dir, *weights, '--set',
            'TRAIN.DISPLAY_STEP=1', f'TRAIN.CHECKPOINT_STEP={args.checkpoint_step}', 'TRAIN.STEPS=1000000',
            'TRAIN.CLUSTER_WAIT=60', *args.assignments]

    def run(self):
        """Start, kill and start again until the time is over; a job that is there then ends by SIGTERM."""
        self._ends = time.monotonic() + 60 * self._args.minutes
        while time.monotonic() < self._ends:
            left = self.folder.half_written()
            job = soak_job.Job(self._args.num_workers, self._flags)
            self.starts += 1
            try:
                self._kill_one(job, left)
            except BaseException:   # Ctrl-C: leave no task behind
                job.wait(0)
                raise
            for name in job.wait(END_SECONDS):
                self._complain(f'{name} did not end within {END_SECONDS} seconds')
            self._look_at(job)

    def _kill_one(self, job, left):
        """Kill a task of a job at a random time, and note it; where a task ends by itself, complain.

        Args:
            job: Job.
            left: paths that the job before left half written.
        """
        until = time.monotonic() + self._random.uniform(0, 2 * self._args.mean_seconds)
        in_writing = self._random.random() < self._args.writing_fraction
        number = signal.SIGKILL if in_writing else self._random.choice([signal.SIGKILL, signal.SIGTERM])
        task = job.names[0] if in_writing else self._random.choice(job.names)
        self._watch(job, min(until, self._ends))
        is_end = time.monotonic() >= self._ends
        if is_end:
            number, in_writing = signal.SIGTERM, False
        if in_writing:
            in_writing = self._watch(
                job, time.monotonic() + WRITING_SECONDS, lambda: self.folder.half_written() - left)
        if not job.is_whole():
            self._complain('a task ended without having been killed')
        job.send(task, number)
        self.kills.append(Kill(number.name, task, in_writing, time.monotonic(), is_end=is_end))

    def _watch(self, job, until, is_time=lambda: False):
        """Wait until a time, an event, or the end of a task; return whether it was the event."""
        measured = 0
        while time.monotonic() < until and job.is_whole():
            if is_time():
                return True
            if time.monotonic() - measured > 0.5:
                self.folder.measure()
                measured = time.monotonic()
            time.sleep(POLL_SECONDS)
        return False

    def _look_at(self, job):
        """Complete the note of the last kill, and check what the job did and left."""
        kill = self.kills[-1]
        end_seconds = time.monotonic() - kill.seconds
        reached = job.steps[-1].number if job.steps else self._saved
        before, self._saved = self._saved, self.folder.newest_readable_step()
        self.folder.measure()
        self.steps += job.steps
        self.kills[-1] = kill = kill._replace(end_seconds=end_seconds, reached=reached, saved=self._saved)
        if job.resumed_step not in (None, before):
            self._complain(f'went on from step {job.resumed_step}, not from {before}')
        step = self._args.checkpoint_step
        if self._saved < max(before, (reached - 1) // step * step):
            self._complain(f'at step {reached} the newest readable checkpoint was of step {self._saved}')
        if job.tracebacks:
            self._complain(f'{job.tracebacks} tracebacks')
        log_utils.init_logger().info('start %d: %s', self.starts, kill)

    def _complain(self, text):
        self.wrong.append(f'start {self.starts}: {text}')
        log_utils.init_logger().error(self.wrong[-1])


def losses_of_parts(steps):
    """Return the mean losses of equal parts of the run, by step; of a step done again the last counts."""
    losses = [loss for _, loss in sorted({step.number: step.loss for step in steps}.items())]
    size = max(len(losses) // LOSS_PARTS, 1)
    parts = [losses[start:start + size] for start in range(0, size * LOSS_PARTS, size)]
    return [round(statistics.mean(part), 4) for part in parts if part]


def largest_difference_of_redone_steps(steps):
    """Compare the losses of steps that were done again with those of the first time.

    Returns:
        (number of such steps, the largest relative difference)
    """
    first, differences = {}, []
    for step in steps:
        if step.number in first:
            differences.append(abs(step.loss - first[step.number]) / max(abs(first[step.number]), 1e-6))
        first.setdefault(step.number, step.loss)
    return len(differences), max(differences, default=0.0)


def seconds_lost(kill, steps):
    """Return the seconds from a kill until the run was further than before it, None where it never was."""
    return next((step.seconds - kill.seconds for step in steps
                 if step.seconds > kill.seconds and step.number > kill.reached), None)


def results(soak, batch_size):
    """Return the figures of a soak, as a dict."""
    kills = [kill for kill in soak.kills if not kill.is_end]
    lost = [kill.reached - kill.saved for kill in kills] or [0]
    times = [seconds for kill in kills if (seconds := seconds_lost(kill, soak.steps)) is not None] or [0]
    ends = [kill.end_seconds for kill in kills or soak.kills]
    losses = losses_of_parts(soak.steps)
    if len(losses) > 1 and losses[-1] >= losses[0]:
        soak.wrong.append('the loss did not fall')
    redone, difference = largest_difference_of_redone_steps(soak.steps)
    final_step = soak.kills[-1].saved
    return {
        'kills': collections.Counter(kill.signal for kill in kills),
        'kills_in_writing': sum(kill.in_writing for kill in kills), 'restarts': soak.starts - 1,
        'steps_lost': {
            'of_sigkill': [kill.reached - kill.saved for kill in kills if kill.signal == 'SIGKILL'],
            'median': statistics.median(lost), 'max': max(lost), 'sum': sum(lost)},
        'seconds_until_further': {'median': round(statistics.median(times), 1), 'max': round(max(times), 1)},
        'seconds_until_ended': {'median': round(statistics.median(ends), 1), 'max': round(max(ends), 1)},
        'losses_of_parts': losses, 'first_loss': soak.steps[0].loss if soak.steps else None,
        'last_loss': soak.steps[-1].loss if soak.steps else None,
        'steps_done_again': redone, 'largest_difference_of_their_losses': round(difference, 6),
        'final_step': final_step, 'samples': final_step * batch_size,
        'most_checkpoints': soak.folder.most_checkpoints, 'most_bytes': soak.folder.most_bytes,
        'unreadable_checkpoints': sorted(soak.folder.unreadable), 'wrong': soak.wrong}


def main(argv=None):
    """Soak and print; returns the exit status."""
    args = parse_args(argv)
    if soak_job.CheckpointFolder(args.output_dir).newest_readable_step():
        raise SystemExit(f'{args.output_dir}: expected a new folder, it holds a run')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # also then
    soak = Soak(args)
    soak.run()
    figures = results(soak, batch_size_of(args.assignments))
    print(json.dumps({'machine': paired.machine(), **vars(args), **figures}, indent=2))
    return 1 if soak.wrong else 0


def batch_size_of(assignments):
    """Return the batch size that the assignments mean."""
    config = copy.deepcopy(cfg)
    override(config, assignments)
    return config.TRAIN.BATCH_SIZE


if __name__ == '__main__':
    sys.exit(main())
