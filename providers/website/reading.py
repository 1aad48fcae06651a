"""From the bytes of one page to everything that can be read in it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from urllib.parse import parse_qs, unquote

from selectolax.lexbor import LexborHTMLParser

from providers.website import (
    business,
    company_names,
    decoding,
    document,
    emails,
    hidden,
    legal,
    numbers,
    profiles,
    regions,
    standing,
    structured,
    technology,
    visiting,
)
from providers.website.combining import merged
from providers.website.document import Document, attribute
from providers.website.facts import Email, Evidence, Found, Method, Page, Profile

MAX_LINES = 1_000
"""Of lines with an address in them; a page with more is a list of something else."""
_MAILTO = re.compile(r"\s{0,9}mailto:\s{0,9}", re.IGNORECASE)
_EMAIL_SURE: dict[Method, float] = {"mailto": 0.95, "cloudflare": 0.95, "text": 0.9, "obfuscated": 0.85, "link": 0.7}
_ELSEWHERE = 0.85
"""An address at another company's domain may be the web agency's: that much less sure."""
_EMBEDS = 'blockquote[class*="twitter-tweet"], blockquote[class*="instagram-media"], blockquote[class*="tiktok-embed"]'
_YEAR = re.compile(r"(?:©|\(c\)|copyright)\D{0,40}((?:19|20)\d\d)(?:\s?-\s?((?:19|20)\d\d))?", re.IGNORECASE)


def read_page(url: str, body: bytes, content_type: str | None = None, country: str | None = None) -> Page:
    """Return everything found in ``body``, an HTML page fetched from ``url`` (absolute, after redirects). Never raises.

    ``content_type`` is the header as sent. ``country`` (ISO 3166-1 alpha-2) is where the business is: local telephone
    numbers are meant there; without it the page's own hints are used. Takes time linear in the size of ``body``.
    """
    html = decoding.decode(body, content_type)[: document.MAX_CHARS]
    tree = document.parse(html)
    page = replace(_head(url, html, tree), contact_form=has_contact_form(tree))
    items = structured.items(tree)
    concealed = _concealed(tree, url)
    target = standing.script_target(tree)
    for node in tree.css(_EMBEDS):
        node.decompose()
    seen = document.read(url, tree)
    where = regions.of_page(url, country, page.languages, business.countries(items))
    page = replace(
        page,
        status=standing.status(seen, html, tree, page.title),
        refresh_url=standing.refresh(seen, tree, target),
        copyright_year=_copyright_year(seen),
    )
    return _with_facts(page, seen, items, concealed, where)


def _head(url: str, html: str, tree: LexborHTMLParser) -> Page:
    """What a page says of itself rather than of the business."""
    title = tree.css_first("head title") or tree.css_first("title")
    said = " ".join(title.text().split())[:300] if title else ""
    made = technology.read(html, tree)
    return Page(
        url,
        kind=visiting.kind_of(url, said),
        title=said or _meta(tree, "og:title"),
        description=_meta(tree, "description") or _meta(tree, "og:description"),
        site_name=_meta(tree, "og:site_name"),
        languages=regions.languages(tree),
        generator=made.generator,
        builder=made.builder,
        technologies=made.technologies,
        mobile_viewport="width" in (_meta(tree, "viewport") or "").replace(" ", "").lower(),
    )


def _with_facts(
    page: Page,
    seen: Document,
    items: Sequence[tuple[Method, structured.Node]],
    concealed: Sequence[Found[Email]],
    where: Sequence[str],
) -> Page:
    stated = business.read(items, page.url, where)
    is_legal = page.kind == "legal"
    companies = company_names.names(seen, is_legal)
    return replace(
        page,
        emails=merged([*_emails(seen), *concealed, *stated.emails], lambda email: email.address),
        phones=merged([*numbers.found(seen, where), *stated.phones], lambda phone: phone.e164),
        profiles=merged([*_profiles(seen), *stated.profiles], lambda profile: profile.url.lower()),
        names=merged(stated.names),
        hours=merged(stated.hours),
        addresses=merged(stated.addresses),
        locations=merged(stated.locations),
        ratings=merged(stated.ratings),
        price_levels=merged(stated.price_levels),
        legal_names=merged([*stated.legal_names, *_by_notice(page.url, ((name, sure) for name, _, sure in companies))]),
        legal_forms=merged(_by_notice(page.url, ((form, sure) for _, form, sure in companies))),
        legal_ids=merged([*legal.ids(seen, where), *stated.legal_ids], lambda one: (one.scheme, one.value)),
        links=visiting.links(seen),
    )


def _by_notice(url: str, values: Iterable[tuple[str, float]]) -> list[Found[str]]:
    return [Found(value, (Evidence(url, "legal", sure),)) for value, sure in values]


def _meta(tree: LexborHTMLParser, name: str) -> str | None:
    node = tree.css_first(f'meta[name="{name}" i], meta[property="{name}" i]')
    return " ".join(attribute(node, "content").split())[:1000] or None if node else None


def _found_email(address: str, url: str, method: Method) -> Found[Email]:
    email = emails.classify(address)
    domain = address.partition("@")[2]
    own = emails.registrable(domain) == emails.registrable(emails.host_of(url)) or email.kind == "webmail"
    sure = _EMAIL_SURE[method] if own else _EMAIL_SURE[method] * _ELSEWHERE
    return Found(email, (Evidence(url, method, round(sure, 3)),))


def _concealed(tree: LexborHTMLParser, url: str) -> list[Found[Email]]:
    """Addresses hidden from robots in the markup itself; read before scripts and styles are taken out."""
    host = emails.host_of(url)
    ways: tuple[tuple[Method, list[str]], ...] = (
        ("cloudflare", hidden.cloudflare(tree, host)),
        ("obfuscated", hidden.reversed_text(tree, host)),
        ("obfuscated", hidden.attributes(tree, host)),
        ("obfuscated", hidden.scripted(tree, host)),
    )
    return [_found_email(address, url, method) for method, found in ways for address in found]


def _emails(seen: Document) -> list[Found[Email]]:
    host = emails.host_of(seen.url)
    found = [_found_email(one, seen.url, "mailto") for anchor in seen.anchors for one in _mailto(anchor.href, host)]
    for line in islice((line for line in seen.lines if "@" in line), MAX_LINES):
        found += [_found_email(one, seen.url, "text") for one in emails.in_line(line, host)]
        found += [_found_email(one, seen.url, "obfuscated") for one in hidden.turned(line, host)]
    if hidden.is_spelled_somewhere("\n".join(seen.lines)):
        spelled = (one for line in seen.lines[: 10 * MAX_LINES] for one in hidden.spelled(line, host))
        found += [_found_email(one, seen.url, "obfuscated") for one in spelled]
    return found


def _mailto(href: str, host: str) -> list[str]:
    """The addresses of a mailto link (RFC 6068), encoded or not; those in its subject and body are not meant."""
    hit = _MAILTO.match(href)
    if not hit:
        return []
    raw, _, query = href[hit.end() :].partition("?")
    parts = re.split(r"[,;]", unquote(unquote(raw)))
    for name in ("to", "cc"):
        parts += [
            one for value in parse_qs(query[:2000], max_num_fields=20).get(name, []) for one in re.split(r"[,;]", value)
        ]
    found = []
    for part in parts[:20]:
        found += emails.in_line(part, host) or hidden.spelled(part, host)
    return list(dict.fromkeys(found))


def _profiles(seen: Document) -> list[Found[Profile]]:
    hrefs = dict.fromkeys(anchor.href for anchor in seen.anchors if profiles.is_likely(anchor.href))
    urls = [url for href in hrefs if (url := seen.absolute(href))]
    return [Found(one, (Evidence(seen.url, "link", 0.9),)) for one in profiles.profiles(urls)]


def _copyright_year(seen: Document) -> int | None:
    years = [int(hit[2] or hit[1]) for line in seen.lines[-40:] if (hit := _YEAR.search(line))]
    return max(years, default=None)


def has_contact_form(tree: LexborHTMLParser) -> bool:
    """Tell whether a page has a form to write a message with: a text area and a field for who writes, or a service."""
    for form in tree.css("form")[:30]:
        action = attribute(form, "action") + attribute(form, "role") + attribute(form, "class") + attribute(form, "id")
        if re.search(r"search|login|comment|newsletter|subscribe|cart|wp-login|mc-embedded", action, re.IGNORECASE):
            continue
        if form.css_first("textarea") and form.css_first(
            'input[type="email" i], input[type="text" i], input:not([type])'
        ):
            return True
    services = (
        "typeform.com,jotform.com,forms.gle,docs.google.com/forms,formspree.io,wufoo.com,cognitoforms.com,paperform.co"
    )
    return any(
        tree.css_first(f'iframe[src*="{one}"], form[action*="{one}"]') is not None for one in services.split(",")
    )
