import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.website import company_names, document, legal


def page(html: str) -> document.Document:
    return document.read("https://www.shop.fi/", document.parse(html))


@pytest.mark.parametrize(
    ("html", "region", "found"),
    [
        ("Y-tunnus 0112038-9, VAT FI01120389", "FI", ["y-tunnus:0112038-9", "vat:FI01120389"]),
        ("<p>Y-tunnus:<p>0112038-9", "FI", ["y-tunnus:0112038-9"]),
        ("Amtsgericht München, HRB 12345. USt-IdNr.: DE136695976", "DE", ["vat:DE136695976", "hrb:HRB12345"]),
        ("SIRET 732 829 320 00074 - RCS Lyon B 732 829 320", "FR", ["siret:73282932000074", "siren:732829320"]),
        ("TVA intracommunautaire : FR 44 732829320", "FR", ["vat:FR44732829320"]),
        (
            "Registered in England No. 1234567. VAT No. 980 7806 84",
            "GB",
            ["company-number:01234567", "vat:GB980780684"],
        ),
        ("CIF: B-58378431; NIF 54362315K", "ES", ["cif:B58378431", "nif:54362315K"]),
        ("C.F. e P.IVA: 00743110157, REA MI-1234567", "IT", ["rea:MI1234567", "vat:IT00743110157"]),
        ("KvK-nummer: 12345678, BTW-nr: NL004495445B01", "NL", ["kvk:12345678", "vat:NL004495445B01"]),
        ("NIP: 856-734-62-15 KRS: 0000123456", "PL", ["nip:8567346215", "krs:0000123456"]),
        ("Org.nr: 556036-0793", "SE", ["org-nr:556036-0793"]),
        ("Org.nr. 988 077 917 MVA", "NO", ["org-nr:988077917"]),
        ("CVR-nr.: 13 58 56 28", "DK", ["cvr:13585628"]),
        ("CHE-100.155.212 MWST", "CH", ["uid:CHE100155212"]),
        ("UID: ATU13585627, FN 123456 a", "AT", ["firmenbuch:123456a", "vat:ATU13585627"]),
    ],
)
def test_numbers_are_read_by_label_and_check_digits(html: str, region: str, found: list[str]) -> None:
    assert [f"{one.value.scheme}:{one.value.value}" for one in legal.ids(page(html), [region])] == found


@pytest.mark.parametrize(
    ("html", "region"),
    [
        ("Y-tunnus 0112038-8", "FI"),
        ("IBAN FI21 1234 5600 0007 85", "FI"),
        ("USt-IdNr.: DE136695977", "DE"),
        ("SIRET 732 829 320 00075", "FR"),
        ("puh. 040 1234567-8", "FI"),
        ("Org.nr 123456-7890", "SE"),
    ],
)
def test_wrong_check_digits_are_no_number(html: str, region: str) -> None:
    assert legal.ids(page(html), [region]) == []


def test_the_court_of_a_register_is_kept() -> None:
    (found,) = legal.ids(page("Registergericht: Amtsgericht Charlottenburg, HRB 198765 B"), ["DE"])

    assert (found.value.value, found.value.registry) == ("HRB198765B", "Charlottenburg")


@pytest.mark.parametrize(
    ("html", "name", "form"),
    [
        ("© 2024 Kahvila Lumi Oy", "Kahvila Lumi Oy", "Oy"),
        ("Bäckerei Sonne GmbH & Co. KG", "Bäckerei Sonne GmbH & Co. KG", "GmbH & Co. KG"),
        ("Trattoria Sole S.r.l.", "Trattoria Sole S.r.l.", "S.r.l."),
        ("Piekarnia Kłos sp. z o.o.", "Piekarnia Kłos sp. z o.o.", "Sp. z o.o."),
    ],
)
def test_companies_are_named_with_their_form(html: str, name: str, form: str) -> None:
    assert [(found, kind) for found, kind, _ in company_names.names(page(html), is_legal_page=True)] == [(name, form)]


@settings(deadline=None)
@given(st.text(alphabet="0123456789 -./BHRFIDEUStIdNrVATsiretNIPCVRY:tunnus", max_size=200))
def test_any_line_can_be_read(line: str) -> None:
    legal.ids(page(line), ["FI", "DE"])
