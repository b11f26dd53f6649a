"""Health check of an image: exit status 0 when GET /livez (of `local`: /stats) answers 200.

Only sockets, because it starts every ten seconds beside each service: an HTTP client costs ten times more.
"""

import os
import socket
import sys

PART = os.environ["COMMIS_PART"]
PORTS = {"gateway": ("GATEWAY_PORT", "8080"), "local": ("LOCAL_PORT", "8025")}
VARIABLE, DEFAULT = PORTS.get(PART, (f"{PART.upper()}_ADMIN_PORT", ""))
PATH = "/stats" if PART == "local" else "/livez"

try:
    port = int(os.environ.get(VARIABLE) or DEFAULT)
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        status = connection.recv(64).split()[1]
except (OSError, ValueError, IndexError) as error:
    sys.exit(f"{PART}: {error}")
sys.exit(0 if status == b"200" else f"{PART}: {PATH} answered {status.decode(errors='replace')}")
