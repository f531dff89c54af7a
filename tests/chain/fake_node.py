"""A node that hangs, breaks off or lies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson

Alter = Callable[[str, list[Any], Any], Any]


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_arguments: Any) -> None:
        """A client that gave up is what is tested."""


class FakeNode:
    """A node of the test's own: `answer(body)` gives the raw bytes of a reply; `forward` asks a real one and alters."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes], bytes | None] = lambda body: b"{}"
        self.status = 200
        self.asked: list[Any] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                node.asked.append(orjson.loads(body))
                reply = node.answer(body)
                if reply is None:  # hang up
                    self.close_connection = True
                    return
                self.send_response(node.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def forward(self, url: str, alter: Alter) -> None:
        """Pass everything to a real node; `alter(method, params, result)` gives the result that is told."""

        def answer(body: bytes) -> bytes:
            replies = orjson.loads(
                httpx.post(url, content=body, headers={"content-type": "application/json"}, timeout=20).content
            )
            requests = orjson.loads(body)
            listed = isinstance(requests, list)
            by_id = {reply["id"]: reply for reply in (replies if listed else [replies])}
            for request in requests if listed else [requests]:
                reply = by_id[request["id"]]
                if "result" in reply:
                    reply["result"] = alter(request["method"], request["params"], reply["result"])
            return orjson.dumps(replies)

        self.answer = answer

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
