"""`maptargeter serve`: web processes on one socket, and a job process, under a supervisor that keeps them alive.

The children are started afresh (``python -m server``), so they read their settings from the environment. The standard
input of each is a socket to its supervisor: there it is told what to be, says when it is ready, and notices when the
supervisor is gone, so that nothing outlives one that was killed.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

log = logging.getLogger("server")

GRACE_SECONDS = 28.0  # a little more than web processes give their requests, and job processes their jobs
LONGEST_PAUSE = 10.0
STEADY_SECONDS = 30.0
TICK = 0.1


def serve(
    host: str, port: int, workers: int, run_jobs: bool = True, *, target: str = "app:create_app",
    on_ready: Callable[[str], None] | None = None,
) -> int:  # fmt: skip
    """Serve until SIGTERM or SIGINT; return the exit code.

    0: stopped as asked, every request and job ended. 1: could not listen or start, or something had to be killed.
    ``on_ready`` is called once with the URL when all processes are up; port 0 takes a free one. ``target`` names
    the function that makes the ASGI application. A second signal ends everything at once.
    """
    _configure_log()
    try:
        listener = _listen(host, port)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
        print(f"Cannot listen on {host} port {port}: {why}.", file=sys.stderr)
        return 1
    with listener:
        fd = listener.fileno()
        children = [Child(f"web process {number + 1}", f"web {target} {fd}", (fd,)) for number in range(workers)]
        if run_jobs:
            children.append(Child("job process", "jobs"))
        url = f"http://{_shown(host)}:{listener.getsockname()[1]}"
        return Supervisor(children, listener, lambda: on_ready(url) if on_ready else None).run()


def work(on_ready: Callable[[], None] = lambda: None) -> int:
    """Run jobs in this process until SIGTERM or SIGINT; return the exit code."""
    from core import config
    from jobs import HANDLERS, LANES, PERIODIC
    from jobs.worker import Worker
    from models import base
    from services import metrics

    _configure_log()
    settings = config.Settings.from_env()
    config.configure(settings)
    base.connect(settings.database_url)
    on_ready()
    with metrics.flushing():
        Worker(HANDLERS, lanes=LANES, periodic=PERIODIC).run_forever()
    return 0


def pause(failures: int) -> float:
    """Seconds to wait before a child that ended ``failures`` times in a row is started again."""
    return 0.0 if failures <= 1 else float(min(LONGEST_PAUSE, 0.5 * 2 ** min(failures - 2, 10)))


class Child:
    """One process under the supervisor: started, watched, and started again."""

    def __init__(self, name: str, part: str, fds: Sequence[int] = ()) -> None:
        self.name = name
        self.ready = False
        self._part, self._fds = part, fds
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._failures = 0
        self._since = 0.0

    def start(self) -> None:
        """Start the process, in a group of its own: a Ctrl-C reaches the supervisor only."""
        self._link, theirs = socket.socketpair()
        with theirs:
            self._link.sendall(f"{self._part}\n".encode())
            self._link.setblocking(False)
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "server"],
                stdin=theirs.fileno(),
                pass_fds=self._fds,
                process_group=0,
                env=os.environ | {"PYTHONPATH": _import_path()},
            )
        self._since = time.monotonic()

    def tend(self) -> bool:
        """Look after the process; return False if it ended before it was ever ready."""
        code = self._process.poll() if self._process else None
        if self._process and code is None:
            self.ready = self.ready or self._said_ready()
            return True
        age = time.monotonic() - self._since
        if self._process:
            self._close()
            self._failures = 1 if age > STEADY_SECONDS else self._failures + 1
            self._since = time.monotonic()
            log.error("%s ended with code %s", self.name, code)
            return self.ready
        if age >= pause(self._failures):
            self.start()
        return True

    def signal(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(number)  # nothing happens if it has ended

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _said_ready(self) -> bool:
        try:
            return bool(self._link and self._link.recv(1))
        except BlockingIOError:
            return False

    def _close(self) -> None:
        if self._link:
            self._link.close()
        self._process = self._link = None


class Supervisor:
    """Keeps the children alive until a signal comes, then lets them end."""

    def __init__(self, children: Sequence[Child], listener: socket.socket, on_ready: Callable[[], None]) -> None:
        self._children, self._listener, self._on_ready = children, listener, on_ready
        self._signals = 0

    def run(self) -> int:
        """Return 0 when stopped as asked, 1 when a child could not start or had to be killed."""
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.signal(number, self._note) for number in numbers}
        try:
            started = self._keep_alive()
            return 0 if self._stop() and started else 1
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, *_: object) -> None:
        self._signals += 1

    def _keep_alive(self) -> bool:
        """Return True when a signal came, False when a child cannot start."""
        for child in self._children:
            child.start()
        announced = False
        while not self._signals:
            for child in self._children:
                if not child.tend():
                    log.error("%s could not start; its last words are above", child.name)
                    return False
            if not announced and all(child.ready for child in self._children):
                announced = True
                self._on_ready()
            time.sleep(TICK)
        return True

    def _stop(self) -> bool:
        """Return whether all ended by themselves. The socket is closed first: nobody queues for a closed door."""
        self._listener.close()
        for child in self._children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while any(child.alive() for child in self._children) and time.monotonic() < deadline and self._signals < 2:
            time.sleep(TICK)
        late = [child for child in self._children if child.alive()]
        for child in late:
            log.error("%s did not stop in time: killed", child.name)
            child.signal(signal.SIGKILL)
        return not late


def _import_path() -> str:
    """Where the children find this very module, whatever lies in the folder that the operator stands in."""
    here = os.path.dirname(os.path.abspath(__file__))
    return os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def _shown(host: str) -> str:
    """How the address is written in a URL; "every address" is shown as one that a browser here can open."""
    if set(host) <= set("0.:"):
        return "[::1]" if ":" in host else "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _configure_log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _be_child() -> int:
    _configure_log()
    link = socket.socket(fileno=sys.stdin.fileno())
    part, *arguments = link.makefile().readline().split()
    threading.Thread(target=_stop_without, args=(link,), daemon=True).start()

    def ready() -> None:
        link.send(b".")

    if part == "jobs":
        return work(ready)
    import web
    from services import metrics

    target, fd = arguments
    with metrics.flushing():
        web.run(target, socket.socket(fileno=int(fd)), ready)
    return 0


def _stop_without(link: socket.socket) -> None:
    """Stop this process as if asked to when its supervisor is gone."""
    link.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(_be_child())
