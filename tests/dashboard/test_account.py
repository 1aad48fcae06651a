"""Members and what their roles let them do, invitations, API keys, the audit log, and nobody else's of any of these."""

import html
import re

import httpx
import pytest

from core import clock
from core.errors import Conflict
from dashboard import frame
from services import accounts, api_keys, audit, members
from services.accounts import Caller
from tests.dashboard.conftest import Visit
from tests.dashboard.visitor import Visitor, text_of

MEMBERS, KEYS, LOG = "/dashboard/members", "/dashboard/api-keys", "/dashboard/audit-log"
READ = {"/dashboard/", MEMBERS, KEYS, LOG, "/dashboard/profile"}


def invitation(owner: Visitor, role: str) -> str:
    """Return the path of a new invitation."""
    answer = owner.submit(MEMBERS, f"{MEMBERS}/invite", role=role)
    found = re.search(r"<code>(http[^<]+/dashboard/join/[^<]+)</code>", answer.text)
    assert found, answer.text
    return str(httpx.URL(html.unescape(found[1])).path)


def member(visit: Visit, owner: Visitor, role: str) -> Visitor:
    """Somebody new in the owner's account."""
    browser = visit()
    answer = browser.submit(invitation(owner, role), email=f"{role}@example.com", password="correct horse battery")
    assert answer.status_code == 303
    return browser


def token(browser: Visitor) -> str:
    return str(re.findall(r'name="csrf_token" value="([^"]+)"', browser.get("/dashboard/profile").text)[0])


def test_an_invitation_makes_one_member_once(visit: Visit, alice: Visitor, account: Caller) -> None:
    link = invitation(alice, "member")
    bob = visit()
    assert "Join alice@example.com" in text_of(bob.get(link))
    assert bob.submit(link, email="bob@example.com", password="correct horse battery").status_code == 303
    assert "bob@example.com" in bob.get(MEMBERS).text
    assert visit().get(link).status_code == 404
    assert [(one.email, one.role) for one in members.of_account(account)] == [
        ("alice@example.com", "owner"), ("bob@example.com", "member"),
    ]  # fmt: skip


def test_somebody_with_a_login_joins_and_switches(visit: Visit, alice: Visitor) -> None:
    bob = visit().signed_up("bob@example.com")
    answer = bob.submit(invitation(alice, "viewer"))
    assert answer.status_code == 303
    page = bob.get(MEMBERS)
    assert "alice@example.com" in page.text
    homes = re.findall(r'<option value="(acc_[^"]+)"( selected)?>([^<]+)', page.text)
    assert [(name, bool(chosen)) for _, chosen, name in homes] == [
        ("bob@example.com · owner", False), ("alice@example.com · viewer", True),
    ]  # fmt: skip
    assert bob.submit(MEMBERS, "/dashboard/switch", account=homes[0][0]).status_code == 303
    assert "alice@example.com" not in bob.get(MEMBERS).text.split("<main")[1]
    carol = visit().signed_up("carol@example.com")
    assert carol.post("/dashboard/switch", data={"csrf_token": token(carol), "account": homes[1][0]}).status_code == 404


def test_a_withdrawn_or_old_invitation_is_no_good(visit: Visit, alice: Visitor, account: Caller) -> None:
    link, other = invitation(alice, "owner"), invitation(alice, "member")
    [newest, _] = members.invitations(account)
    assert newest.role == "member"
    assert alice.submit(MEMBERS, f"{MEMBERS}/invitations/{newest.id}/withdraw").status_code == 303
    assert visit().get(other).status_code == 404
    later = clock.now() + members.INVITED_FOR
    clock.set_source(lambda: later)
    assert visit().get(link).status_code == 404


