"""A way to a server on a local socket that can be cut, as when a database goes away, and mended."""

import contextlib
import socket
import threading
from pathlib import Path


class Proxy:
    """Passes connections to ``inner`` on to the socket at ``outer``, until it is cut."""

    def __init__(self, inner: Path, outer: Path) -> None:
        self._inner, self._outer = inner, outer
        self._open: list[socket.socket] = []
        self.mend()

    def mend(self) -> None:
        """Pass connections on again."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._outer))
        self._listener.listen()
        self._acceptor = threading.Thread(target=self._accept, args=(self._listener,))
        self._acceptor.start()

    def cut(self) -> None:
        """Break every connection, and let there be no new ones."""
        self._outer.unlink()
        for one in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._inner))
                self._open += [near, far]
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
            one.close()
