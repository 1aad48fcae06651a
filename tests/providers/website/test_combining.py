from providers.website import combine, read_page
from providers.website.combining import merged
from providers.website.facts import Evidence, Found, SiteFacts

URL = "https://www.lumi.fi/"


def test_one_value_on_two_pages_is_one_entry_with_both_as_evidence() -> None:
    home = read_page(URL, b"<p>info@lumi.fi <a href=/contact>Contact</a> agency@else.fi")
    contact = read_page(
        URL + "contact", b"<a href=mailto:info@lumi.fi>info@lumi.fi</a> boss@lumi.fi <form><input><textarea>"
    )

    facts = combine([home, contact])

    assert [one.value.address for one in facts.emails] == ["info@lumi.fi", "boss@lumi.fi", "agency@else.fi"]
    assert {piece.source_url for piece in facts.emails[0].evidence} == {URL, URL + "contact"}
    assert {piece.method for piece in facts.emails[0].evidence} == {"mailto", "text"}
    assert facts.contact_pages == (URL + "contact",)
    assert facts.has_contact_form
    assert facts.https


def test_agreeing_ways_of_reading_make_a_value_surer() -> None:
    once = Evidence(URL, "text", 0.9)

    (alone,) = merged([Found("a", (once,)), Found("a", (once,))])
    (both,) = merged([Found("a", (once,)), Found("a", (Evidence(URL, "mailto", 0.5),))])

    assert alone.confidence == 0.9
    assert both.confidence == 0.95


def test_conflicting_values_are_kept_the_better_evidenced_first() -> None:
    html = b'<script type="application/ld+json">[{"@type":"Cafe","openingHours":"Mo 8-16"}]</script>'
    other = html.replace(b"8-16", b"9-17")

    facts = combine([read_page(URL, html), read_page(URL + "contact", other), read_page(URL + "impressum", other)])

    assert [one.value for one in facts.hours] == ["Mo 09:00-17:00", "Mo 08:00-16:00"]


def test_no_pages_say_nothing() -> None:
    assert combine([]) == SiteFacts()
