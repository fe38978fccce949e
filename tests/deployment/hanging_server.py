"""Runs in a container: responds to /health/live at once, and to everything else after SECONDS."""

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS = float(os.environ["SECONDS"])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path != "/health/live":
            time.sleep(SECONDS)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")


ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
