import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.website import document, numbers


def read(html: str, *regions: str) -> list[tuple[str, str, str | None]]:
    page = document.read("https://www.shop.fi/", document.parse(html))
    found = {one.value.e164: one.value for one in numbers.found(page, regions)}
    return [(one.e164, one.kind, one.extension) for one in found.values()]


@pytest.mark.parametrize(
    ("html", "region", "numbers_"),
    [
        ("Puh. 09 652 776, Fax 09 652 777", "FI", ["+3589652776", "fax +3589652777"]),
        ("<p>Puhelin<p>040 123 4568", "FI", ["+358401234568"]),
        ("Mannerheimintie 5, 00100 Helsinki 09 652 776", "FI", ["+3589652776"]),
        ("<span>00100</span><span>040 765 4321</span>", "FI", ["+358407654321"]),
        ("Tel: 040-1234568 / 09-652776", "FI", ["+358401234568", "+3589652776"]),
        ("Tel.: +49 (0)30 2312512-0, Fax: -99", "DE", ["+493023125120", "fax +4930231251299"]),
        ("Tel./Fax: 01 99 00 11 22", "FR", ["+33199001122"]),
        ("01 99 00 11 22 (fax)", "FR", ["fax +33199001122"]),
        ("(212) 555-0123 or 212.555.0199", "US", ["+12125550123", "+12125550199"]),
        ("91 123 45 67", "ES", ["+34911234567"]),
        ("<a href='tel:+44%20(0)20%207946%200123'>Call</a>", "GB", ["+442079460123"]),
        ("Fax: <a href='tel:+442079460124'>020 7946 0124</a>", "GB", ["fax +442079460124"]),
        (
            "電話\uff1a03-5555-0123\u3000\uff26\uff21\uff38\uff1a03-5555-0124",
            "JP",
            ["+81355550123", "fax +81355550124"],
        ),
        (
            "<table><tr><th>Tel<th>Fax<tr><td>01 99 00 11 22<td>01 99 00 11 23</table>",
            "FR",
            ["+33199001122", "fax +33199001123"],
        ),
        ("Telefono/Fax: 06 5550 1299", "IT", ["+390655501299"]),
        ("Tel. 0221/471011 und 0221/471012", "DE", ["+49221471011", "+49221471012"]),
        ("00100 Helsinki 09 555 0111 050 555 0112", "FI", ["+35895550111", "+358505550112"]),
        ("020 7555 012 (8,35 snt/puh)", "FI", ["+358207555012"]),
        ("тел. +7 (495) 555-01-23, факс 8 (495) 555-01-24", "RU", ["+74955550123", "fax +74955550124"]),
        ("Mobile 07700 900123", "GB", ["+447700900123"]),
    ],
)
def test_numbers_are_read_and_faxes_told_apart(html: str, region: str, numbers_: list[str]) -> None:
    found = [f"{'fax ' if kind == 'fax' else ''}{e164}" for e164, kind, _ in read(html, region)]

    assert found == numbers_


@pytest.mark.parametrize(
    ("html", "region"),
    [
        ("Y-tunnus 0112038-9 IBAN FI21 1234 5600 0007 85", "FI"),
        ("12.5.2024 klo 10-18, hinta 1 200,00 €, 1999-2024", "FI"),
        ("60.1699, 24.9384 ISBN 978-3-16-148410-0", "FI"),
        ("HRB 123456 B, Steuernummer 12/345/67890, Konto 0123456789", "DE"),
        ("SIRET 732 829 320 00074", "FR"),
        ("Call 123-456-7890 or (555) 555-5555", "US"),
        ("Montag 08:00 - 12:00 Uhr, 14.00-18.00", "DE"),
        ("192.168.100.200", "DE"),
        ("IBAN: DE89 3704 0044 0532 0130 00", "DE"),
        ("Partita IVA e C.F. 03765420157", "IT"),
        ("RCS de Paris 732 829 320", "FR"),
    ],
)
def test_other_numbers_are_no_telephones(html: str, region: str) -> None:
    assert read(html, region) == []


def test_an_extension_is_kept_apart() -> None:
    assert read("Tel 020 7946 0123 ext. 12", "GB") == [("+442079460123", "landline", "12")]


@settings(deadline=None)
@given(st.text(alphabet="0123456789 +-()/.,:|TelFax€ext", max_size=200), st.sampled_from(["FI", "DE", "US", "IT"]))
def test_any_line_can_be_read(line: str, region: str) -> None:
    for e164, _, _ in read(line, region):
        assert e164.startswith("+")
