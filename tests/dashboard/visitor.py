"""Somebody at a browser without scripts: keeps cookies, fills in forms as they stand on the page, sends them."""

from html.parser import HTMLParser
from typing import Any

import httpx


class Forms(HTMLParser):
    """The forms of a page: what they send, by action; and the visible text of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, Any]] = {}
        self.words: list[str] = []
        self._open: dict[str, Any] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.forms.setdefault(given.get("action", ""), {})
        if tag == "input" and self._open is not None and given.get("type") == "hidden":
            self._open[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def handle_data(self, data: str) -> None:
        self.words.append(data)


class Visitor(httpx.Client):
    """``base_url`` is the server's; paths begin with /dashboard."""

    def submit(self, at: str, action: str | None = None, **fields: Any) -> httpx.Response:
        """Fill in the form with this action (by default its own page) on the page ``at``, and send it."""
        page = self.get(at)
        assert page.status_code == 200, page.text
        target = at if action is None else action
        forms = {url.split("?")[0]: hidden for url, hidden in Forms(page.text).forms.items()}
        hidden = forms.get(target.split("?")[0], forms.get(""))
        assert hidden is not None, f"no form for {target} on {at}: {list(forms)}"
        return self.post(target, data=hidden | fields)

    def signed_up(self, email: str, password: str = "correct horse battery") -> "Visitor":
        """Make an account, and stay logged in."""
        answer = self.submit("/dashboard/signup", email=email, password=password)
        assert answer.status_code == 303, answer.text
        return self

    def logged_in(self, email: str, password: str = "correct horse battery") -> "Visitor":
        answer = self.submit("/dashboard/login", email=email, password=password)
        assert answer.status_code == 303, answer.text
        return self


def text_of(answer: httpx.Response) -> str:
    """Return the words of a page, with single spaces between them."""
    return " ".join(" ".join(Forms(answer.text).words).split())
