"""Are two records the same business? Pure, and cautious: a wrong merge hides a lead, a missed one only shows it twice.

The rules were drawn from real neighbours. A café and the bar next door are called Café X and Cave X; a shop in a
mall has a sister of the same name 30 m away on another floor; two firms behind one door share a telephone. So a
likeness in name only counts where the kind of business agrees, nothing that both records state disagrees, and the
distance is one at which such a pair has been seen to be one business.
"""

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from urllib.parse import urlsplit

from rapidfuzz import fuzz, process

from core import text

SAME_KIND_M = 25.0
"""Two points of one source were mapped as two on purpose, unless they all but touch."""
NAME_M = 60.0
"""A point and the outline around it, or two sources, with the same name."""
CONTACT_M = 150.0
"""The same, when they share a phone or a website too."""
ALIKE = 90.0

_CELL_DEGREES = 0.0006  # of latitude: 66 m, a little over NAME_M
_METRES_PER_DEGREE = 111_320.0
_SHARED_HOSTS = frozenset(
    {
        "facebook.com", "m.facebook.com", "instagram.com", "twitter.com", "x.com", "linkedin.com", "youtube.com",
        "tiktok.com", "linktr.ee", "sites.google.com", "business.site", "yelp.com", "tripadvisor.com", "booking.com",
        "wolt.com", "foodora.fi", "google.com", "goo.gl", "maps.app.goo.gl",
    }
)  # fmt: skip


def is_shared(host: str) -> bool:
    """Tell whether many businesses have their pages on this host."""
    return host in _SHARED_HOSTS


Lineage = Callable[[str], tuple[str, ...]]
"""The categories above one, from the top down, ending with itself."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells one business from another. Empty where a record does not say."""

    names: tuple[str, ...]  # folded, words in alphabetical order
    category: str
    lat: float
    lon: float
    kinds: frozenset[str] = frozenset()  # "osm/node": sources and, where they have such, kinds of record
    phones: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    pages: frozenset[str] = frozenset()  # pages below the front page of a site
    street: str = ""
    house_numbers: frozenset[int] = frozenset()
    unit: str = ""
    brand: str = ""
    hours: str = ""
    numbers: frozenset[str] = field(default=frozenset())  # words with a digit in the first name
    town: str = ""


def sorted_name(name: str) -> str:
    """Return the form of a name that is compared: folded words in alphabetical order."""
    return " ".join(sorted(text.tokens(name)))


def numbers_in(name: str) -> frozenset[str]:
    """Return the words of a sorted name that hold a digit: Gate 1 is not Gate 2."""
    return frozenset(word for word in name.split() if any(map(str.isdigit, word)))


def kind_of(source: str, record_id: str) -> str:
    """Return the source and its kind of record: ``osm/node`` of ``osm``, ``node/17``."""
    head, slash, _ = record_id.partition("/")
    return f"{source}/{head}" if slash else source


def house_numbers(written: str | None) -> frozenset[int]:
    """Return the numbers a house number stands for: ``14-20 B`` is 14 to 20; nothing for none."""
    found = [int(digits[:6]) for digits in re.findall(r"[0-9]+", written or "")]
    if len(found) == 2 and "-" in str(written) and 0 <= found[1] - found[0] <= 100:
        return frozenset(range(found[0], found[1] + 1))
    return frozenset(found)


