"""From the pages of a site to what the site says, the best first."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from providers.website import emails, standing
from providers.website.facts import Evidence, Found, Page, PageKind, SiteFacts, SiteStatus, WebsiteKind

T = TypeVar("T")
MAX_EVIDENCE = 20
MAX_VALUES = 100
_WEIGHT: dict[PageKind, int] = {"contact": 2, "legal": 2, "home": 1, "about": 1}


def merged(found: Iterable[Found[T]], key: Callable[[T], Hashable] | None = None) -> tuple[Found[T], ...]:
    """Return each value once with all evidence for it, the surest first; equal ones in the order given.

    ``key`` tells what makes two values one; the first of them is kept.
    """
    groups: dict[Hashable, tuple[T, dict[Evidence, None]]] = {}
    for one in found:
        group = groups.setdefault(key(one.value) if key else one.value, (one.value, {}))
        group[1].update(dict.fromkeys(one.evidence))
    whole = [Found(value, _best_first(evidence)) for value, evidence in groups.values()]
    return tuple(sorted(whole, key=lambda one: -one.confidence)[:MAX_VALUES])


def combine(pages: Iterable[Page]) -> SiteFacts:
    """Return what the pages of one site say together; the first page is the one the site was entered by.

    One value found in several places is one entry with all the evidence. Ranked by confidence; a value found on a
    contact or legal page, or on several pages, comes before one that was found once in passing.
    """
    read = list(pages)
    if not read:
        return SiteFacts()
    weight = {page.url: _WEIGHT.get(page.kind, 0) for page in read}
    kind, status = _standing(read)
    usable = [page for page in read if page.status not in ("parked", "dead")]
    return SiteFacts(
        url=read[0].url,
        status=status,
        kind=kind,
        https=read[0].url.startswith("https:"),
        mobile_viewport=any(page.mobile_viewport for page in read),
        has_contact_form=any(page.contact_form for page in usable),
        contact_pages=_contact_pages(usable),
        pages_read=tuple(page.url for page in read),
        title=_first(page.title for page in read),
        description=_first(page.description for page in read),
        languages=tuple(dict.fromkeys(tag for page in read for tag in page.languages)),
        generator=_first(page.generator for page in read),
        builder=_first(page.builder for page in read),
        technologies=tuple(sorted({name for page in read for name in page.technologies})),
        copyright_year=max((page.copyright_year for page in read if page.copyright_year), default=None),
        emails=_ranked((page.emails for page in usable), weight, lambda email: email.address),
        phones=_ranked((page.phones for page in usable), weight, lambda phone: phone.e164),
        profiles=_ranked((page.profiles for page in usable), weight, lambda profile: profile.url.lower()),
        names=_ranked((page.names for page in usable), weight),
        hours=_ranked((page.hours for page in usable), weight),
        addresses=_ranked((page.addresses for page in usable), weight),
        locations=_ranked((page.locations for page in usable), weight),
        ratings=_ranked((page.ratings for page in usable), weight),
        price_levels=_ranked((page.price_levels for page in usable), weight),
        legal_names=_ranked((page.legal_names for page in usable), weight, str.lower),
        legal_forms=_ranked((page.legal_forms for page in usable), weight),
        legal_ids=_ranked((page.legal_ids for page in usable), weight, lambda one: (one.scheme, one.value)),
    )


def _ranked(
    groups: Iterable[Sequence[Found[T]]], weight: dict[str, int], key: Callable[[T], Hashable] | None = None
) -> tuple[Found[T], ...]:
    """The values of all pages, those that more and likelier pages give first among equally sure ones."""
    whole = merged((one for group in groups for one in group), key)

    def rank(one: Found[T]) -> tuple[float, int]:
        urls = {piece.source_url for piece in one.evidence}
        return -round(one.confidence, 1), -sum(1 + weight.get(url, 0) for url in urls)

    return tuple(sorted(whole, key=rank))


def _best_first(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(evidence, key=lambda piece: -piece.confidence)[:MAX_EVIDENCE])


def _standing(pages: Sequence[Page]) -> tuple[WebsiteKind, SiteStatus]:
    first = pages[0]
    host = emails.host_of(first.url)
    kind = standing.kind_of(host, emails.registrable(host))
    if first.status in ("parked", "dead"):
        return kind, first.status
    if kind == "social":
        return kind, "social_only"
    if all(page.status == "empty" for page in pages):
        return kind, "empty"
    return kind, "ok" if first.url.startswith("https:") else "no_https"


def _contact_pages(pages: Sequence[Page]) -> tuple[str, ...]:
    """Contact pages that were read, then those that were only linked to."""
    read = [page.url for page in pages if page.kind == "contact"]
    linked = [link.url for page in pages for link in page.links if link.kind == "contact" and link.score > 0.5]
    return tuple(dict.fromkeys([*read, *linked]))[:10]


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)
