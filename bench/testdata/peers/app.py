"""What gunicorn serves."""

import os


def app(environ, start_response):
    body = b"Hello from %d\n" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
