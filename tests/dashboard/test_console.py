"""The console's key lives and dies with the session; the programs of the quickstart run as they are pasted."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import InvalidApiKey
from dashboard import snippets
from handlers.contract import read
from jobs import HANDLERS
from jobs.worker import Worker
from services import api_keys, places
from services.accounts import Caller
from services.quickstart import SAMPLE
from tests.dashboard.conftest import Visit
from tests.dashboard.test_account import member, token
from tests.dashboard.visitor import Visitor

KEY = "/dashboard/console/key"


def console_key(browser: Visitor) -> str:
    return str(browser.post(KEY, headers={"X-CSRFToken": token(browser)}).json()["key"])


def test_the_console_is_the_only_page_with_inline_styles(alice: Visitor) -> None:
    policy = alice.get("/dashboard/console").headers["content-security-policy"]
    assert "style-src 'self' 'unsafe-inline'" in policy
    assert policy.count("unsafe") == 1
    assert "unsafe" not in alice.get("/dashboard/quickstart").headers["content-security-policy"]


def test_a_key_of_the_session_takes_no_place_and_ends_with_it(alice: Visitor, account: Caller) -> None:
    keys = [console_key(alice) for _ in range(account.plan.api_keys + 1)]
    found = api_keys.authenticate(keys[0])
    assert (found.account_id, found.scopes) == (account.account_id, frozenset(api_keys.SCOPES))
    assert not api_keys.page(account, 10).rows
    assert found.key_id
    with pytest.raises(Exception, match="no API key"):
        api_keys.update(account, found.key_id, {"expires_at": None})
    assert alice.submit("/dashboard/", "/dashboard/logout").status_code == 303
    for key in keys:
        with pytest.raises(InvalidApiKey):
            api_keys.authenticate(key)


def test_other_sessions_keys_end_with_them(visit: Visit, alice: Visitor) -> None:
    other = visit().logged_in("alice@example.com")
    ends, stays = console_key(other), console_key(alice)
    assert alice.submit("/dashboard/profile", "/dashboard/profile/sessions/end-others").status_code == 303
    with pytest.raises(InvalidApiKey):
        api_keys.authenticate(ends)
    assert api_keys.authenticate(stays)


def test_a_viewers_key_only_reads(visit: Visit, alice: Visitor) -> None:
    viewer = member(visit, alice, "viewer")
    scopes = api_keys.authenticate(console_key(viewer)).scopes
    assert scopes
    assert all(scope.endswith(":read") for scope in scopes)
    assert viewer.post(KEY).status_code == 400  # without the token


@pytest.mark.parametrize("name", ["curl", "Python"])
def test_programs_run_as_pasted(
    server: str, account: Caller, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places.import_file(SAMPLE)
    _, key = api_keys.create(account, "quickstart", api_keys.SCOPES)
    [snippet] = [one for one in snippets.snippets(read().copy(), server) if one.name == name]
    text = snippet.text.replace(snippets.KEY, key)
    command = ["bash", "-c", text] if name == "curl" else [sys.executable, "-c", text]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    with (tmp_path / "told").open("wb") as told_file:
        program = subprocess.Popen(command, cwd=tmp_path, env=environ, stdout=told_file, stderr=subprocess.STDOUT)
    worker, deadline = Worker(HANDLERS), time.monotonic() + 60
    while program.poll() is None and time.monotonic() < deadline:
        worker.run_until_idle()
        time.sleep(0.1)
    program.kill()
    program.wait()
    told = (tmp_path / "told").read_text(encoding="utf-8")
    assert program.returncode == 0, told[-1500:]
    rows = (tmp_path / "leads.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[0] == "name,phones,websites"
    assert len(rows) > 10
    assert re.search("caf", told, re.IGNORECASE)
