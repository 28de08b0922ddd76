"""The server of the tests ends once, however many stop it."""

from __future__ import annotations

import socket
import threading

from orlop.testing import Server


def test_several_threads_stop_a_server():
    for _ in range(20):
        server = Server()
        host, _, port = server.endpoint.partition("://")[2].partition(":")
        waiting = [socket.create_connection((host, int(port))) for _ in range(4)]
        threads = [threading.Thread(target=server.stop) for _ in range(6)]
        for thread in threads:
            thread.start()
        server.stop()
        for thread in threads:
            thread.join()
        for connection in waiting:
            connection.close()
