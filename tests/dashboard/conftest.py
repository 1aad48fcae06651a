"""The pages behind the real edge, served on loopback; each test has a database of its own."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import app as application
import web
from core import config
from dashboard import limits
from services import accounts
from services.accounts import Caller
from tests.dashboard.visitor import Visitor

Visit = Callable[[], Visitor]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL where the application answers."""
    home = {"MAPTARGETER_HOME": str(tmp_path_factory.mktemp("home")), "MAPTARGETER_LIMITS_URL": "memory://"}
    made = application.create_app(config.Settings.from_env(home), address_limit=10**6)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready = threading.Event()
        served = web.build(made, ready.set)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert ready.wait(20)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        served.should_exit = True
        thread.join()


@pytest.fixture
def database_url(tmp_path: Path, sqlite_template: Path) -> str:
    """Pages only show what services do, and those are tested on both databases."""
    path = tmp_path / "maptargeter.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def visit(server: str, database: None) -> Iterator[Visit]:
    """Makes browsers, which know nothing of each other."""
    assert database is None
    limits.limiter.reset()
    made: list[Visitor] = []

    def browser() -> Visitor:
        made.append(Visitor(base_url=server, headers={"User-Agent": "Test/1.0"}, timeout=20))
        return made[-1]

    yield browser
    for one in made:
        one.close()


@pytest.fixture
def alice(visit: Visit) -> Visitor:
    """The owner of an account of her own."""
    return visit().signed_up("alice@example.com")


@pytest.fixture
def account(alice: Visitor) -> Caller:
    """Alice's account, as services see it."""
    assert alice
    return accounts.by_email("alice@example.com")
