"""The place of this process in a cluster, as TF_CONFIG tells it."""
import ipaddress
import json
import re
from typing import NamedTuple

from local_utils.errors import InputError

CHIEF_TYPES = ('master', 'chief')          # the platform's name, TensorFlow's name
IDLE_TYPES = ('ps', 'evaluator')           # tasks that all-reduce training has nothing to do for
JOB = 'worker'                             # all tasks are of one job to TensorFlow, the chief its first
MAX_PORT = 65535
FORM = '{"cluster": {"master": ["host:port"], "worker": [...]}, "task": {"type": ..., "index": ...}}'


class Task(NamedTuple):
    """A task of a cluster; those that train are numbered, the chief 0."""

    type: str              # as TF_CONFIG has it
    index: int             # as TF_CONFIG has it
    number: int | None     # None where this task does not train
    names: list[str]       # of those that train, such as 'worker 1', in the order of their numbers
    addresses: list[str]   # of those that train, host:port


def task_of(text: str | None) -> Task | None:
    """Return the Task that the text of TF_CONFIG gives this process, or None where it is empty.

    The chief is the task `master` or `chief`, or else the first worker.

    Raises:
        InputError: it is not of the form that TensorFlow and the platform write; says what was expected.
    """
    if not text:
        return None
    jobs, type_, index = _parsed(text)
    if not 0 <= index < len(jobs.get(type_, ())) and type_ not in IDLE_TYPES:
        raise InputError(f'TF_CONFIG: the task is {type_} {index}, but the cluster has '
                         f'{len(jobs.get(type_, ()))} of {type_}')
    tasks = {f'{job} {number}': address for job in (*CHIEF_TYPES, JOB)
             for number, address in enumerate(jobs.get(job, ()))}
    names, addresses = list(tasks), list(tasks.values())
    _check_addresses(addresses)
    number = names.index(f'{type_} {index}') if f'{type_} {index}' in names else None
    if number is None and type_ not in IDLE_TYPES:
        raise InputError('TF_CONFIG: expected a task of the type master, chief, worker, ps or evaluator, '
                         f'got {type_!r}')
    return Task(type_, index, number, names, addresses)


def _parsed(text):
    """Return (dict of job → addresses, the task's type, its index) of the text of TF_CONFIG."""
    try:
        value = json.loads(text)
        cluster, task = value['cluster'], value['task']
        jobs = {str(job): [str(address) for address in addresses] for job, addresses in cluster.items()}
        return jobs, str(task['type']), int(task['index'])
    except (ValueError, TypeError, KeyError, AttributeError,
            RecursionError, OverflowError) as error:   # the last two: nested too deep, 1e400
        raise InputError(f'TF_CONFIG: expected {FORM}, got {text[:200]!r} '
                         f'({type(error).__name__}: {error})') from error


def _check_addresses(addresses):
    for address in addresses:
        host, _, port = address.rpartition(':')
        if not host or not re.fullmatch('[0-9]{1,5}', port) or not 0 < int(port) <= MAX_PORT:
            raise InputError(f'TF_CONFIG: expected addresses like host:2222, got {address!r}')
    if len(set(addresses)) < len(addresses):
        raise InputError('TF_CONFIG: expected an address of its own for each task, '
                         f'got {", ".join(addresses)}')


def is_loopback(address: str) -> bool:
    """Whether an address, host:port, is one that only this machine knows."""
    host = address.rpartition(':')[0].strip('[]')
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:   # a name
        return host == 'localhost'
