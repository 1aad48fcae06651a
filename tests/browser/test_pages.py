"""Every page: nothing that axe objects to, nothing in the console, nothing from elsewhere, and a picture of it."""

import pytest

from tests.browser.looking import PHONE, Looker

SIGNED_OUT = [("", "start"), ("login", "login"), ("signup", "signup"), ("nothing-here", None)]
SIGNED_IN = [
    ("", "overview"),
    ("api-keys", "api-keys"),
    ("members", "members"),
    ("profile", "profile"),
    ("audit-log", "audit-log"),
    ("nothing-here", None),
]
"""Path below /dashboard/, and the name of its picture; None takes none."""
DARK, ON_A_PHONE = {"overview"}, {"overview"}


@pytest.mark.parametrize(("path", "name"), SIGNED_OUT)
def test_a_page_for_strangers(stranger: Looker, path: str, name: str | None) -> None:
    look(stranger, path, name)


@pytest.mark.parametrize(("path", "name"), SIGNED_IN)
def test_a_page_for_members(looker: Looker, path: str, name: str | None) -> None:
    look(looker, path, name)


def look(looker: Looker, path: str, name: str | None) -> None:
    answer = looker.go(path)
    if name is None:
        assert answer.status == 404
        looker.faults.clear()  # the console tells of the status
    looker.check()
    if name:
        looker.shoot(name, whole=False)
        if name in DARK:
            looker.shoot(f"{name}-dark", scheme="dark")
        if name in ON_A_PHONE:
            looker.shoot(f"{name}-phone", size=PHONE, whole=True)
