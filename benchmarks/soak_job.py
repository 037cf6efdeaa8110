"""A part of soak.py: one start of the cluster with what its tasks say, and the checkpoints that it leaves."""
import collections
import glob
import os
import re
import signal
import subprocess
import threading
import time

from crnnmodel import checkpoint_files, tensor_bundle
from tools import start_local_cluster

STEP_LINE = re.compile(r' step (\d+)/\d+ loss (\S+)')
RESUME_LINE = re.compile(r' going on from (\S+)')

Step = collections.namedtuple('Step', [
    'seconds',  # when its line came, of time.monotonic()
    'number',
    'loss',
])


class Job:
    """The processes of one start; `steps` and `resumed_step` grow with what they say."""

    def __init__(self, num_workers, training_flags):
        """Start the processes and listen to them."""
        self.steps = []               # list of Step
        self.resumed_step = None      # that a task said to go on from
        self.tracebacks = 0
        self._tasks = start_local_cluster.start_tasks(
            num_workers, start_local_cluster.training_command(training_flags))
        self.names = list(self._tasks)
        self._threads = [threading.Thread(target=self._listen, args=(process.stderr,))
                         for process in self._tasks.values()]
        for thread in self._threads:
            thread.start()

    def _listen(self, stream):
        for line in stream:
            step, resumed = STEP_LINE.search(line), RESUME_LINE.search(line)
            if step:
                self.steps.append(Step(time.monotonic(), int(step[1]), float(step[2])))
            if resumed:
                self.resumed_step = checkpoint_files.step_of(resumed[1])
            self.tracebacks += line.startswith('Traceback')

    def is_whole(self):
        """Whether all processes run."""
        return all(process.poll() is None for process in self._tasks.values())

    def send(self, name, number):
        """Send a signal to a task."""
        self._tasks[name].send_signal(number)

    def wait(self, seconds):
        """Wait for all tasks to end; return the names of those that had to be killed after these seconds."""
        deadline = time.monotonic() + seconds
        hung = []
        for name, process in self._tasks.items():
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                hung.append(name)
                process.send_signal(signal.SIGKILL)
                process.wait()
        for thread in self._threads:
            thread.join()
        return hung


class CheckpointFolder:
    """Looks at the output folder of a training: its checkpoints, its size."""

    def __init__(self, path):
        """Name the folder."""
        self.path = path
        self.most_checkpoints = self.most_bytes = 0
        self.unreadable = set()       # steps of checkpoints

    def half_written(self):
        """Return the paths of a checkpoint that is being written, or that a killed writing left, as a set."""
        return checkpoint_files.half_written(self.path)

    def measure(self):
        """Note how much is in the folder."""
        self.most_checkpoints = max(self.most_checkpoints, len(checkpoint_files.checkpoints_in(self.path)))
        paths = glob.glob(os.path.join(glob.escape(self.path), '**'), recursive=True)
        self.most_bytes = max(self.most_bytes, sum(map(size_of, paths)))

    def newest_readable_step(self):
        """Read every checkpoint; return the newest step of those that can be read, 0 where there is none."""
        steps = [0]
        for prefix in checkpoint_files.checkpoints_in(self.path):
            try:
                steps.append(int(tensor_bundle.load_tensors(prefix, with_optimizer=True)['global_step']))
            except tensor_bundle.DamagedCheckpoint:
                self.unreadable.add(checkpoint_files.step_of(prefix))
        return max(steps)


def size_of(path):
    """Return the bytes of a file; 0 for one that is gone meanwhile, and for a folder."""
    try:
        return os.path.getsize(path) if os.path.isfile(path) else 0
    except OSError:
        return 0
