"""A worker for shared and reuseport: prefork -- python3 worker.py"""

import os
import select
import signal
import socket
import sys

INHERITED_FD = 3
FULL_QUEUE = 4096  # prefork's default backlog, and the kernel's default limit


def main():
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        sys.exit("worker.py: no listening socket; start me with: prefork -- python3 worker.py")
    listener = socket.socket(fileno=INHERITED_FD)
    # Another worker may take the connection that woke this one; accept must not
    # wait for the next then. The flag belongs to all who share the socket.
    listener.setblocking(False)
    stopped = stop_signal()
    notify(b"READY=1")
    while True:
        readable, _, _ = select.select([listener, stopped], [], [])
        if stopped in readable:
            break
        if conn := accept(listener):
            serve(conn)
    drain(listener)


def serve(conn):
    with conn:
        try:
            conn.sendall(b"Hello from %d\n" % os.getpid())
        except OSError:
            pass  # the client has gone; the worker need not


def accept(listener):
    try:
        return listener.accept()[0]
    except (BlockingIOError, ConnectionAbortedError):
        return None


def drain(listener):
    """Serve what is queued, for nobody else may be left to. A full queue at most:
    under load it never empties, and after a reload a successor takes the rest."""
    for _ in range(FULL_QUEUE):
        conn = accept(listener)
        if conn is None:
            return
        serve(conn)


def stop_signal():
    """A socket that becomes readable on SIGTERM. A handler that sets a variable
    is not enough: select would sleep on if the signal came just before it."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    signal.set_wakeup_fd(writer.detach())
    signal.signal(signal.SIGTERM, lambda *_: None)
    return reader


def notify(state):
    """sd_notify(3)"""
    name = os.environ.get("NOTIFY_SOCKET")
    if not name:
        return
    if name.startswith("@"):  # an abstract name, which has a zero byte there
        name = "\0" + name[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifications:
        notifications.sendto(state, name)


main()
