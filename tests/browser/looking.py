"""Looking at pages as a person does; and what no page may do: console errors, foreign requests, axe violations."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response

WIDE, PHONE = (1280, 800), (390, 844)
Scheme = Literal["light", "dark"]
MOST_BYTES = 200_000


class Looker:
    """One browser window. What is wrong on the way is collected in ``faults``, and fails the test at its end."""

    def __init__(self, page: Page, url: str, shots: Path) -> None:
        self.page, self.url, self.shots = page, url, shots
        self.faults: list[str] = []
        self.own_bytes = 0
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.faults.append(f"error in a script: {error}"))
        page.on("response", self._answered)
        page.on("request", lambda request: self._foreign(request.url))

    @classmethod
    @contextmanager
    def window(cls, browser: Browser, url: str, shots: Path, passport: Path | None = None) -> "Iterator[Looker]":
        """Open a window, with the cookies of ``passport`` if given."""
        context = browser.new_context(
            viewport={"width": WIDE[0], "height": WIDE[1]}, storage_state=passport, locale="en-GB",
            timezone_id="Europe/Helsinki", reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(10_000)
        looker = cls(context.new_page(), url, shots)
        yield looker
        context.close()
        assert not looker.faults, looker.faults

    def go(self, path: str) -> Response:
        """Open a page of the dashboard and wait until it is quiet; ``path`` is below /dashboard/."""
        self.own_bytes = 0
        answer = self.page.goto(f"{self.url}/dashboard/{path}", wait_until="networkidle")
        assert answer is not None
        return answer

    def log_in(self, email: str, password: str) -> None:
        self.go("login")
        self.page.get_by_label("Email address").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Log in").click()
        self.page.get_by_role("heading", name="Overview").wait_for()

    def check(self, but: str | None = None) -> None:
        """Let axe look at the page as it stands, wide and on a phone, light and dark; ``but`` selects what it skips."""
        for scheme in ("light", "dark"):
            self._dress(WIDE, scheme)
            self._axe(scheme, but)
        self._dress(PHONE, "light")
        self._axe("phone", but)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE[0], f"{self.page.url} is {width} px wide on a phone"
        self._dress(WIDE, "light")
        assert self.own_bytes <= MOST_BYTES, f"{self.page.url}: {self.own_bytes} bytes of our own"

    def shoot(self, name: str, *, scheme: Scheme = "light", size: tuple[int, int] = WIDE, whole: bool = False) -> None:
        """Take a picture into docs/screenshots."""
        self._dress(size, scheme)
        self.shots.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.shots / f"{name}.png", full_page=whole, animations="disabled", caret="hide")
        self._dress(WIDE, "light")

    def _dress(self, size: tuple[int, int], scheme: Scheme) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.emulate_media(color_scheme=scheme)

    def _axe(self, what: str, but: str | None) -> None:
        context = {"exclude": [[but]]} if but else None
        found = Axe().run(self.page, context=context, options={"resultTypes": ["violations"]})
        told = [
            f"{violation['id']}: {[node['target'] for node in violation['nodes']]}"
            for violation in found.response["violations"]
        ]
        assert not told, f"axe, {what}, {self.page.url}: {told}"

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.faults.append(f"console {kind}: {text}")

    def _foreign(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.netloc != urlsplit(self.url).netloc:
            self.faults.append(f"asked another host: {url}")

    def _answered(self, answer: Response) -> None:
        path = urlsplit(answer.url).path
        third_party = path.endswith(("/htmx.js", "/leaflet.js", "/leaflet.css")) or "/docs/swagger" in path
        contract = path.endswith("/openapi.json")  # what the console shows; it grows with the API
        if not (third_party or contract):
            length = answer.headers.get("content-length")
            self.own_bytes += int(length) if length else 0
