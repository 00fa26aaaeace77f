"""A server that greets a hundred clients and dies."""

import os
import socket
import sys

listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for _ in range(100):
    conn, _ = listener.accept()
    conn.sendall(b"Hello from %d\n" % os.getpid())
    conn.close()
sys.exit(sys.stderr.write("so long\n") and 3)
