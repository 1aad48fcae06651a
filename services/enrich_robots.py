"""robots.txt as RFC 9309 wants it read: what may be asked for, and how slowly. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from protego import Protego

from core import clock

AGENT = "MapTargeterBot"
"""The name that robots.txt knows us by."""

MAX_BYTES = 512 * 1024
"""RFC 9309 §2.5: at least 500 KiB are to be read."""

KEPT = timedelta(hours=24)  # RFC 9309 §2.4: no longer
KEPT_IF_DOWN = timedelta(hours=1)
LONGEST_DELAY_S = 30.0
_KEPT_TEXT = 64 * 1024

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one origin. ``state``: ``rules``, ``none`` (all is allowed) or ``down`` (nothing is)."""

    state: str
    text: str = ""
    reason: str = ""
    at: datetime = field(default_factory=clock.now)

    @classmethod
    def answered(cls, status: int, body: bytes) -> "Robots":
        """Read an answer: 4xx is as good as none (§2.3.1.3), 5xx and 429 forbid everything for now (§2.3.1.4)."""
        if 200 <= status < 300:
            return cls("rules", body[:MAX_BYTES].decode("utf-8", "replace").removeprefix("\ufeff"))
        if 400 <= status < 500 and status != 429:
            return cls("none")
        return cls("down", reason=f"robots.txt was answered with {status}")

    @classmethod
    def from_record(cls, record: Mapping[str, Any] | None, now: datetime) -> "Robots | None":
        """Return what was kept, unless that is too long ago."""
        if not record:
            return None
        made = cls(record["state"], record["text"], record["reason"], clock.parse(record["at"]))
        kept = KEPT_IF_DOWN if made.state == "down" else KEPT
        return made if made.at + kept > now else None

    def record(self) -> Record | None:
        """Return what can be kept; None for one too long to be: it is asked for again."""
        if len(self.text) > _KEPT_TEXT:
            return None
        return {"state": self.state, "text": self.text, "reason": self.reason, "at": clock.stamp(self.at)}

    def allows(self, url: str) -> bool:
        if self.state == "rules":
            return bool(_parsed(self.text).can_fetch(url, AGENT))
        return self.state == "none"

    @property
    def delay_s(self) -> float:
        """The seconds between requests that it asks for, 0 if it does not."""
        asked = _parsed(self.text).crawl_delay(AGENT) if self.state == "rules" else None
        return max(0.0, float(asked or 0.0))

    @property
    def sitemaps(self) -> list[str]:
        return list(_parsed(self.text).sitemaps)[:3] if self.state == "rules" else []


@lru_cache(maxsize=256)
def _parsed(text: str) -> Protego:
    return Protego.parse(text)