def test_a_viewer_looks_and_writes_nothing(visit: Visit, alice: Visitor, account: Caller) -> None:
    _, key = api_keys.create(account, "CI", ["leads:read"])
    viewer = member(visit, alice, "viewer")
    for path in READ:
        assert viewer.get(path).status_code == 200
    assert "Create key" not in viewer.get(KEYS).text
    csrf, [made] = token(viewer), api_keys.page(account, 10).rows
    before = len(audit.page(account, 100).rows)
    for path in (KEYS, f"{KEYS}/{made.id}/revoke", f"{KEYS}/{made.id}/rotate", f"{MEMBERS}/invite"):
        answer = viewer.post(path, data={"csrf_token": csrf, "name": "x", "once": "1", "role": "owner"})
        assert answer.status_code == 403, path
        assert "You are a viewer" in text_of(answer)
    assert api_keys.authenticate(key)
    assert len(audit.page(account, 100).rows) == before


def test_every_page_that_changes_something_is_closed_to_viewers_unless_listed() -> None:
    """Whoever adds a page has to think of viewers only to let them in."""
    open_ones = {name for name, role in frame._open_to.items() if role in ("viewer", "anyone")}
    assert open_ones <= {
        "asset", "nothing", "overview", "log_in", "log_in_now", "sign_up", "sign_up_now", "log_out", "reset",
        "reset_now", "join", "join_now", "change_password", "end_session", "end_other_sessions", "switch_account",
        "console_key", "create_ticket", "reply_to_ticket",
    }  # fmt: skip


def test_a_member_manages_keys_but_not_members(visit: Visit, alice: Visitor, account: Caller) -> None:
    bob = member(visit, alice, "member")
    assert bob.submit(KEYS, KEYS, name="Bob's").status_code == 201
    [owner, _] = members.of_account(account)
    csrf = token(bob)
    for path in (f"{MEMBERS}/invite", f"{MEMBERS}/{owner.id}/role", f"{MEMBERS}/{owner.id}/remove"):
        assert bob.post(path, data={"csrf_token": csrf, "role": "viewer"}).status_code == 403
    assert members.of_account(account)[0].role == "owner"


def test_a_role_counts_from_the_next_click(visit: Visit, alice: Visitor, account: Caller) -> None:
    bob = member(visit, alice, "member")
    bob_id = members.of_account(account)[1].id
    assert alice.submit(MEMBERS, f"{MEMBERS}/{bob_id}/role", role="viewer").status_code == 303
    assert bob.post(KEYS, data={"csrf_token": token(bob), "name": "x", "once": "1"}).status_code == 403
    assert alice.submit(MEMBERS, f"{MEMBERS}/{bob_id}/remove").status_code == 303
    assert bob.get(MEMBERS).status_code == 303
    answer = bob.submit("/dashboard/login", email="member@example.com", password="correct horse battery")
    assert answer.status_code == 401
    assert "not a member of any account" in answer.text


def test_an_account_keeps_an_owner(alice: Visitor, account: Caller) -> None:
    [owner] = members.of_account(account)
    answer = alice.submit(MEMBERS, f"{MEMBERS}/{owner.id}/role", role="viewer")
    assert answer.status_code == 409
    assert "at least one owner" in answer.text
    with pytest.raises(Conflict):
        members.remove(account, owner.id)
    assert alice.submit(MEMBERS, f"{MEMBERS}/{owner.id}/role", role="emperor").status_code == 400


def test_a_key_is_shown_once_and_works_until_revoked(alice: Visitor, account: Caller) -> None:
    form = {"name": "CI", "days": "30", "scopes": ["leads:read", "scans:read"]}
    page = alice.get(KEYS)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', page.text.split("Scopes")[0])[-2:])
    made = alice.post(KEYS, data=hidden | form)
    [key] = set(re.findall(r"mt_live_[0-9A-Za-z]{38}", made.text))
    assert key not in alice.get(KEYS).text
    caller = api_keys.authenticate(key)
    assert (caller.account_id, caller.scopes) == (account.account_id, frozenset(form["scopes"]))
    again = alice.post(KEYS, data=hidden | form)  # the browser's reload
    assert key in again.text
    [listed] = api_keys.page(account, 10).rows
    assert listed.expires_at
    rotated = alice.submit(KEYS, f"{KEYS}/{listed.id}/rotate", overlap="24")
    [fresh] = set(re.findall(r"mt_live_[0-9A-Za-z]{38}", rotated.text))
    assert api_keys.authenticate(key).account_id == api_keys.authenticate(fresh).account_id
    assert alice.submit(KEYS, f"{KEYS}/{listed.id}/revoke").status_code == 303
    with pytest.raises(Exception, match="not valid"):
        api_keys.authenticate(key)
    who = {(entry.action, entry.actor[:4]) for entry in audit.page(account, 20).rows}
    assert {("api_key.created", "usr_"), ("api_key.rotated", "usr_"), ("api_key.revoked", "usr_")} <= who


