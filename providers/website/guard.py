"""What keeps a hostile page from costing more than its size: a parser's work grows with the square of some nesting.

HTML's rules make it look through all open elements for each new one, open formatting elements again in each new
paragraph, move all children of what is closed in the wrong order, and compare all attributes of a tag with each
other. A page within the limits below is left as it is; from any other, the tags beyond them are taken out, which
changes how it nests and not what it says. Browsers do the same: Chromium stops nesting at 512.
"""

import re

from providers.website.words import words

MAX_DEPTH = 256
MAX_FORMATTING = 32
MAX_MISNESTED = 16
MAX_ATTRIBUTES = 128

_VOID = words("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr")
_IMPLIED = words("p li td th tr tbody thead tfoot dd dt option optgroup rp rt html head body a nobr")
_FORMATTING = words("b big code em font i s small strike strong tt u")
_RAW = words("script style textarea title xmp iframe noembed noframes")
_FEW_TAGS = 5000
_ATTRIBUTE = r"(?>[\s/]++|[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?>\"[^\"]*+\"|'[^']*+'|(?![\"'])[^\s>]++|))?+)"
_TAG = re.compile(rf"<(/?)([a-zA-Z][^\s/>]*+)({_ATTRIBUTE}{{0,{2 * MAX_ATTRIBUTES}}}+)(>?)|<!--")
_MANY_ATTRIBUTES = re.compile(rf"<[a-zA-Z][^\s/>]*+{_ATTRIBUTE}{{{2 * MAX_ATTRIBUTES}}}+")
_FORMATTING_TAG = re.compile(rf"<(/?)(?:{'|'.join(sorted(_FORMATTING))})[\s/>]", re.IGNORECASE)


def tame(html: str) -> str:
    """Return ``html`` without what makes parsing it slow. In time linear in its length."""
    return html if _is_harmless(html) else _Scan(html).run()


def _is_harmless(html: str) -> bool:
    """Tell whether the cost is bounded whatever the order of the tags; quick, because nearly every page is."""
    if html.count("<") > _FEW_TAGS or _MANY_ATTRIBUTES.search(html):
        return False
    unclosed = most = 0
    for closing in _FORMATTING_TAG.findall(html):
        unclosed = max(0, unclosed - 1) if closing else unclosed + 1
        most = max(most, unclosed)
    return most <= MAX_FORMATTING


class _Scan:
    """One pass over the tags, counting what is open."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.lower = html.lower() if html.isascii() else re.sub("[A-Z]+", lambda found: found[0].lower(), html)
        self.stack: list[str] = []
        self.open: dict[str, int] = {}
        self.formatting = self.misnested = 0
        self.cuts: list[tuple[int, int]] = []

    def run(self) -> str:
        at = 0
        while at >= 0 and (tag := _TAG.search(self.html, at)):
            at = self._after(tag)
        return self._kept()

    def _after(self, tag: re.Match[str]) -> int:
        """Take note of one tag; return where to go on, or -1 when nothing more is markup."""
        if tag[2] is None:
            return self.html.find("-->", tag.end())
        name = tag[2].lower()
        if not tag[4]:
            return self._unfinished(tag)
        keep = self._close(name) if tag[1] else self._begin(name)
        if not keep:
            self.cuts.append(tag.span())
        elif name in _RAW and not tag[1]:
            return self.lower.find(f"</{name}", tag.end())
        return tag.end()

    def _unfinished(self, tag: re.Match[str]) -> int:
        """A tag with too many attributes, or one that never ends: browsers drop the latter and all that follows."""
        end = self.html.find(">", tag.end()) + 1
        self.cuts.append((tag.start(), end or len(self.html)))
        return end or -1

    def _begin(self, name: str) -> bool:
        """Open an element unless that is too much; tell whether it is open."""
        if name in _VOID or name in _IMPLIED or name in _RAW:
            return True
        if len(self.stack) >= MAX_DEPTH or (name in _FORMATTING and self.formatting >= MAX_FORMATTING):
            return False
        self.stack.append(name)
        self.open[name] = self.open.get(name, 0) + 1
        self.formatting += name in _FORMATTING
        return True

    def _close(self, name: str) -> bool:
        """Close an element and all within it; tell whether the end tag may stay."""
        if name in _FORMATTING:
            self.formatting = max(0, self.formatting - 1)
            if self.stack[-1:] != [name]:
                self.misnested += 1
                return self.misnested <= MAX_MISNESTED
        while self.open.get(name):
            inner = self.stack.pop()
            self.open[inner] -= 1
            if inner == name:
                break
        return True

    def _kept(self) -> str:
        pieces, last = [], 0
        for start, end in self.cuts:
            pieces.append(self.html[last:start])
            last = end
        return "".join([*pieces, self.html[last:]])
