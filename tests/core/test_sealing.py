import pytest

from core import sealing

KEY = bytes(range(32))


def test_what_is_sealed_can_be_read_again_and_not_seen() -> None:
    sealed = sealing.seal(KEY, "whsec_älä kerro", "whe_1")
    assert sealing.unseal(KEY, sealed, "whe_1") == "whsec_älä kerro"
    assert "whsec" not in sealed


def test_equal_secrets_do_not_look_equal() -> None:
    assert sealing.seal(KEY, "secret", "whe_1") != sealing.seal(KEY, "secret", "whe_1")


@pytest.mark.parametrize(
    ("key", "owner"), [(bytes(32), "whe_1"), (KEY, "whe_2")], ids=["another key", "copied to another row"]
)
def test_it_opens_only_for_its_owner_with_its_key(key: bytes, owner: str) -> None:
    sealed = sealing.seal(KEY, "secret", "whe_1")
    with pytest.raises(ValueError, match="MAPTARGETER_SECRET_KEY"):
        sealing.unseal(key, sealed, owner)


@pytest.mark.parametrize("text", ["", "AAAA", "not base64 at all!", "ä"])
def test_a_damaged_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="sealed with another"):
        sealing.unseal(KEY, text, "whe_1")