def test_the_plan_is_said_in_words(alice: Visitor) -> None:
    for number in range(2):
        alice.submit(KEYS, KEYS, name=str(number))
    answer = alice.submit(KEYS, KEYS, name="one too many")
    assert answer.status_code == 403
    assert "Your free plan allows 2 API keys" in text_of(answer)
    assert "one too many" in answer.text  # what was written is kept


def test_what_is_anothers_is_not_there(visit: Visit, alice: Visitor, account: Caller) -> None:
    made, _ = api_keys.create(account, "CI", ["leads:read"])
    link = invitation(alice, "member")
    [open_one], [owner] = members.invitations(account), members.of_account(account)
    mallory = visit().signed_up("mallory@example.com")
    csrf = token(mallory)
    for path in (
        f"{KEYS}/{made.id}/revoke", f"{KEYS}/{made.id}/rotate", f"{MEMBERS}/{owner.id}/role",
        f"{MEMBERS}/{owner.id}/remove", f"{MEMBERS}/invitations/{open_one.id}/withdraw",
    ):  # fmt: skip
        answer = mallory.post(path, data={"csrf_token": csrf, "once": "1", "role": "viewer"})
        assert answer.status_code == 404, path
    assert not {made.id, owner.id} & set(
        re.findall(r"(?:key|usr)_\w+", "".join(mallory.get(path).text for path in READ))
    )
    assert visit().get(link).status_code == 200


def test_what_people_write_stays_text(visit: Visit, alice: Visitor, account: Caller) -> None:
    evil = '<script>alert("x")</script><img src=x onerror=alert(1)>'
    api_keys.create(account, evil, ["leads:read"])
    mallory = visit()
    mallory.headers["User-Agent"] = evil
    mallory.logged_in("alice@example.com")
    for path in READ:
        page = alice.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;" in alice.get(KEYS).text
    answer = visit().submit("/dashboard/login", email=f'"{evil}', password="x")
    assert "<script>alert" not in answer.text


def test_the_audit_log_names_people(alice: Visitor) -> None:
    alice.submit(KEYS, KEYS, name="CI")
    words = text_of(alice.get(LOG))
    assert "api key: created" in words
    assert "alice@example.com" in words.split("api key: created")[1]


def test_another_address_is_a_page_that_helps(visit: Visit, alice: Visitor) -> None:
    for browser, hint in ((alice, "Overview"), (visit(), "Log in")):
        for path in ("/dashboard/nothing", "/dashboard/api-keys/x/y/z", "/dashboard/assets/x/../../etc/passwd"):
            answer = browser.get(path)
            assert answer.status_code == 404
            assert answer.headers["content-type"].startswith("text/html")
            assert hint in text_of(answer)
            assert answer.headers["x-request-id"] in answer.text
    assert accounts.by_email("alice@example.com")


def test_assets_come_packed_and_are_kept(visit: Visit) -> None:
    browser = visit()
    names = set(re.findall(r'"(/dashboard/assets/[^"]+)"', browser.get("/dashboard/login").text))
    assert {name.rsplit("/", 1)[1] for name in names} == {"mark.svg", "style.css", "htmx.js", "app.js"}
    for name in names:
        answer = browser.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"
        plain = browser.get(name, headers={"Accept-Encoding": "identity"})
        assert plain.content == answer.content
        assert "content-encoding" not in plain.headers
        assert "immutable" not in browser.get(re.sub(r"assets/\w+", "assets/older", name)).headers["cache-control"]
