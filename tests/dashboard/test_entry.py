"""Signing up, logging in and out, sessions, passwords: and every way around them."""

import dataclasses
import re
from datetime import timedelta

import httpx
import pytest

from core import clock, config
from core.errors import Forbidden
from models import base
from services import accounts, audit, sessions, users
from services.accounts import Caller
from tests.dashboard.conftest import Visit
from tests.dashboard.visitor import Visitor, text_of

PASSWORD = "correct horse battery"
HOME, LOG_IN, SIGN_UP, PROFILE = "/dashboard/", "/dashboard/login", "/dashboard/signup", "/dashboard/profile"
COOKIE = "maptargeter"


def refused_entry(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and answer.headers["location"].startswith(LOG_IN)


def test_from_sign_up_to_log_out(visit: Visit) -> None:
    browser = visit()
    assert "Create an account" in browser.get(HOME).text
    answer = browser.submit(SIGN_UP, email="Alice@Example.com", password=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, HOME)
    assert "First steps" in browser.get(HOME).text
    token = browser.cookies[COOKIE]
    answer = browser.submit(HOME, "/dashboard/logout")
    assert refused_entry(answer)
    assert COOKIE not in browser.cookies
    assert "You are logged out" in browser.get(LOG_IN).text
    browser.cookies.set(COOKIE, token)  # a copy of the cookie opens nothing, either
    assert refused_entry(browser.get(PROFILE))
    browser.cookies.clear()
    assert browser.logged_in("alice@example.com").get(PROFILE).status_code == 200


def test_the_cookie_is_for_this_server_and_no_script(visit: Visit) -> None:
    browser = visit()
    answer = browser.submit(SIGN_UP, email="alice@example.com", password=PASSWORD)
    [cookie] = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{COOKIE}=")]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_wrong_and_unknown_sound_the_same(visit: Visit) -> None:
    visit().signed_up("alice@example.com")
    wrong = visit().submit(LOG_IN, email="alice@example.com", password="wrong horse battery")
    unknown = visit().submit(LOG_IN, email="nobody@example.com", password="wrong horse battery")
    assert wrong.status_code == unknown.status_code == 401
    assert text_of(wrong) == text_of(unknown)
    assert "wrong horse" not in wrong.text
    assert COOKIE not in wrong.cookies


@pytest.mark.parametrize(
    ("email", "password", "says"),
    [
        ("alice", PASSWORD, "must be an email address"),
        ("a@b@c", PASSWORD, "must be an email address"),
        ("alice@example.com", "short", "at least 10"),
        ("alice@example.com", "aaaaaaaaaaaa", "too easy"),
        ("alice@example.com", "alicealice1", "too easy"),
        ("alice@example.com", "x" * 201, "at most 200"),
    ],
)
def test_what_will_not_do_is_said_beside_the_field(visit: Visit, email: str, password: str, says: str) -> None:
    answer = visit().submit(SIGN_UP, email=email, password=password)
    assert answer.status_code == 400
    assert says in text_of(answer).lower()
    assert 'aria-invalid="true"' in answer.text
    assert f'value="{email}"' in answer.text


def test_nobody_takes_over_an_account_that_an_operator_made(visit: Visit) -> None:
    accounts.create("alice@example.com", "enterprise")
    answer = visit().submit(SIGN_UP, email="ALICE@example.com", password=PASSWORD)
    assert answer.status_code == 409
    assert "already an account" in answer.text


def test_sign_up_can_be_closed(visit: Visit, settings: config.Settings) -> None:
    browser = visit()
    config.configure(dataclasses.replace(settings, signup_open=False))
    assert "closed" in text_of(browser.get(SIGN_UP))
    assert "/dashboard/signup" not in browser.get(HOME).text
    with pytest.raises(Forbidden):
        users.sign_up("alice@example.com", PASSWORD)


def test_a_session_never_begins_under_a_known_token(visit: Visit) -> None:
    """Session fixation: an attacker plants a cookie, and waits for the victim to log in."""
    attacker = visit().signed_up("mallory@example.com")
    planted = attacker.cookies[COOKIE]
    attacker.get(PROFILE)
    victim = visit()
    users.sign_up("alice@example.com", PASSWORD)
    victim.cookies.set(COOKIE, "planted", domain="127.0.0.1", path="/")
    victim.cookies.set("maptargeter-form", attacker.cookies["maptargeter-form"], domain="127.0.0.1", path="/dashboard")
    victim.logged_in("alice@example.com")
    fresh = [cookie.value for cookie in victim.cookies.jar if cookie.name == COOKIE]
    assert "planted" not in fresh
    assert planted not in fresh
    thief = visit()
    thief.cookies.set(COOKIE, "planted")
    assert refused_entry(thief.get(PROFILE))
    victim.get(PROFILE)  # what the attacker knows of the form's cookie is worth nothing after the log-in
    assert victim.cookies["maptargeter-form"] != attacker.cookies["maptargeter-form"]


def test_logging_in_again_ends_the_session_before(visit: Visit, alice: Visitor) -> None:
    before = alice.cookies[COOKIE]
    page = alice.get(PROFILE).text
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    answer = alice.post(LOG_IN, data={"csrf_token": csrf, "email": "alice@example.com", "password": PASSWORD})
    assert answer.status_code == 303
    assert alice.cookies[COOKIE] != before
    assert sessions.find(before, "127.0.0.1") is None


@pytest.mark.parametrize("token", [None, "", "x", "IjIwZjRlMzg5MDA5ZGJhNDYyYTM3OTVhMGI5NzVkZDQwMjUwNzdiOWQi.awVLBg.x"])
def test_a_forged_form_is_refused(alice: Visitor, account: Caller, token: str | None) -> None:
    data = {"name": "stolen", "once": "1"} | ({} if token is None else {"csrf_token": token})
    for path in ("/dashboard/api-keys", "/dashboard/logout", "/dashboard/profile/sessions/end-others", LOG_IN):
        answer = alice.post(path, data=data, headers={"Referer": "https://evil.example/"})
        assert answer.status_code == 400, path
        assert "load the page again" in answer.text
    assert alice.get(PROFILE).status_code == 200
    assert all(entry.action != audit.KEY_CREATED for entry in audit.page(account, 10).rows)


def test_a_token_of_another_visitor_is_refused(visit: Visit, alice: Visitor) -> None:
    other = visit().signed_up("mallory@example.com")
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', other.get(PROFILE).text)[0]
    assert alice.post("/dashboard/logout", data={"csrf_token": csrf}).status_code == 400


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/dashboard\\x", "javascript:alert(1)", "/v1/x"],
)
def test_after_the_log_in_nobody_is_sent_elsewhere(visit: Visit, target: str) -> None:
    users.sign_up("alice@example.com", PASSWORD)
    browser = visit()
    answer = browser.submit(
        str(httpx.URL(LOG_IN, params={"next": target})), email="alice@example.com", password=PASSWORD
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/dashboard/")
    assert httpx.URL(answer.headers["location"]).host == ""


def test_the_log_in_leads_on_to_the_page_that_was_asked_for(visit: Visit) -> None:
    users.sign_up("alice@example.com", PASSWORD)
    browser = visit()
    sent = browser.get("/dashboard/audit-log?cursor=")
    assert refused_entry(sent)
    answer = browser.submit(sent.headers["location"], email="alice@example.com", password=PASSWORD)
    assert answer.headers["location"].startswith("/dashboard/audit-log")


def test_live_parts_lead_to_the_log_in_when_the_session_has_ended(visit: Visit) -> None:
    answer = visit().get(PROFILE, headers={"HX-Request": "true"})
    assert answer.headers["hx-redirect"].startswith(LOG_IN)


def test_guessing_passwords_is_slow(visit: Visit) -> None:
    users.sign_up("alice@example.com", PASSWORD)
    browser = visit()
    statuses = [
        browser.submit(LOG_IN, email="alice@example.com", password="guess guess").status_code for _ in range(11)
    ]
    assert statuses == [401] * 10 + [429]
    refused = browser.submit(LOG_IN, email="alice@example.com", password=PASSWORD)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "Try again in" in text_of(refused)


def test_sessions_end_when_idle_and_when_old(alice: Visitor) -> None:
    token, start = alice.cookies[COOKIE], clock.now()

    def alive(later: timedelta) -> bool:
        clock.set_source(lambda: start + later)
        return sessions.find(token, "") is not None

    assert alive(sessions.IDLE - timedelta(minutes=1))
    assert alive(2 * sessions.IDLE - timedelta(minutes=2))
    assert not alive(4 * sessions.IDLE)
    for days in range(0, 29, 6):
        assert alive(timedelta(days=days))
    assert not alive(sessions.LONGEST)


def test_a_user_sees_and_ends_their_sessions(visit: Visit, alice: Visitor) -> None:
    other = visit().logged_in("alice@example.com")
    page = alice.get(PROFILE)
    assert text_of(page).count("A program") == 2
    [action] = re.findall(r'action="(/dashboard/profile/sessions/ses_[^"]+/end)"', page.text)
    assert alice.submit(PROFILE, action).status_code == 303
    assert refused_entry(other.get(PROFILE))
    assert alice.get(PROFILE).status_code == 200
    mallory = visit().signed_up("mallory@example.com")
    [mine] = sessions.of_user(users.log_in("alice@example.com", PASSWORD).id)
    csrf = re.findall(r'name="csrf_token" value="([^"]+)"', mallory.get(PROFILE).text)[0]
    answer = mallory.post(f"/dashboard/profile/sessions/{mine.id}/end", data={"csrf_token": csrf})
    assert answer.status_code == 404
    assert alice.get(PROFILE).status_code == 200


def test_another_password_ends_the_other_sessions(visit: Visit, alice: Visitor) -> None:
    other = visit().logged_in("alice@example.com")
    action = "/dashboard/profile/password"
    assert alice.submit(PROFILE, action, present="not this", password="a better password").status_code == 400
    assert alice.submit(PROFILE, action, present=PASSWORD, password="a better password").status_code == 303
    assert refused_entry(other.get(PROFILE))
    assert alice.get(PROFILE).status_code == 200
    assert visit().submit(LOG_IN, email="alice@example.com", password=PASSWORD).status_code == 401
    visit().logged_in("alice@example.com", "a better password")


def test_the_operators_link_sets_a_password_once(visit: Visit, alice: Visitor, account: Caller) -> None:
    old = httpx.URL(users.reset_link("alice@example.com")).path
    link = httpx.URL(users.reset_link("Alice@example.com")).path
    stranger = visit()
    assert stranger.get(old).status_code == 404  # only the newest works
    assert stranger.submit(link, password="short").status_code == 400
    assert stranger.submit(link, password="a better password").status_code == 303
    assert stranger.get(PROFILE).status_code == 200
    assert refused_entry(alice.get(PROFILE))
    assert visit().get(link).status_code == 404
    assert audit.page(account, 10).rows[1].action == audit.PASSWORD_CHANGED


def test_the_operators_link_ends_within_the_hour(visit: Visit, alice: Visitor) -> None:
    link = httpx.URL(users.reset_link("alice@example.com")).path
    later = clock.now() + users.RESET_WITHIN
    clock.set_source(lambda: later)
    assert visit().get(link).status_code == 404
    assert alice.get(PROFILE).status_code == 200


def test_the_operators_link_gives_an_account_without_a_login_its_owner(visit: Visit) -> None:
    accounts.create("bob@example.com", "pro")
    link = httpx.URL(users.reset_link("bob@example.com")).path
    browser = visit()
    assert browser.submit(link, password=PASSWORD).status_code == 303
    assert "Pro plan" in text_of(browser.get(HOME))


def test_nothing_is_kept_that_opens_anything(alice: Visitor) -> None:
    kept = str(base.rows('SELECT * FROM "user"')) + str(base.rows("SELECT * FROM session"))
    assert "$argon2id$" in kept
    assert PASSWORD not in kept
    assert alice.cookies[COOKIE] not in kept
