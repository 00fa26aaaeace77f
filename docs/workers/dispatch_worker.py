"""A worker for dispatch: prefork -s dispatch -- python3 dispatch_worker.py"""

import os
import select
import signal
import socket
import sys

INHERITED_FD = 3
FULL_QUEUE = 4096  # far more than --window


def main():
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        sys.exit("dispatch_worker.py: no socket; start me with: prefork -s dispatch -- python3 dispatch_worker.py")
    master = socket.socket(fileno=INHERITED_FD)
    # While one worker replaces another, both read from the same socket.
    master.setblocking(False)
    stopped = stop_signal()
    notify(b"READY=1")
    while True:
        readable, _, _ = select.select([master, stopped], [], [])
        if stopped in readable:
            break
        if conn := receive(master):
            serve(conn)
    drain(master)


def serve(conn):
    with conn:
        try:
            conn.sendall(b"Hello from %d\n" % os.getpid())
        except OSError:
            pass  # the client has gone; the worker need not


def receive(master):
    """The next connection, or None. Each message has one, and a byte, without
    which it could not be told from the end."""
    try:
        message, fds, _, _ = socket.recv_fds(master, 1, 1)
    except BlockingIOError:
        return None
    if not message:
        sys.exit()  # the master is gone, and nobody else passes anything on
    return socket.socket(fileno=fds[0])


def drain(master):
    """Serve what was passed here, for nobody else may be left to. With a bound:
    after a reload a successor takes the rest."""
    for _ in range(FULL_QUEUE):
        conn = receive(master)
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
