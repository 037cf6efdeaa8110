"""Processes that nothing outside of this machine's own loopback reaches: Linux's network namespaces.

A namespace has a loopback of its own and no other network. It lives as long as a process holds it. Others
join it and then become the program that is to run there:

    python local_utils/network_namespace.py hold
    python local_utils/network_namespace.py join PID COMMAND ...
"""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys

NEW_USER, NEW_NET = 0x10000000, 0x40000000   # of unshare and setns, from linux/sched.h
SET_FLAGS, UP = 0x8914, 0x1                  # of an interface, from linux/sockios.h and linux/if.h
READY = 'ready'


@contextlib.contextmanager
def held():
    """Yield (what stands before a command that is to run in a new namespace, why there is none).

    One of the two is empty: the list, where the system allows no namespace, else the text.
    """
    command = [sys.executable, os.path.abspath(__file__)]
    with subprocess.Popen([*command, 'hold'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          start_new_session=True) as holder:   # whom Ctrl-C does not reach
        answer = holder.stdout.readline().strip()
        if answer == READY:
            yield [*command, 'join', str(holder.pid)], ''
        else:
            yield [], answer or 'the process that would hold it ended'
        holder.stdin.close()   # at which it ends


def hold() -> None:
    """Make a namespace, tell the outcome in a line, and keep it until standard input ends."""
    try:
        make()
        print(READY, flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
    sys.stdin.read()


def make() -> None:
    """Move this process, of one thread, into a namespace of its own; raises OSError where it may not."""
    user, group = os.getuid(), os.getgid()
    try:
        _call('unshare', NEW_NET)
    except OSError:   # without the right to it one needs a namespace of users, in which one has all rights
        _call('unshare', NEW_USER | NEW_NET)
        for name, content in (('setgroups', 'deny'), ('uid_map', f'{user} {user} 1'),
                              ('gid_map', f'{group} {group} 1')):
            with open(f'/proc/self/{name}', 'w', encoding='ascii') as file:
                file.write(content)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack('16sh22x', b'lo', UP))


def join(pid: int, command: list[str]) -> None:
    """Become a command in the namespace that another process holds; raises OSError where that fails."""
    folders = [f'/proc/{pid}/ns/user', f'/proc/{pid}/ns/net']
    for path, kind in zip(folders, (NEW_USER, NEW_NET), strict=True):
        if os.readlink(path) != os.readlink(path.replace(str(pid), 'self')):
            with open(path, 'rb') as file:
                _call('setns', file.fileno(), kind)
    os.execvp(command[0], command)


def _call(name, *arguments):
    """Call a function of the C library that returns 0, or else sets errno."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, name):
        raise OSError(0, f'the system has no {name}')
    if getattr(library, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == '__main__':
    if sys.argv[1] == 'hold':
        hold()
    else:
        join(int(sys.argv[2]), sys.argv[3:])
