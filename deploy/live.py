"""Health check of an image: is the process answering? Exit status 0 when GET /livez (mail box: /stats) gives 200.

Only sockets, because it starts every ten seconds beside each service: a whole HTTP client costs ten times more.
"""

import os
import socket
import sys

PART = os.environ["COMMIS_PART"]
PORTS = {"gateway": ("GATEWAY_PORT", "8080"), "local": ("MAILBOX_PORT", "8025")}
VARIABLE, DEFAULT = PORTS.get(PART, (f"{PART.upper()}_ADMIN_PORT", ""))
PATH = "/stats" if PART == "local" else "/livez"

try:
    with socket.create_connection(("127.0.0.1", int(os.environ.get(VARIABLE) or DEFAULT)), timeout=2) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        status = connection.recv(64).split()[1]
except (OSError, ValueError, IndexError) as error:
    sys.exit(f"{PART}: {error}")
sys.exit(0 if status == b"200" else f"{PART}: {PATH} answered {status.decode(errors='replace')}")
