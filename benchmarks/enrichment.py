"""How well and how fast websites are read: precision and recall per field on labelled pages, and pages a second.

Usage: python -m benchmarks.enrichment [--rounds 20] [--misses]

`benchmarks/data/websites` has the pages, written by hand for invented businesses, with what a person reads in them
in `labels.json`. Nearly half is held out: the reader was measured on those pages before it was improved by what they
showed (docs/benchmarks.md has both figures). Speed is CPU time on one core, beside parsing the same bytes with
selectolax alone. `--misses` lists what was missed or is wrong.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from selectolax.lexbor import LexborHTMLParser

from providers.website import Page, read_page

FOLDER = Path(__file__).parent / "data" / "websites"
FIELDS = ("email", "phone", "fax", "social", "hours", "legal")
AIMS = {"email": (0.97, 0.95), "phone": (0.95, 0.95), "social": (0.99, 0.97)}


@dataclass(frozen=True)
class Labelled:
    """A page and what is to be read in it, field by field."""

    name: str
    body: bytes
    labels: dict[str, Any]

    def read(self) -> Page:
        return read_page(self.labels["url"], self.body, self.labels["content_type"], self.labels["country"])


@dataclass(frozen=True)
class Score:
    """Counts of values over pages."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: "Score") -> "Score":
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


def load() -> list[Labelled]:
    """Return the labelled pages in the order of their names."""
    labels: dict[str, dict[str, Any]] = orjson.loads((FOLDER / "labels.json").read_bytes())
    return [Labelled(name, (FOLDER / f"{name}.html").read_bytes(), labels[name]) for name in sorted(labels)]


def values(page: Page) -> dict[str, set[str]]:
    """Return what a page says in the form of the labels."""
    return {
        "email": {one.value.address for one in page.emails},
        "phone": {one.value.e164 for one in page.phones if one.value.kind != "fax"},
        "fax": {one.value.e164 for one in page.phones if one.value.kind == "fax"},
        "social": {one.value.url for one in page.profiles},
        "hours": {one.value for one in page.hours},
        "legal": {f"{one.value.scheme}:{one.value.value}" for one in page.legal_ids},
    }


def score(pages: Iterable[Labelled], tell: Callable[[str], None] | None = None) -> dict[str, Score]:
    """Return the score of each field over ``pages``; ``tell`` hears of every wrong and every missed value."""
    total = dict.fromkeys(FIELDS, Score())
    for page in pages:
        found = values(page.read())
        for name in FIELDS:
            meant = set(page.labels[name])
            wrong, missed = found[name] - meant, meant - found[name]
            total[name] += Score(len(found[name] & meant), len(wrong), len(missed))
            if tell and (wrong or missed):
                tell(f"{page.name}: {name}: wrong {sorted(wrong)}, missed {sorted(missed)}")
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--misses", action="store_true")
    arguments = parser.parse_args()
    pages = load()
    for held_out in (False, True):
        chosen = [page for page in pages if page.labels["held_out"] == held_out]
        print(f"\n{len(chosen)} pages, {'held out' if held_out else 'used while building'}")
        _table(score(chosen, print if arguments.misses else None))
    _speed(pages, arguments.rounds)


def _table(scores: dict[str, Score]) -> None:
    print(f"{'field':8} {'values':>6} {'precision':>9} {'recall':>7}")
    for name, one in scores.items():
        print(f"{name:8} {one.right + one.missed:6} {one.precision:9.3f} {one.recall:7.3f}")


def _speed(pages: list[Labelled], rounds: int) -> None:
    """Small pages as they are, and each with the markup of a usual site around it, about 60 kB."""
    filler = b"".join(
        b'<div class="c-%d"><h3><a href="/p/%d">Item</a></h3><p class="t">Some words on item %d.</p></div>\n'
        % (n, n, n)
        for n in range(500)
    )
    for name, extra in (("as they are", b""), ("in a page of 60 kB", filler)):
        bodies = [(page, page.body.replace(b"</body>", extra + b"</body>")) for page in pages]
        size = sum(len(body) for _, body in bodies) // len(bodies)
        ours = _per_second(bodies, rounds, _read)
        bare = _per_second(bodies, rounds, lambda _, body: LexborHTMLParser(body))
        print(f"\n{name}, {size} bytes on average: {ours:.0f} pages/s read, {bare:.0f} pages/s parsed alone")


def _read(page: Labelled, body: bytes) -> Page:
    return read_page(page.labels["url"], body, page.labels["content_type"], page.labels["country"])


def _per_second(
    bodies: Sequence[tuple[Labelled, bytes]], rounds: int, work: Callable[[Labelled, bytes], object]
) -> float:
    """Return how many pages one core does in a second of its own time, after one round to warm up."""
    for page, body in bodies:
        work(page, body)
    start = time.process_time()
    for _ in range(rounds):
        for page, body in bodies:
            work(page, body)
    return len(bodies) * rounds / (time.process_time() - start)


if __name__ == "__main__":
    main()
