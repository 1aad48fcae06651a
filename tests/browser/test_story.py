"""What a newcomer does on the first day, in a real browser against a whole installation."""

import re
import subprocess
from pathlib import Path

import httpx
from playwright._impl._driver import compute_driver_executable

from dashboard import snippets
from handlers.contract import read
from tests.browser.looking import Looker
from tests.platform import Client, Platform


def test_sign_up_make_a_key_use_it_revoke_it(stranger: Looker, platform: Platform) -> None:
    page = stranger.page
    stranger.go("")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email address").fill("grace@example.com")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Create account").click()
    page.get_by_role("heading", name="First steps").wait_for()
    stranger.check()
    stranger.shoot("first-steps")
    page.get_by_role("link", name="API keys").click()
    page.get_by_label("Name").fill("My program")
    page.get_by_role("button", name="Create key").click()
    key = page.locator(".accent code").inner_text()
    assert httpx.get(f"{platform.url}/v1/account", headers={"X-API-Key": key}).json()["email"] == "grace@example.com"
    stranger.check()
    page.get_by_role("link", name="API keys").click()
    assert key not in page.content()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke My program").click()
    page.get_by_text("it does not work any more").wait_for()
    assert httpx.get(f"{platform.url}/v1/account", headers={"X-API-Key": key}).status_code == 401
    page.get_by_role("button", name="Log out").click()
    page.get_by_text("You are logged out").wait_for()
    stranger.go("api-keys")
    assert "/login?next=" in page.url


def test_a_question_is_answered(looker: Looker, platform: Platform) -> None:
    page = looker.page
    looker.go("support?request_id=req_123")
    assert page.get_by_label("Request id").input_value() == "req_123"
    page.get_by_label("Subject").fill("How do I get more rows?")
    page.get_by_label("Question").fill("My export stops at 100,000 rows.")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Your question is sent").wait_for()
    [ticket] = re.findall(r"tkt_\w+", page.url)
    assert "How do I get more rows?" in platform.run("support", "list")
    assert platform.try_run("support", "reply", ticket, typed="On the enterprise plan.").returncode == 0
    page.reload()
    page.get_by_text("On the enterprise plan.").wait_for()
    looker.check()
    looker.shoot("ticket")


def test_the_menu_and_every_form_work_with_the_keyboard(looker: Looker) -> None:
    looker.go("")
    page = looker.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    looker.go("api-keys")
    page.locator("summary", has_text="Create key").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("From the keyboard")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="From the keyboard").wait_for()


def test_typescript_runs_as_pasted(platform: Platform, ada: Client, tmp_path: Path) -> None:
    """With the Node.js that drives the browser."""
    [snippet] = [one for one in snippets.snippets(read(), platform.url) if one.language == "ts"]
    (tmp_path / "quickstart.mts").write_text(snippet.text.replace(snippets.KEY, ada.key), encoding="utf-8")
    node = compute_driver_executable()[0]
    done = subprocess.run(
        [node, "quickstart.mts"], cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "completed" in done.stdout
    assert (tmp_path / "leads.csv").read_text(encoding="utf-8-sig").startswith("name,phones,websites")
