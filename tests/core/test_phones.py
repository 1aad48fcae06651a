import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.phones import phones

COUNTRIES = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS))


@pytest.mark.parametrize(
    ("raw", "country", "e164", "kind"),
    [
        ("+358 9 652776", None, "+3589652776", "landline"),
        ("09 652 776", "FI", "+3589652776", "landline"),
        ("+358 (0)9 652 776", "FI", "+3589652776", "landline"),
        ("00358 9 652776", "FI", "+3589652776", "landline"),
        ("040 1234567", "FI", "+358401234567", "mobile"),
        ("(212) 555-2368", "US", "+12125552368", "unknown"),
        ("97 70 02 24", "MC", "+37797700224", "landline"),
        ("010 123456", "FI", "+35810123456", "unknown"),
    ],
)
def test_a_number_becomes_e164(raw: str, country: str | None, e164: str, kind: str) -> None:
    assert phones(raw, country) == [{"e164": e164, "raw": raw, "kind": kind, "valid": True}]


def test_a_number_that_cannot_be_dialled_is_kept_as_written() -> None:
    assert phones("3631", "MC") == [{"e164": None, "raw": "3631", "kind": "unknown", "valid": False}]


def test_a_local_number_of_an_unknown_country_is_not_guessed() -> None:
    assert phones("09 652 776", None)[0]["e164"] is None


def test_several_numbers_in_one_field_each_once() -> None:
    found = phones("+358 9 652776; 09 652776, 040 1234567 / none", "FI")

    assert [phone["e164"] for phone in found] == ["+3589652776", "+358401234567"]


def test_the_field_knows_a_fax() -> None:
    assert phones("09 652776", "FI", "fax")[0]["kind"] == "fax"


@given(st.text(), st.none() | COUNTRIES)
def test_anything_may_stand_in_the_field(raw: str, country: str | None) -> None:
    for phone in phones(raw, country):
        assert phone["valid"] == (phone["e164"] is not None)
        assert phone["raw"]


@given(COUNTRIES, st.booleans())
def test_a_number_written_as_e164_is_itself(country: str, mobile: bool) -> None:
    kind = phonenumbers.PhoneNumberType.MOBILE if mobile else phonenumbers.PhoneNumberType.FIXED_LINE
    example = phonenumbers.example_number_for_type(country, kind)
    if example is not None and phonenumbers.is_valid_number(example):
        e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)

        assert [phone["e164"] for phone in phones(e164, None)] == [e164]
        assert [phone["e164"] for phone in phones(national, country)] == [e164]
