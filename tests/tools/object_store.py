"""A real S3 server on this machine, and a proxy before it that breaks what it is told to break."""

from __future__ import annotations

import http.client
import http.server
import importlib
import os
import socket
import struct
import threading
import time
import urllib.parse
from typing import Any, Callable, Iterator

import pytest

from keras_ckpt.storage import places

BUCKET = "bucket"
#: What becomes of a request, by its method and path: nothing, or one of the `FAULTS`.
Plan = Callable[[str, str], "str | None"]
FAULTS = ("500", "503", "reset", "slow", "cut", "stall")


class Proxy:
    """Hands requests on to a server, unless its plan says otherwise.

    Attributes:
        address: String, where it listens.
        plan: says what becomes of each request.
        seen: the methods and paths of all requests so far.
        stalled: `threading.Event`, set once half of a request that stalls is here. The rest is
            not handed on, however much of it comes.
    """

    def __init__(self, server: str) -> None:
        self.plan: Plan = lambda method, path: None
        self.seen: list[tuple[str, str]] = []
        self.stalled = threading.Event()
        proxy, target = self, urllib.parse.urlparse(server).netloc

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Each answer is two writes, of which the second would wait 40 ms for the client.
            disable_nagle_algorithm = True

            def log_message(self, *_: Any) -> None:
                pass

            def _handle(self) -> None:
                proxy.seen.append((self.command, self.path))
                fault = proxy.plan(self.command, self.path)
                if fault == "reset":
                    return self._reset()
                if fault == "cut":
                    # In the middle of what is sent.
                    self.rfile.read(int(self.headers.get("Content-Length") or 0) // 2)
                    return self._reset()
                if fault == "stall":
                    self.rfile.read(int(self.headers.get("Content-Length") or 0) // 2)
                    proxy.stalled.set()
                    # Until the client ends.
                    while self.connection.recv(1 << 16):
                        pass
                    return self._reset()
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if fault in ("500", "503"):
                    code = "InternalError" if fault == "500" else "SlowDown"
                    said = f"<Error><Code>{code}</Code><Message>broken on purpose</Message></Error>"
                    return self._answer(int(fault), {}, said.encode())
                if fault == "slow":
                    time.sleep(0.4)
                there = http.client.HTTPConnection(target)
                there.request(self.command, self.path, body, dict(self.headers))
                answer = there.getresponse()
                content = answer.read()
                headers = dict(answer.getheaders())
                length = headers.pop("Content-Length", None)
                if self.command == "HEAD" and length is not None:
                    headers["Content-Length"] = length
                self._answer(answer.status, headers, content)
                there.close()
                return None

            def _reset(self) -> None:
                # No end of the connection, but a reset.
                option = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
                self.close_connection = True

            def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name not in ("Transfer-Encoding", "Connection"):
                        self.send_header(name, value)
                if "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _handle

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def break_once(self, fault: str, method: str, count: int = 1) -> None:
        """Breaks the next requests with a method."""
        left = [count]

        def plan(which: str, path: str) -> str | None:
            if which != method or not left[0]:
                return None
            left[0] -= 1
            return fault

        self.plan = plan

    def mend(self) -> None:
        """Breaks nothing from now on."""
        self.plan = lambda method, path: None

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


class Store:
    """A bucket behind a proxy.

    Attributes:
        url: String, an empty directory in it.
        proxy: `Proxy`, that all requests go through.
        environment: Dict, what a process needs in its environment to find it.
    """

    def __init__(self, server: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        self._server = server
        self.proxy = Proxy(server)
        self.url = f"s3://{BUCKET}/{name}"
        self.environment = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.proxy.address,
            "AWS_MAX_ATTEMPTS": "3",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        for key, value in self.environment.items():
            monkeypatch.setenv(key, value)
        forget()
        self.system = places.place(self.url).system
        if not self.system.exists(BUCKET):
            self.system.mkdir(BUCKET)
        self.proxy.seen.clear()

    def ask(self, path: str, body: bytes) -> None:
        """Tells the server something that no client says."""
        there = http.client.HTTPConnection(urllib.parse.urlparse(self._server).netloc)
        there.request("POST", path, body)
        assert there.getresponse().status == 200
        there.close()

    def names(self) -> list[str]:
        """Returns the names of all objects below `url`."""
        self.system.invalidate_cache()
        start = len(self.url) - len("s3://") + 1
        return sorted(name[start:] for name in self.system.find(self.url[len("s3://") :]))

    def close(self) -> None:
        """Ends the proxy, and forgets the connections through it."""
        self.proxy.close()
        forget()


def forget() -> None:
    """Forgets the connections of before, so that the environment counts again."""
    places._system.cache_clear()
    importlib.import_module("s3fs").S3FileSystem.clear_instance_cache()


def server() -> Iterator[str]:
    """Gives the address of a server, for as long as it is needed."""
    pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    os.environ.setdefault("MOTO_S3_CUSTOM_ENDPOINTS", "")
    running = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()
