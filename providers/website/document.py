"""A page as people see it: lines of text, and where in them the links stand. No field of any business is known here.

An element boundary inside a line is kept as ``SEAM``, a character that no page contains: ``fi|Puh`` on the page may
be ``example.fi`` with a label glued to it, or one word in two colours. Each reader decides for itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from providers.website.guard import tame
from providers.website.words import words

SEAM = "\ue000"
CELL = "\t"
MAX_CHARS = 10_000_000
MAX_NODES = 200_000
MAX_TEXT = 2_000_000
MAX_LINKS = 5_000
MAX_URL = 2_083
MAX_LABELLED = 2_000
"""Of characters in a line before a link; what stands further on is not looked at for the link's label."""

_BLOCK = words(
    "address article aside blockquote body br button caption center dd details dialog dir div dl dt fieldset figcaption"
    " figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html img legend li main menu nav noscript ol"
    " option p pre section summary table tbody tfoot thead tr ul video iframe select"
)
_CELLS = frozenset({"td", "th"})
_UNSEEN = ["script", "style", "svg", "template", "select", "textarea", "object", "audio", "canvas", "math", "datalist"]
_TRAPS = (
    '[style*="display:none"],[style*="display: none"],[style*="visibility:hidden"],[style*="visibility: hidden"],'
    "[hidden],.hidden,.d-none,.hide,.nospam,.no-spam,.antispam"
)
_UNDISPLAYED = re.compile(r"(\.[A-Za-z][\w-]{0,80})\s{0,9}\{[^{}]{0,200}\bdisplay\s{0,9}:\s{0,9}none", re.IGNORECASE)
_SMALL = words("span i b em strong small u s font label sup sub ins del code bdo")
_SPACES: dict[int, str | None] = {
    ord(c): " " for c in "\n\r\f\t\v\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\u2028\u2029\x00"
}
_SPACES |= {ord(c): None for c in "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ue000\u202a\u202c"}
_SPACES |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full-width forms
_SPACES |= dict.fromkeys((8208, 8209, 8210, 8211, 8212, 8213, 8722), "-")


@dataclass(frozen=True, slots=True)
class Anchor:
    """A link: its target as written, its text, and where it begins: index of the line, offset in it."""

    href: str
    text: str
    line: int
    offset: int
    rel: str = ""


@dataclass(slots=True)
class Document:
    """``lines`` have text in them and no spaces at the ends; ``base`` is what relative links are meant from."""

    url: str
    tree: LexborHTMLParser
    base: str
    lines: list[str] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)

    def absolute(self, href: str) -> str | None:
        """Return ``href`` as an absolute http or https URL, or None."""
        try:
            url = urljoin(self.base, href.strip())
            parts = urlsplit(url)
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > MAX_URL:
            return None
        return url


def plain(line: str) -> str:
    """Return a line with its seams as spaces and its cell borders as bars: for people, both are gaps."""
    return line.replace(SEAM, " ").replace(CELL, "|")


def parse(html: str) -> LexborHTMLParser:
    """Return the tree of a page, of at most ``MAX_CHARS`` characters."""
    return LexborHTMLParser(tame(html[:MAX_CHARS].replace("\x00", "")))


def read(url: str, tree: LexborHTMLParser) -> Document:
    """Return the visible text and links; takes elements that are not seen out of ``tree``."""
    document = Document(url, tree, _base(url, tree))
    css = "".join(node.text()[:100_000] for node in tree.css("style")[:20])
    unseen = ",".join([_TRAPS, *list(dict.fromkeys(_UNDISPLAYED.findall(css)))[:50]])
    tree.strip_tags(_UNSEEN)
    for node in tree.css(unseen):
        if node.tag in _SMALL:
            node.decompose()
    if tree.body is not None:
        _Walk(document).run(tree.body)
    return document


def attribute(node: LexborNode, name: str) -> str:
    """Return an attribute's value without spaces around it; empty if there is none."""
    return (node.attributes.get(name) or "").strip()


def _base(url: str, tree: LexborHTMLParser) -> str:
    node = tree.css_first("base[href]")
    try:
        return urljoin(url, attribute(node, "href")) if node else url
    except ValueError:
        return url


class _Walk:
    """One pass over the nodes in the order of the page."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.pieces: list[str] = []
        self.length = self.total = 0

    def run(self, body: LexborNode) -> None:
        for node in _limited(body):
            self._break_before(node)
            if node.is_text_node:
                self._text(node)
            elif node.tag == "a" and len(self.document.anchors) < MAX_LINKS:
                self._anchor(node)
            if self.total > MAX_TEXT:
                break
        self._end_line()

    def _break_before(self, node: LexborNode) -> None:
        """End the line where a block begins, or where one has ended just before."""
        tag, before = node.tag, node.prev
        behind = before.tag if before is not None else None
        if tag in _BLOCK or behind in _BLOCK:
            self._end_line()
        elif tag in _CELLS or behind in _CELLS:
            self._add(CELL)
        elif self.length:
            self._add(SEAM)

    def _text(self, node: LexborNode) -> None:
        text = node.text_content or ""
        if "\n" in text and node.parent is not None and node.parent.tag == "pre":
            for line in text.splitlines():
                self._add(line.translate(_SPACES))
                self._end_line()
            return
        self._add(text.translate(_SPACES))

    def _anchor(self, node: LexborNode) -> None:
        href = node.attributes.get("href")
        if not href:
            return
        text = " ".join(node.text(deep=True, separator=" ")[:300].split()) or _picture(node)
        line = len(self.document.lines)
        offset = len(_tidy("".join(self.pieces))) if 0 < self.length < MAX_LABELLED else 0
        self.document.anchors.append(Anchor(href[: 4 * MAX_URL], text, line, offset, node.attributes.get("rel") or ""))

    def _add(self, text: str) -> None:
        self.pieces.append(text)
        self.length += len(text)

    def _end_line(self) -> None:
        if self.length:
            line = _tidy("".join(self.pieces)).strip(f" {SEAM}{CELL}")
            if line:
                self.document.lines.append(line)
                self.total += len(line)
            self.pieces.clear()
            self.length = 0


def _limited(body: LexborNode) -> Iterator[LexborNode]:
    for count, node in enumerate(body.traverse(include_text=True)):
        if count > MAX_NODES:
            return
        yield node


def _tidy(text: str) -> str:
    """One space for many, none beside a cell border, one seam for many."""
    text = " ".join(text.replace(CELL, f" {CELL} ").split(" ")) if CELL in text else text
    words = [word for word in text.split(" ") if word.strip(SEAM)]
    text = " ".join(words)
    while SEAM * 2 in text:
        text = text.replace(SEAM * 2, SEAM)
    return text


def _picture(node: LexborNode) -> str:
    """What a link without text says: its own title, or its picture's alternative text."""
    image = node.css_first("img[alt]")
    said = node.attributes.get("aria-label") or node.attributes.get("title")
    return (said or (attribute(image, "alt") if image else ""))[:300].strip()
