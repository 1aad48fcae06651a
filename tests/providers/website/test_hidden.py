import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.website import hidden
from providers.website.document import parse

HOST = "www.shop.fi"


@pytest.mark.parametrize(
    ("line", "address"),
    [
        ("info (at) shop (dot) fi", "info@shop.fi"),
        ("info [ät] shop.fi", "info@shop.fi"),
        ("info(a)shop.fi", "info@shop.fi"),
        ("info at shop dot fi", "info@shop.fi"),
        ("Email: info at shop.fi", "info@shop.fi"),
        ("info @ shop.fi", "info@shop.fi"),
        ("anna (dot) v (at) shop (dot) co (dot) uk", "anna.v@shop.co.uk"),
        ("info [arroba] shop [punto] es", "info@shop.es"),
        ("kontakt(małpa)kwiaty.pl", "kontakt@kwiaty.pl"),
        ("contact (chez) shop point fr", "contact@shop.fr"),
        ("info{at}shop{dot}com", "info@shop.com"),
        ("info <at> shop.de", "info@shop.de"),
        ("sales AT shop DOT com", "sales@shop.com"),
        ("info@shop(punkt)de", "info@shop.de"),
        ("penzion(zavináč)shop.cz", "penzion@shop.cz"),
    ],
)
def test_a_spelled_address_is_read(line: str, address: str) -> None:
    assert hidden.spelled(line, HOST) == [address]
    assert hidden.is_spelled_somewhere(line)


@pytest.mark.parametrize("line", ["Visit us at shop.fi", "follow us @ shop.com", "a table (a) great place", "at 5.30"])
def test_an_ordinary_at_is_no_address(line: str) -> None:
    assert hidden.spelled(line, HOST) == []


def test_cloudflare_s_hex_is_read() -> None:
    code = "42" + "".join(f"{ord(char) ^ 0x42:02x}" for char in "info@shop.fi")

    html = f'<a href="/cdn-cgi/l/email-protection#{code}"><span data-cfemail="{code}">[email protected]</span></a>'

    assert hidden.cloudflare(parse(html)) == ["info@shop.fi"]


@pytest.mark.parametrize(
    "html",
    [
        '<style>.r{unicode-bidi:bidi-override;direction:rtl}</style><i class="r">if.pohs@ofni</i>',
        '<bdo dir="rtl">if.pohs@ofni</bdo>',
    ],
)
def test_text_turned_round_is_turned_back(html: str) -> None:
    assert hidden.reversed_text(parse(html)) == ["info@shop.fi"]


@pytest.mark.parametrize(
    "html",
    [
        "<a data-user=info data-domain=shop.fi></a>",
        "<a data-name=info data-domain=shop data-tld=fi></a>",
        '<a data-enc-email="vasb[at]fubc.sv"></a>',
        '<a data-email="aW5mb0BzaG9wLmZp"></a>',
    ],
)
def test_addresses_in_attributes_are_put_together(html: str) -> None:
    assert hidden.attributes(parse(html)) == ["info@shop.fi"]


@pytest.mark.parametrize(
    "html",
    [
        """<script>document.write('<a href="mai'+'lto:in'+'fo@sh'+'op.fi">x</a>')</script>""",
        """<script>var a1 = 'info' + '&#64;'; a1 = a1 + 'shop' + '&#46;' + 'fi';</script>""",
        """<a href="javascript:linkTo_UnCryptMailto('ocknvq,kphqBujqr0hk');">mail</a>""",
    ],
)
def test_scripts_that_write_an_address_are_read(html: str) -> None:
    assert hidden.scripted(parse(html)) == ["info@shop.fi"]


@given(st.text(alphabet="info (at)[dot]@.shpä <>{}-_", max_size=300))
def test_any_line_can_be_spelled(line: str) -> None:
    for address in hidden.spelled(line, HOST):
        assert "@" in address
