"""Runs in a container: responds to health checks, but closes the connection on every other request."""

import socket
import threading


def serve(connection: socket.socket) -> None:
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(4096)
            if not received:
                return
            head += received
        if head.startswith(b"GET /health/live "):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


with socket.create_server(("0.0.0.0", 8000)) as listener:
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=serve, args=(accepted,), daemon=True).start()
