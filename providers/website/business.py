"""What a page's structured data says about the business, and not about its products, events, reviewers or software."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from providers.website import emails, hidden, hours, legal, numbers, profiles
from providers.website.facts import Address, Email, Evidence, Found, LegalId, Location, Method, Phone, Profile, Rating
from providers.website.structured import MAX_DEPTH, Node, nodes, text, texts, types, values
from providers.website.words import words

_SURE = 0.95
_NOT_A_BUSINESS = words(
    """
    WebSite WebPage AboutPage ContactPage CollectionPage ItemPage FAQPage SearchResultsPage ProfilePage
    BreadcrumbList ListItem ItemList Article NewsArticle BlogPosting Blog Product ProductGroup Offer AggregateOffer
    Review AggregateRating Rating Person ImageObject VideoObject Event MusicEvent Recipe HowTo Question Answer
    SearchAction ReadAction PostalAddress GeoCoordinates OpeningHoursSpecification ContactPoint JobPosting Course
    Book Movie SoftwareApplication MobileApplication WebApplication SiteNavigationElement WPHeader WPFooter
    WPSideBar EntryPoint PropertyValue QuantitativeValue Country City Menu MenuItem MenuSection Service Brand
    CreativeWork Comment Thing Date SpeakableSpecification MonetaryAmount
    """
)
_TELLING = words(
    "telephone faxNumber address email openingHours openingHoursSpecification geo vatID taxID priceRange"
    " aggregateRating review servesCuisine legalName"
)
_ORGANIZATIONS = words("Organization Corporation NGO OnlineBusiness OnlineStore EducationalOrganization LocalBusiness")
_INNER = sorted(
    words(
        "contactPoint contactPoints department location subOrganization mainEntity mainEntityOfPage about publisher"
        " provider hasPOS isPartOf copyrightHolder sourceOrganization creator containsPlace owns itemListElement item"
    )
)
_COUNTRIES = {
    "FI": "finland suomi finnland finlande finlandia", "SE": "sweden sverige schweden suède ruotsi suecia svezia",
    "NO": "norway norge norwegen norvège norja noruega", "DK": "denmark danmark dänemark danemark tanska dinamarca",
    "DE": "germany deutschland allemagne alemania germania saksa niemcy duitsland tyskland",
    "AT": "austria österreich autriche itävalta oostenrijk", "CH": "switzerland schweiz suisse svizzera suiza sveitsi",
    "FR": "france frankreich francia ranska frankrijk francja",
    "ES": "spain españa espagne spanien spagna espanja spanje",
    "IT": "italy italia italie italien italië włochy", "NL": "netherlands nederland niederlande alankomaat",
    "BE": "belgium belgië belgique belgien", "PL": "poland polska polen pologne puola", "PT": "portugal",
    "EE": "estonia eesti estland viro", "LV": "latvia latvija", "LT": "lithuania lietuva", "IE": "ireland éire irland",
    "CZ": "czechia česko", "SK": "slovakia slovensko", "HU": "hungary magyarország", "GR": "greece ελλάδα",
    "US": "usa", "CA": "canada", "AU": "australia", "NZ": "aotearoa", "JP": "japan 日本", "MC": "monaco",
    "LU": "luxembourg",
}  # fmt: skip
_COUNTRY_OF = {name: code for code, names in _COUNTRIES.items() for name in names.split()} | {
    "united kingdom": "GB", "great britain": "GB", "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "united states": "US", "united states of america": "US", "new zealand": "NZ", "the netherlands": "NL",
    "czech republic": "CZ", "česká republika": "CZ", "großbritannien": "GB",
}  # fmt: skip


@dataclass(slots=True)
class Stated:
    """What structured data states, field by field, in the order of the page."""

    names: list[Found[str]] = field(default_factory=list)
    legal_names: list[Found[str]] = field(default_factory=list)
    hours: list[Found[str]] = field(default_factory=list)
    addresses: list[Found[Address]] = field(default_factory=list)
    locations: list[Found[Location]] = field(default_factory=list)
    ratings: list[Found[Rating]] = field(default_factory=list)
    price_levels: list[Found[int]] = field(default_factory=list)
    emails: list[Found[Email]] = field(default_factory=list)
    phones: list[Found[Phone]] = field(default_factory=list)
    profiles: list[Found[Profile]] = field(default_factory=list)
    legal_ids: list[Found[LegalId]] = field(default_factory=list)


def countries(items: Iterable[tuple[Method, Node]]) -> list[str]:
    """Return the countries that addresses in the items name, each once."""
    found = [address.country for _, node in businesses(items) if (address := _address(node)) and address.country]
    return list(dict.fromkeys(found))


def businesses(items: Iterable[tuple[Method, Node]]) -> Iterator[tuple[Method, Node]]:
    """Yield the items that are a business, or a way to reach it, wherever they stand in others."""
    stack = [(method, node, 0) for method, node in reversed(list(items))]
    seen: set[int] = set()
    while stack:
        method, node, depth = stack.pop()
        if id(node) in seen or len(seen) > 2_000:
            continue
        seen.add(id(node))
        if _is_business(node):
            yield method, node
        if depth < MAX_DEPTH:
            inner = [one for key in _INNER for one in nodes(node.get(key))]
            stack += [(method, one, depth + 1) for one in reversed(inner)]


def _is_business(node: Node) -> bool:
    kinds = types(node)
    if "ContactPoint" in kinds:
        return True
    if any(kind in _NOT_A_BUSINESS for kind in kinds):
        return False
    named = any(kind in _ORGANIZATIONS or kind.endswith(("Business", "Store")) for kind in kinds)
    return named or any(key in node for key in _TELLING)


def read(items: Sequence[tuple[Method, Node]], url: str, regions: Sequence[str]) -> Stated:
    """Return what the items state about the business; ``url`` is the page's, local numbers are meant in ``regions``."""
    stated = Stated()
    for method, node in list(businesses(items))[:100]:
        evidence = (Evidence(url, method, _SURE),)
        _identity(stated, node, evidence)
        _place(stated, node, evidence)
        _contact(stated, node, url, method, regions)
    return stated


