"""`python -m rentomatic.server.probe [PATH]`: exit with 0 if the server on this machine responds with 200.

For containers, which have no curl; their health check is `watchdog`. Imports little, because it runs every
few seconds.
"""

import http.client
import os
import sys

_TIMEOUT = 2.0


def probe(path: str = "/health/ready") -> int:
    """Return 0 for a timely 200; otherwise print the failure on standard error and return 1."""
    port = int(os.environ.get("RENTOMATIC_PORT") or 8000)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        if answer.status == 200:
            return 0
        print(f"{path}: {answer.status} {answer.read(500).decode(errors='replace')}", file=sys.stderr)
    except (OSError, http.client.HTTPException) as error:
        print(f"{path}: {error!r}", file=sys.stderr)
    finally:
        connection.close()
    return 1


if __name__ == "__main__":
    sys.exit(probe(*sys.argv[1:2]))
