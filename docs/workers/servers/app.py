# A WSGI application, for gunicorn.
import os


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello from %d\n" % os.getpid()]
