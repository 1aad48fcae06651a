"""schemathesis against a running installation: whatever it makes up, the contract holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import config
from models import account as table
from models import base
from services import accounts, api_keys
from tests.platform import ROOT, SAMPLE, Platform, wait_until

HERE = Path(__file__).parent
NO_LIMIT = {"requests_per_minute": 10**9, "webhook_endpoints": 10**6, "api_keys": 10**6}
SERVE = "import sys, server; sys.exit(server.serve('127.0.0.1', {port}, 1, target='tests.spec.roomy:create_app'))"


class Roomy(Platform):
    """An installation whose account and addresses have no limits to run into."""

    def start(self, *arguments: str) -> None:
        command = [sys.executable, "-c", SERVE.format(port=self.port), *arguments]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(command, cwd=ROOT, env=self.environ, stdout=log, stderr=log)
        wait_until(self._answers, 30, lambda: self.log.read_text())


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Roomy]:
    made = Roomy(tmp_path)
    made.run("places", "import", str(SAMPLE))
    made.start()
    yield made
    assert made.stop() == 0


def account(platform: Platform) -> tuple[str, str]:
    """Make an account without limits; return a key for everything and the key's id."""
    settings = config.Settings.from_env(platform.environ)
    config.configure(settings)
    base.connect(settings.database_url)
    with base.connection():
        caller = accounts.create("schemathesis@example.com", "enterprise")
        table.Account.update(limits=NO_LIMIT).where(table.Account.id == caller.account_id).execute()
        made, key = api_keys.create(accounts.by_email("schemathesis@example.com"), "all", api_keys.SCOPES)
    base.database.close_all()
    return key, made.id


def test_the_contract_holds(roomy: Roomy) -> None:
    key, key_id = account(roomy)
    roomy.client(key).scanned()
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml")]
    done = subprocess.run(
        [*command, "run", f"{roomy.url}/v1/openapi.json", "--url", f"{roomy.url}/v1"],
        cwd=ROOT,
        env={**os.environ, "API_KEY": key, "OWN_KEY_ID": key_id, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert "Stateful" in done.stdout
