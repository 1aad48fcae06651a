"""The small contract behind the real edge, served on loopback by the server that operators run."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

import app as application
import web
from core import config
from handlers.bridge import App
from services import accounts, api_keys
from services.accounts import Caller
from tests.handlers import small
from tests.promises import Promises
from tests.traffic import Traffic

ADDRESS_LIMIT = 500  # of all tests together: they share one address
HOST = "127.0.0.1"


@pytest.fixture(scope="session")
def small_app(tmp_path_factory: pytest.TempPathFactory) -> App:
    """The application with the small contract as /v1 and again as /v2; its limits are in memory."""
    home = {"MAPTARGETER_HOME": str(tmp_path_factory.mktemp("home")), "MAPTARGETER_LIMITS_URL": "memory://"}
    return application.assemble(config.Settings.from_env(home), {"/v1": small.api(), "/v2": small.api()}, ADDRESS_LIMIT)


@pytest.fixture(scope="session")
def server(small_app: App) -> Iterator[str]:
    """The URL where it answers."""
    with socket.create_server((HOST, 0)) as listener:
        ready = threading.Event()
        served = web.build(small_app, ready.set)
        thread = threading.Thread(target=served.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert ready.wait(20)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
        served.should_exit = True
        thread.join()


@pytest.fixture
def database_url(tmp_path: Any, sqlite_template: Any) -> str:
    """The edge reads one table; test_auth.py asks for both kinds of database."""
    path = tmp_path / "maptargeter.db"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


MakeKey = Callable[..., str]


@pytest.fixture
def served(server: str, database: None) -> str:
    """The URL, where it now answers from this test's own database."""
    assert database is None
    return server


@pytest.fixture
def account(served: str) -> Caller:
    """An account on the enterprise plan."""
    assert served
    return accounts.create("alice@example.com", "enterprise")


@pytest.fixture
def key(account: Caller) -> str:
    """A key for everything."""
    return api_keys.create(account, "everything", api_keys.SCOPES)[1]


@pytest.fixture(scope="module")
def record() -> Traffic:
    """What checks all that the clients hear against the small contract."""
    return Traffic(Promises(small.document()))


@pytest.fixture
def client(server: str, key: str, record: Traffic) -> Iterator[httpx.Client]:
    """A client of /v1 with that key, which follows no redirects."""
    heard = {"response": [record.answered]}
    with httpx.Client(base_url=f"{server}/v1", headers={"X-API-Key": key}, event_hooks=heard) as made:
        yield made
    assert not record.take_faults()


@pytest.fixture
def anonymous(served: str, record: Traffic) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=served, event_hooks={"response": [record.answered]}) as made:
        yield made
    assert not record.take_faults()


@pytest.fixture(autouse=True)
def nothing_to_do() -> Iterator[None]:
    """Forget what handlers were told to do."""
    yield
    small.todo.clear()
    small.taken.clear()


def error_of(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return the error in an answer after checking that it has the one shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert error["code"] == code, error
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert error["doc_url"].endswith(f"/v1/docs/errors#{code}")
    return error
