import base64
from datetime import UTC, datetime

import pytest
import standardwebhooks
from hypothesis import example, given
from hypothesis import strategies as st

from core import clock, signing

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
NOW = 1_764_000_000

ids = st.text(st.characters(codec="ascii", exclude_characters=".", min_codepoint=33), min_size=1, max_size=40)
times = st.integers(1, 2**33)
texts = st.text(max_size=200)


def official(secret: str) -> standardwebhooks.Webhook:
    return standardwebhooks.Webhook(secret)


def test_new_secrets_are_32_random_bytes() -> None:
    first, second = signing.new_secret(), signing.new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


@given(ids, times, texts)
@example("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
def test_signs_as_the_official_library_does(message_id: str, timestamp: int, text: str) -> None:
    theirs = official(SECRET).sign(message_id, datetime.fromtimestamp(timestamp, UTC), text)
    assert signing.sign(SECRET, message_id, timestamp, text.encode()) == theirs


def test_the_published_example() -> None:
    """From the README of the reference libraries."""
    signature = signing.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("body", [b"{}", b'{"name": "K\xc3\xa4r\xc3\xa4j\xc3\xa4kivi"}', b'{"a":"\xf0\x9f\x97\xba"}'])
@pytest.mark.parametrize("secrets", [[SECRET], [OTHER, SECRET], [SECRET, OTHER]])
def test_the_official_library_verifies_what_we_send(body: bytes, secrets: list[str]) -> None:
    sent = signing.headers(secrets, "evt_1", int(clock.now().timestamp()), body)
    official(SECRET).verify(body, sent)
    assert len(sent["webhook-signature"].split(" ")) == len(secrets)


def test_the_official_library_rejects_a_changed_body() -> None:
    sent = signing.headers([SECRET], "evt_1", int(clock.now().timestamp()), b"{}")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        official(SECRET).verify(b"[]", sent)


@given(ids, times, st.binary(max_size=200), st.integers(-300, 300))
def test_what_is_signed_verifies_within_the_tolerance(message_id: str, timestamp: int, body: bytes, late: int) -> None:
    sent = signing.headers([OTHER, SECRET], message_id, timestamp, body)
    assert signing.verify(SECRET, sent, body, now=timestamp + late)
    assert signing.verify(OTHER, {name.title(): value for name, value in sent.items()}, body, now=timestamp)


@given(st.binary(max_size=50), st.binary(max_size=50))
def test_another_body_does_not_verify(signed: bytes, received: bytes) -> None:
    sent = signing.headers([SECRET], "evt_1", NOW, signed)
    assert signing.verify(SECRET, sent, received, now=NOW) == (signed == received)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "evt_2"},
        {"webhook-id": ""},
        {"webhook-timestamp": str(NOW + 1)},
        {"webhook-timestamp": f"0{NOW}"},
        {"webhook-timestamp": f"{NOW}.0"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": ""},
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a,AAAA"},
        {"webhook-signature": "\ud800 é v1,é"},
    ],
)
def test_damaged_headers_do_not_verify(change: dict[str, str]) -> None:
    sent = signing.headers([SECRET], "evt_1", NOW, b"{}")
    assert signing.verify(SECRET, sent, b"{}", now=NOW)
    assert not signing.verify(SECRET, sent | change, b"{}", now=NOW)


def test_missing_headers_do_not_verify() -> None:
    assert not signing.verify(SECRET, {}, b"{}", now=NOW)


def test_other_signatures_beside_the_right_one_do_no_harm() -> None:
    sent = signing.headers([SECRET], "evt_1", NOW, b"{}")
    sent["webhook-signature"] = "v1a,AAAA nonsense v1 " + sent["webhook-signature"]
    assert signing.verify(SECRET, sent, b"{}", now=NOW)


@pytest.mark.parametrize("now", [NOW - 301, NOW + 301])
def test_old_and_future_messages_do_not_verify(now: int) -> None:
    assert not signing.verify(SECRET, signing.headers([SECRET], "evt_1", NOW, b"{}"), b"{}", now=now)


def test_another_secret_does_not_verify() -> None:
    assert not signing.verify(OTHER, signing.headers([SECRET], "evt_1", NOW, b"{}"), b"{}", now=NOW)


def test_the_id_cannot_borrow_from_the_timestamp() -> None:
    with pytest.raises(ValueError, match="dot"):
        signing.sign(SECRET, "evt_1.17", 1, b"")
    assert not signing.verify(SECRET, {"webhook-id": "a.b", "webhook-timestamp": str(NOW)}, b"", now=NOW)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_AAAA",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_" + "A" * 88,
        "whsec_not base64 at all!",
        SECRET + "\n",
    ],
)
def test_a_damaged_secret_is_an_error(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_"):
        signing.sign(secret, "evt_1", NOW, b"")


PRIVATE, PUBLIC = signing.new_key_pair()


@given(ids, times, st.binary(max_size=200), st.integers(-300, 300))
def test_whoever_has_the_public_key_can_verify(message_id: str, timestamp: int, body: bytes, late: int) -> None:
    sent = signing.headers([SECRET, PRIVATE], message_id, timestamp, body)
    assert [one.split(",")[0] for one in sent["webhook-signature"].split(" ")] == ["v1", "v1a"]
    assert signing.verify(PUBLIC, sent, body, now=timestamp + late)
    assert signing.verify(SECRET, sent, body, now=timestamp)
    assert not signing.verify(PUBLIC, sent, body + b" ", now=timestamp)
    assert not signing.verify(signing.new_key_pair()[1], sent, body, now=timestamp)
    relabelled = sent | {"webhook-signature": sent["webhook-signature"].replace("v1a,", "v1,")}
    assert not signing.verify(PUBLIC, relabelled, body, now=timestamp)


def test_the_official_library_overlooks_signatures_of_the_other_kind() -> None:
    sent = signing.headers([PRIVATE, SECRET], "evt_1", int(clock.now().timestamp()), b"{}")
    official(SECRET).verify(b"{}", sent)


@pytest.mark.parametrize("key", ["whsk_", "whsk_AAAA", "whsk_not base64!", SECRET.replace("whsec_", "whsk_")])
def test_a_damaged_private_key_is_an_error(key: str) -> None:
    with pytest.raises(ValueError, match="whsk_"):
        signing.sign(key, "evt_1", NOW, b"{}")