def _identity(stated: Stated, node: Node, evidence: tuple[Evidence, ...]) -> None:
    if "ContactPoint" in types(node):
        return
    if name := text(node.get("name")):
        stated.names.append(Found(name[:200], evidence))
    if name := text(node.get("legalName")):
        stated.legal_names.append(Found(name[:200], evidence))
    for rating in nodes(node.get("aggregateRating")):
        if found := _rating(rating):
            stated.ratings.append(Found(found, evidence))
    if level := _price_level(text(node.get("priceRange")) or ""):
        stated.price_levels.append(Found(level, evidence))


def _place(stated: Stated, node: Node, evidence: tuple[Evidence, ...]) -> None:
    if address := _address(node):
        stated.addresses.append(Found(address, evidence))
    for geo in nodes(node.get("geo")) or [node]:
        if location := _location(geo):
            stated.locations.append(Found(location, evidence))
    if "ContactPoint" not in types(node) and (times := hours.of_item(node)):
        stated.hours.append(Found(times, evidence))


def _contact(stated: Stated, node: Node, url: str, method: Method, regions: Sequence[str]) -> None:
    host = emails.host_of(url)
    for raw in texts(node.get("email")):
        written = raw.replace("mailto:", "").partition("?")[0]
        for one in [*emails.in_line(written, host), *hidden.spelled(written, host)]:
            stated.emails.append(Found(emails.classify(one), (Evidence(url, method, _SURE),)))
    is_fax = "fax" in (text(node.get("contactType")) or "").lower()
    for key, fax in (("telephone", is_fax), ("phone", is_fax), ("mobile", False), ("faxNumber", True)):
        for raw in texts(node.get(key)):
            stated.phones += numbers.stated(raw.removeprefix("tel:"), regions, url, method, fax)
    linked = profiles.profiles([*texts(node.get("sameAs")), *texts(node.get("url"))])
    stated.profiles += [Found(profile, (Evidence(url, method, _SURE),)) for profile in linked]
    for raw in [*texts(node.get("vatID")), *texts(node.get("taxID"))]:
        if number := legal.checked(raw, regions):
            stated.legal_ids.append(Found(number, (Evidence(url, method, _SURE),)))


def _address(node: Node) -> Address | None:
    for one in nodes(node.get("address")):
        address = Address(
            street=text(one.get("streetAddress")),
            city=text(one.get("addressLocality")),
            region=text(one.get("addressRegion")),
            postcode=text(one.get("postalCode")),
            country=_country(text(one.get("addressCountry")) or ""),
        )
        if address.street or address.city or address.postcode:
            return address
    stated = [one for one in values(node.get("address")) if isinstance(one, str) and len(one) > 5]
    return Address(street=" ".join(stated[0].split())[:300]) if stated else None


def _country(raw: str) -> str | None:
    code = raw.strip().upper()
    if re.fullmatch(r"[A-Z]{2}", code) and code != "UK":
        return code
    return _COUNTRY_OF.get(raw.strip().lower())


def _location(node: Node) -> Location | None:
    lat, lon = _number(text(node.get("latitude"))), _number(text(node.get("longitude")))
    if lat is None or lon is None or (lat == 0 and lon == 0) or abs(lat) > 90 or abs(lon) > 180:
        return None
    return Location(lat, lon)


def _rating(node: Node) -> Rating | None:
    value, best = _number(text(node.get("ratingValue"))), _number(text(node.get("bestRating"))) or 5.0
    worst = _number(text(node.get("worstRating"))) or 0.0
    count = _number(text(node.get("reviewCount")) or text(node.get("ratingCount")))
    if value is None or not 0 <= worst <= value <= best or best <= worst:
        return None
    return Rating(round(value * 5 / best, 2), int(count) if count is not None and count >= 0 else None)


def _price_level(raw: str) -> int | None:
    signs = re.fullmatch(r"\s*([$€£¥])(?:\s?\1){0,3}\s*", raw)
    return len(re.findall(r"[$€£¥]", raw)) if signs else None


def _number(raw: str | None) -> float | None:
    hit = re.fullmatch(r"\s*(-?\d{1,9}(?:[.,]\d{1,20})?)\s*(?:/\s*\d+)?", raw or "")
    return float(hit[1].replace(",", ".")) if hit else None
