"""Fails the test whose traffic broke the contract, and a whole run that did not see all of the contract."""

import re
from collections.abc import Generator
from typing import Any

import pytest

from tests.traffic import traffic

# what no test can bring about through HTTP, or only by breaking the server, and why
UNSEEN = {
    r"\w+ 500": "a fault of ours; tests/handlers makes some behind the same edge",
}
_seen: set[str] = set()  # in the process that started the others: what those saw


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, Any, Any]:
    result = yield
    _require_none(traffic().take_faults())
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, Any, Any]:
    result = yield
    _require_none(traffic().take_faults())
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of xdist's processes has ended."""
    _seen.update(getattr(node, "workeroutput", {}).get("traffic", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what this process saw; the first process looks whether it was everything."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["traffic"] = sorted(traffic().seen)
    elif session.exitstatus == pytest.ExitCode.OK and not _only_some(session.config) and _missing():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was not seen, or that nobody looked."""
    if _only_some(config):
        terminalreporter.write_line("traffic: not all tests were chosen, so it is not asked whether all was seen")
        return
    missing = _missing()
    for one in missing:
        terminalreporter.write_line(f"traffic: never seen: {one}", red=True)
    seen = len(traffic().promised()) - len(missing)
    terminalreporter.write_line(
        f"traffic: {seen} of {len(traffic().promised())} promises of the contract seen or excused"
    )


def _missing() -> list[str]:
    seen = _seen | traffic().seen
    return [
        one for one in traffic().promised() if one not in seen and not any(re.fullmatch(known, one) for known in UNSEEN)
    ]


def _only_some(config: pytest.Config) -> bool:
    chosen = ("keyword", "markexpr", "deselect", "lf", "collectonly", "ignore", "ignore_glob", "stepwise")
    whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS or config.args == config.getini("testpaths")
    return not whole or any(config.getoption(name, None) for name in chosen)


def _require_none(faults: list[str]) -> None:
    if faults:
        pytest.fail("the traffic of this test breaks the contract:\n" + "\n".join(faults), pytrace=False)
