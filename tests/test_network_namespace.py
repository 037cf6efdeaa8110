"""Tests of local_utils.network_namespace and of the cluster that tools.start_local_cluster starts in one."""
import os
import socket
import subprocess
import sys

import pytest

from local_utils import network_namespace
from tools import start_local_cluster

SERVER = """
import socket, sys
with socket.create_server(('0.0.0.0', 0)) as server:
    print(server.getsockname()[1], flush=True)
    sys.stdin.read()
"""


def can_connect(host, port):
    try:
        socket.create_connection((host, port), timeout=5).close()
    except OSError:
        return False
    return True


def own_addresses():
    """Return the addresses of this machine, one that others would use among them where it has a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            any_socket.connect(('192.0.2.1', 9))   # sends nothing
            return ['127.0.0.1', any_socket.getsockname()[0]]
        except OSError:
            return ['127.0.0.1']


@pytest.fixture
def joining():
    """Return what stands before a command that runs in a namespace."""
    with network_namespace.held() as (before, why_none):
        if why_none:
            pytest.skip(f'the system allows no network namespace: {why_none}')
        yield before


@pytest.mark.parametrize('is_inside', [True, False])
def test_a_server_in_a_namespace_is_reached_from_inside_alone(joining, is_inside):
    before = joining if is_inside else []
    with subprocess.Popen([*before, sys.executable, '-c', SERVER], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as server:
        port = int(server.stdout.readline())
        assert [can_connect(host, port) for host in own_addresses()] == [not is_inside] * len(own_addresses())
        ask = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
        status = subprocess.run([*before, sys.executable, '-c', ask], check=False).returncode
        assert status == 0
        server.stdin.close()


def test_a_process_in_a_namespace_is_the_same_user(joining):
    command = [*joining, sys.executable, '-c', 'import os; print(os.getuid(), os.getgid())']
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert output.split() == [str(os.getuid()), str(os.getgid())]


@pytest.mark.parametrize(('statuses', 'expected'), [
    ((0, 0), 0), ((2, 2), 2), ((0, 2), 2), ((1, 2), 1), ((0, 1), 1)])
def test_the_status_of_a_cluster_tells_a_refused_flag_from_other_failures(monkeypatch, statuses, expected):
    tasks = {f'worker {number}': [sys.executable, '-c', f'raise SystemExit({status})']
             for number, status in enumerate(statuses)}
    monkeypatch.setattr(start_local_cluster, 'start_tasks', lambda *_: {
        name: subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for name, command in tasks.items()})
    assert start_local_cluster.start_local_cluster(2, []) == expected


def test_where_there_is_no_namespace_a_warning_says_who_reaches_the_tasks(monkeypatch, capfd):
    monkeypatch.setattr(network_namespace, '__file__', os.devnull)   # a script that says nothing
    monkeypatch.setattr(start_local_cluster, 'start_tasks', lambda *_: {})
    assert start_local_cluster.start_local_cluster(1, []) == 0
    assert 'no network namespace (the process that would hold it ended): ' in capfd.readouterr().err
