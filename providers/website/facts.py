"""What can be said of a business from its own website, each value with where and how it was read.

These classes are all that the rest of MapTargeter sees of a page: no parser, no markup. Two contradicting values are
both kept, the better evidenced first; who is right is for the reader to judge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Method = Literal[
    "mailto", "tel", "link", "text", "obfuscated", "cloudflare", "json-ld", "microdata", "rdfa", "meta", "legal"
]
"""How a value was read. ``link`` is an ordinary link, ``legal`` a label of a legal notice beside the value,
``obfuscated`` an address that was hidden from robots in the text ("info (at) ...")."""

EmailKind = Literal["role", "person", "webmail"]
PhoneKind = Literal["landline", "mobile", "fax", "unknown"]
PageKind = Literal["home", "contact", "about", "legal", "locations", "team", "other"]
PageStatus = Literal["ok", "empty", "parked", "dead"]
"""``parked``: a registrar's or dealer's page for an unused domain. ``dead``: a hoster's or server's default page, an
error shown with status 200, a suspended account, a site still to come. ``empty``: nothing to read, as on pages made by
scripts only."""
SiteStatus = Literal["ok", "no_https", "social_only", "empty", "parked", "dead"]
WebsiteKind = Literal["own", "social", "directory", "builder"]

_CERTAIN = 0.99


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where and how a value was read. ``confidence`` is 0 to 1: how often such a reading is right."""

    source_url: str
    method: Method
    confidence: float


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value and at least one piece of evidence for it, the best first."""

    value: T
    evidence: tuple[Evidence, ...]

    @property
    def confidence(self) -> float:
        """0 to 1; more than the best evidence alone if others, read differently, agree."""
        return agreed(self.evidence)


def agreed(evidence: Iterable[Evidence]) -> float:
    """Return how sure all the evidence makes a value: each way of reading counts once, at its best."""
    best: dict[str, float] = {}
    for piece in evidence:
        best[piece.method] = max(best.get(piece.method, 0.0), piece.confidence)
    doubt = 1.0
    for confidence in best.values():
        doubt *= 1 - confidence
    return round(min(_CERTAIN, 1 - doubt), 3)


@dataclass(frozen=True, slots=True)
class Email:
    """``address`` in lower case, its domain in IDNA form. ``webmail`` is a mailbox at a public provider, ``role`` a
    function (info@, sales@), ``person`` anything else: it may name somebody."""

    address: str
    kind: EmailKind


@dataclass(frozen=True, slots=True)
class Phone:
    """``e164`` is unique. ``raw`` is as written. ``valid`` is False for a number that was published as one and is
    long enough to be dialled, but lies in no range known to be in use."""

    e164: str
    raw: str
    kind: PhoneKind
    extension: str | None = None
    valid: bool = True


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile of the business on a social platform, its URL in the platform's usual form."""

    platform: str
    url: str


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the same site; ``score`` is above 0 and higher for pages likelier to hold contact data."""

    url: str
    kind: PageKind
    score: float


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as the page's structured data states it; ``country`` is ISO 3166-1 alpha-2."""

    street: str | None = None
    city: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """Degrees WGS84."""

    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class Rating:
    """``value`` on a scale of 0 to 5, whatever the page's own scale; ``count`` of ratings or reviews, if stated."""

    value: float
    count: int | None = None


@dataclass(frozen=True, slots=True)
class LegalId:
    """A number in a public register, without spaces; checked by its check digits where it has any.

    ``scheme`` is ``vat`` or the register's name for its number: ``y-tunnus``, ``hrb``, ``siren``, ``crn``, ...
    ``registry`` is the court or register, where the number is only unique within it.
    """

    scheme: str
    value: str
    country: str
    registry: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a page says, or the pages of a site together: each list ranked, the likeliest first, conflicting values kept
    behind it.

    ``languages`` are BCP 47 tags, a page's own first, then those it has translations in. ``hours`` are OpenStreetMap
    opening_hours texts.
    """

    title: str | None = None
    description: str | None = None
    languages: tuple[str, ...] = ()
    generator: str | None = None
    builder: str | None = None
    technologies: tuple[str, ...] = ()
    copyright_year: int | None = None
    mobile_viewport: bool = False
    emails: tuple[Found[Email], ...] = ()
    phones: tuple[Found[Phone], ...] = ()
    profiles: tuple[Found[Profile], ...] = ()
    names: tuple[Found[str], ...] = ()
    hours: tuple[Found[str], ...] = ()
    addresses: tuple[Found[Address], ...] = ()
    locations: tuple[Found[Location], ...] = ()
    ratings: tuple[Found[Rating], ...] = ()
    price_levels: tuple[Found[int], ...] = ()
    legal_names: tuple[Found[str], ...] = ()
    legal_forms: tuple[Found[str], ...] = ()
    legal_ids: tuple[Found[LegalId], ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Contents):
    """Everything found on one page. ``url`` is where it was fetched, after redirects.

    ``refresh_url`` is where a page sends its reader on without HTTP (meta refresh, a frame set's main frame).
    """

    url: str
    kind: PageKind = "other"
    status: PageStatus = "ok"
    site_name: str | None = None
    contact_form: bool = False
    refresh_url: str | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteFacts(Contents):
    """What a site's pages say together.

    ``https`` is whether the first page came by it. ``status`` is the worst that is true: dead, parked, empty,
    social_only (the only page is on somebody else's platform), no_https, ok.
    """

    url: str | None = None
    status: SiteStatus = "empty"
    kind: WebsiteKind = "own"
    https: bool = False
    contact_pages: tuple[str, ...] = ()
    has_contact_form: bool = False
    pages_read: tuple[str, ...] = ()