def sites_and_pages(urls: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the sites that belong to the business alone, and its own pages on any site."""
    sites, pages = set(), set()
    for url in urls:
        parts = urlsplit(url.lower())
        host, path = parts.netloc.removeprefix("www."), parts.path.rstrip("/")
        if host not in _SHARED_HOSTS:
            sites.add(host)
        if path:
            pages.add(host + path)
    return frozenset(sites), frozenset(pages)


def metres(a: Signs, b: Signs) -> float:
    """Return the distance on a sphere, good to 0.5 % over the few hundred metres it is used for."""
    east = (a.lon - b.lon) * math.cos(math.radians((a.lat + b.lat) / 2))
    return math.hypot(a.lat - b.lat, east) * _METRES_PER_DEGREE


def same_business(a: Signs, b: Signs, lineage: Lineage) -> bool:
    """Tell whether ``a`` and ``b`` are one business. Symmetric."""
    contact = bool(a.phones & b.phones or a.sites & b.sites)
    same_kind = bool(a.kinds & b.kinds)
    if not _named_alike(a, b, loosely=contact and not same_kind) or not _fitting(a, b, lineage):
        return False
    reach = SAME_KIND_M if same_kind else CONTACT_M if contact else NAME_M
    return metres(a, b) <= reach and not _disagree(a, b, contact)


def _named_alike(a: Signs, b: Signs, loosely: bool) -> bool:
    """Compare all names of one with all of the other. Loosely, one name may have words more than the other."""
    score = fuzz.token_set_ratio if loosely else fuzz.ratio
    return any(score(left, right, score_cutoff=ALIKE) for left in a.names for right in b.names)


def _fitting(a: Signs, b: Signs, lineage: Lineage) -> bool:
    """Tell whether the kinds of business agree; kinds that merely belong together need the very same name."""
    if a.category == b.category or not (a.category and b.category):
        return True
    above_a, above_b = lineage(a.category), lineage(b.category)
    if a.category in above_b or b.category in above_a:
        return True
    return above_a[:1] == above_b[:1] and not set(a.names).isdisjoint(b.names)


def _disagree(a: Signs, b: Signs, contact: bool) -> bool:
    """Tell whether both say something about the same thing that cannot both be true of one business."""
    pairs = ((a.phones, b.phones), (a.sites, b.sites), (a.pages, b.pages))
    return (
        any(left and right and left.isdisjoint(right) for left, right in pairs)
        or any(_differ(left, right) for left, right in ((a.unit, b.unit), (a.brand, b.brand)))
        or a.numbers != b.numbers
        or _other_address(a, b)
        or (not contact and _differ(a.hours, b.hours))
    )


def _differ(left: str, right: str) -> bool:
    return bool(left and right and left != right)


def _other_address(a: Signs, b: Signs) -> bool:
    known = a.street and b.street and a.house_numbers and b.house_numbers
    return bool(known) and (a.street != b.street or a.house_numbers.isdisjoint(b.house_numbers))


@dataclass(slots=True)
class Finder:
    """Finds the record that a new one duplicates, among thousands, by looking only at its neighbours.

    A record is known by a number; one number may be added with several ``Signs`` (a merged business). Nothing is
    returned that disagrees with any of them. Between two at the same distance the smaller number wins.
    """

    lineage: Lineage
    _members: dict[int, list[Signs]] = field(default_factory=dict)
    _near: dict[tuple[int, int], list[tuple[str, int]]] = field(default_factory=dict)  # names in a cell
    _by_contact: dict[str, list[int]] = field(default_factory=dict)
    _by_street: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def add(self, number: int, signs: Signs) -> None:
        """Make ``signs`` findable as ``number``."""
        self._members.setdefault(number, []).append(signs)
        row = _row(signs.lat)
        self._near.setdefault((row, _column(row, signs.lon)), []).extend((name, number) for name in signs.names)
        for contact in chain(signs.phones, signs.sites):
            self._by_contact.setdefault(contact, []).append(number)
        if signs.street and signs.town:
            self._by_street.setdefault((signs.street, signs.town), []).append(number)

    def find(self, signs: Signs) -> int | None:
        """Return the nearest number that is the same business, or None."""
        judged = (self._judge(number, signs) for number in self._candidates(signs))
        best = min(filter(None, judged), default=None)
        return best[1] if best else None

    def find_anywhere(self, signs: Signs) -> int | None:
        """Return the one number that is the same business although ``signs`` do not say where it is.

        A contact or an address that both have stands for the place. None, too, if there are several.
        """
        sharing = {
            number for contact in chain(signs.phones, signs.sites) for number in self._by_contact.get(contact, ())
        }
        sharing.update(
            number
            for number in self._by_street.get((signs.street, signs.town), ())
            if any(signs.house_numbers & member.house_numbers for member in self._members[number])
        )
        judged = {number for number in sharing if self._is_same(number, signs)}
        return judged.pop() if len(judged) == 1 else None

    def _is_same(self, number: int, signs: Signs) -> bool:
        member = self._members[number][0]
        return self._judge(number, replace(signs, lat=member.lat, lon=member.lon)) is not None

    def _judge(self, number: int, signs: Signs) -> tuple[float, int] | None:
        members = self._members[number]
        if any(_disagree(signs, member, True) for member in members):  # first, as it is the quickest to tell
            return None
        if not any(same_business(signs, member, self.lineage) for member in members):
            return None
        return min(metres(signs, member) for member in members), number

    def _candidates(self, signs: Signs) -> set[int]:
        """Return who is near and called alike, and who shares a contact: the others need no judging."""
        rows = range(_row(signs.lat) - 1, _row(signs.lat) + 2)
        cells = [(row, _column(row, signs.lon) + side) for row in rows for side in (-1, 0, 1)]
        near = [named for cell in cells for named in self._near.get(cell, ())]
        names = [name for name, _ in near]
        found: set[int] = set()
        for name in signs.names:
            alike = process.extract(name, names, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=None)
            found.update(near[place][1] for _, _, place in alike)
        for contact in chain(signs.phones, signs.sites):
            found.update(self._by_contact.get(contact, ()))
        return found


def _row(lat: float) -> int:
    return math.floor(lat / _CELL_DEGREES)


def _column(row: int, lon: float) -> int:
    """Return the cell of a row in which a longitude lies; cells are as wide as high, wherever the row is."""
    return math.floor(lon / _CELL_DEGREES * max(math.cos(math.radians(row * _CELL_DEGREES)), 0.01))
