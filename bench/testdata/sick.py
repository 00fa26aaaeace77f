"""A web server that answers everything with 500: python3 sick.py PORT"""

import http.server
import sys


class Sick(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(500, "Oh")

    def log_message(self, *args):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Sick).serve_forever()
