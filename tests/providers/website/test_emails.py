import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.website import emails
from providers.website.document import SEAM

HOST = "www.kahvila.example"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("Email: info@kahvila.fi, or call", "info@kahvila.fi"),
        ("John.SMITH@Shop.CO.UK.", "john.smith@shop.co.uk"),
        ("(info@shop.de)", "info@shop.de"),
        (f"info@shop.fi{SEAM}Puh 09", "info@shop.fi"),
        (f"Sähköposti{SEAM}info@{SEAM}shop{SEAM}.fi", "info@shop.fi"),
        ("info@shop.fiPuh 09", "info@shop.fi"),
        ("00100info@shop.fi", "info@shop.fi"),
        ("o'neil@pub.ie", "o'neil@pub.ie"),
        ("メールinfo@sushi.jp", "info@sushi.jp"),
        ("info@bäckerei.de", "info@xn--bckerei-5wa.de"),
        ("hello@kahvila.example", "hello@kahvila.example"),
    ],
)
def test_an_address_is_cut_out_of_what_stands_around_it(line: str, address: str) -> None:
    assert emails.in_line(line, HOST) == [address]


@pytest.mark.parametrize(
    "line",
    [
        "logo@2x.png",
        "jquery@3.6.0",
        "name@example.com",
        "your@email.com",
        "etunimi.sukunimi@yritys-oy.fi",
        "605a7baede844d278b89dc95ae0a9123@sentry-next.wixpress.com",
        "info@mysite.com",
        "no-reply@shop.fi",
        "@shop.fi",
        "info@co.uk",
        "info@shop.notatld",
        "zahnärztin@praxis.de",
        "git@github.com",
        "https://user:pass@shop.fi/",
    ],
)
def test_what_only_looks_like_an_address_is_left_out(line: str) -> None:
    assert emails.in_line(line, "www.shop.fi") == []


def test_a_reserved_domain_exists_only_for_pages_on_one() -> None:
    assert emails.in_line("info@shop.test", "www.shop.fi") == []
    assert emails.in_line("info@shop.test", "127.0.0.7") == ["info@shop.test"]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("info@shop.fi", "role"),
        ("sales.fi@shop.fi", "role"),
        ("kahvila@kahvila-lumi.fi", "role"),
        ("anna.virtanen@shop.fi", "person"),
        ("shop@gmail.com", "webmail"),
        ("shop@yahoo.co.uk", "webmail"),
    ],
)
def test_an_address_tells_whose_it_is(address: str, kind: str) -> None:
    assert emails.classify(address).kind == kind


@given(st.text(), st.text(max_size=20))
def test_any_line_can_be_read(line: str, host: str) -> None:
    for address in emails.in_line(f"{line}@{line}", host):
        assert emails.address(address, host) == address
