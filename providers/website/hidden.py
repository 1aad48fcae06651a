"""E-mail addresses that a page hides from robots and shows to people: spelled out, encrypted, reversed, put together.

What people see is what is meant for them; each way below is one in wide use, named after who spread it.
"""

import base64
import binascii
import codecs
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser, LexborNode

from providers.website import emails
from providers.website.document import CELL, SEAM, attribute

_AT_WORDS = (
    "at|ät|æt|á|à|a|@|ad|att|arroba|arobase|arobas|chez|chiocciola|kukac|ma[lł]pa|zavin[aá][cč]|snabel-?a|alfakr[oø]ll|"
    "apenstaartje|apestaart|klammeraffe|affe|miuku|miukumauku|ät-merkki|собака|παπάκι|アット|アットマーク|et|ett|"
    "at-sign|at sign|atsign|пес|coda|sobaka"
)
_DOT_WORDS = (
    r"dot|d0t|punkt|pkt|piste|point|punto|ponto|kropka|te[cč]ka|prik|pont|stip|punt|точка|ドット|bod|nokta|τελεία|\."
)
_OPEN, _CLOSE = r"[\[({<|\u00ab*_-]{1,2}", r"[\])}>|\u00bb*_-]{1,2}"
_AT_MARKED = re.compile(rf"(?<=[\w.+%-])\s?{_OPEN}\s?(?:{_AT_WORDS})\s?{_CLOSE}\s?(?=[^\W_])", re.IGNORECASE)
_AT_BARE = re.compile(
    r"(?<=[\w.+%-])(?:\s(?:at|ät|arroba|arobase|chiocciola|kukac|małpa|malpa|zavináč|snabela|AT)\s|\s@\s?|"
    r"\s?@\s)(?=[^\W_])"
)
_DOT = re.compile(rf"\s?{_OPEN}\s?(?:{_DOT_WORDS})\s?{_CLOSE}\s?", re.IGNORECASE)
_DOT_BARE = re.compile(rf"\s(?:{_DOT_WORDS})\s", re.IGNORECASE)
_LEFT = re.compile(r"[A-Za-z0-9._%+-]{1,64}\Z")
_RIGHT = re.compile(r"(?:[^\W_][\w-]{0,62}\.){1,5}[^\W_][\w-]{1,62}")
_LABEL = re.compile(r"(?:mail|sähköposti|s-posti|e-?post|correo|courriel|poczta|posta|メール)\W{0,4}\Z", re.IGNORECASE)
_LITERAL = re.compile(r"""(["'])((?:(?!\1)[^\\\n]|\\.){0,300})\1""")
_JOINED = re.compile(
    r"""["']\s{0,9}\+\s{0,9}["']|["']\s{0,9};\s{0,9}(\w{1,60})\s{0,9}\+?=\s{0,9}(?:\1\s{0,9}\+\s{0,9})?["']"""
)
_TYPO3 = re.compile(r"""UnCryptMailto\(\s{0,9}(?:["']|%27|&#39;)([^"'%)]{6,120})(?:["']|%27|&#39;)""", re.IGNORECASE)
_RTL = re.compile(r"([.#][\w-]{1,80})[^{}<>]{0,80}\{[^{}]{0,300}\bbidi-override", re.IGNORECASE)
_WRITES = re.compile(
    r"&#0?64;|&#x40;|\\u0040|\\x40|%40|(?s:(?:mailto|document\.write|innerHTML|\.href).*@|@.*(?:mailto|"
    r"document\.write|innerHTML|\.href))"
)
MAX_HITS = 200
MAX_SCRIPT = 100_000


def spelled(line: str, host: str = "") -> list[str]:
    """Return the addresses spelled out in a line: ``info (at) shop (dot) fi``, ``info [ät] shop.fi``.

    An ``at`` without brackets is a word like any other: it counts only if a dot is spelled too, or a label stands
    before.
    """
    text = line.replace(SEAM, "").replace(CELL, " ")
    found = [_spelled(text, hit, host, certain=True) for hit in _hits(_AT_MARKED, text)]
    found += [_spelled(text, hit, host, certain=False) for hit in _hits(_AT_BARE, text)]
    if "@" in text and _DOT.search(text):
        found += [_spelled(text, hit, host, certain=True) for hit in _hits(re.compile("@"), text)]
    return list(dict.fromkeys(one for one in found if one))


def is_spelled_somewhere(text: str) -> bool:
    """Tell, at the cost of two searches, whether any line of ``text`` may have a spelled address."""
    return bool(_AT_MARKED.search(text) or _AT_BARE.search(text) or ("@" in text and _DOT.search(text)))


def _hits(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for count, hit in enumerate(pattern.finditer(text)):
        if count >= MAX_HITS:
            return
        yield hit


def _spelled(text: str, at: re.Match[str], host: str, certain: bool) -> str | None:
    before = _DOT.sub(".", text[max(0, at.start() - 80) : at.start()])
    after = text[at.end() : at.end() + 140]
    dotted = _DOT.sub(".", after)
    if not _RIGHT.match(dotted) or not certain:
        spaced = _DOT_BARE.sub(".", _DOT.sub(".", after))
        certain = certain or (spaced != after and not _RIGHT.match(after))
        dotted = spaced if not _RIGHT.match(dotted) or certain else dotted
    local, domain = _LEFT.search(_joined_left(before)), _RIGHT.match(dotted)
    if not local or not domain:
        return None
    if not certain and not _LABEL.search(before[: local.start()]) and not _is_plain_role(local[0], at[0]):
        return None
    return emails.address(f"{local[0]}@{domain[0]}", host)


def _joined_left(before: str) -> str:
    return _DOT_BARE.sub(".", before) if not _LABEL.search(before) else before


def _is_plain_role(local: str, at: str) -> bool:
    """``info @ shop.fi``, but not ``follow us @ shop.fi`` nor ``office at shop.fi``."""
    return "@" in at and emails.classify(f"{local.lower()}@x.xx").kind == "role"


def cloudflare(tree: LexborHTMLParser, host: str = "") -> list[str]:
    """Return the addresses that Cloudflare's "e-mail obfuscation" took out: hex, each byte XORed with the first."""
    codes = [attribute(node, "data-cfemail") for node in tree.css("[data-cfemail]")[:MAX_HITS]]
    for node in tree.css('a[href*="email-protection#"]')[:MAX_HITS]:
        codes.append(attribute(node, "href").partition("email-protection#")[2])
    found = [emails.address(unquote(text).partition("?")[0], host) for code in codes if (text := _xored(code))]
    return list(dict.fromkeys(one for one in found if one))


def _xored(code: str) -> str | None:
    try:
        data = bytes.fromhex(code[:1000])
    except ValueError:
        return None
    return bytes(byte ^ data[0] for byte in data[1:]).decode("utf-8", "replace") if data else None


def reversed_text(tree: LexborHTMLParser, host: str = "") -> list[str]:
    """Return the addresses that style sheets turn round: ``direction: rtl`` with ``unicode-bidi: bidi-override``."""
    css = "".join(node.text()[:MAX_SCRIPT] for node in tree.css("style")[:20])
    names = [name for name in dict.fromkeys(_RTL.findall(css)) if name[1:2].isalpha()][:20]
    nodes = tree.css('bdo[dir="rtl"], [style*="bidi-override"]')[:MAX_HITS]
    for name in names:
        nodes += tree.css(name)[:MAX_HITS]
    found: list[str] = []
    for node in nodes:
        turned = html.unescape(node.text(deep=True)[:300].strip())[::-1]
        found += emails.in_line(turned, host) + spelled(turned, host)
    return list(dict.fromkeys(found))


def turned(line: str, host: str) -> list[str]:
    """Return addresses that stand backwards in a line and are on the page's own domain: that cannot be chance."""
    if "@" not in line or not host:
        return []
    own = emails.registrable(host)
    return [one for one in emails.in_line(line[::-1], host) if one.endswith("@" + own)]


def attributes(tree: LexborHTMLParser, host: str = "") -> list[str]:
    """Return the addresses in ``data-`` attributes that a script puts together: user and domain, base64, ROT13."""
    found: list[str | None] = []
    for node in tree.css(
        "[data-user],[data-name][data-domain],[data-email],[data-mail],[data-enc-email],[data-local][data-domain],"
        "[onclick*='mailto:' i],[data-mailto],[data-encoded],[data-address],[data-u][data-d],[data-contact],[data-e]"
    )[:MAX_HITS]:
        found += _of_data(node, host)
    return list(dict.fromkeys(one for one in found if one))


def _of_data(node: LexborNode, host: str) -> list[str | None]:
    data = {key: (value or "").strip()[:400] for key, value in node.attributes.items() if key.startswith("data-")}
    users = ("data-user", "data-name", "data-local", "data-u", "data-email", "data-mail")
    user = next((data[key] for key in users if data.get(key) and "@" not in data[key]), "")
    domain = next((data[key] for key in ("data-domain", "data-website", "data-d", "data-host") if data.get(key)), "")
    if user and domain:
        tld = data.get("data-tld", "")
        whole = domain if "." in domain or not tld else f"{domain}.{tld.lstrip('.')}"
        return [emails.address(f"{user}@{whole}", host), emails.address(f"{user[::-1]}@{whole[::-1]}", host)][:1]
    onclick = node.attributes.get("onclick") or ""
    found: list[str | None] = [*emails.in_line(onclick[:1000].replace("mailto:", " "), host)]
    for key, value in data.items():
        turned = _decoded(codecs.decode(value.replace("[at]", "@"), "rot13"), host) if "enc" in key else []
        found += turned or _decoded(value, host) or _decoded(_unbase64(value), host) or _decoded(value[::-1], host)
    return found


def _decoded(text: str, host: str) -> list[str | None]:
    text = unquote(text).removeprefix("mailto:").partition("?")[0]
    return [*emails.in_line(text, host), *spelled(text, host)]


def _unbase64(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


def scripted(tree: LexborHTMLParser, host: str = "") -> list[str]:
    """Return the addresses that inline scripts write: ``'info' + '@' + 'shop.fi'``, and TYPO3's shifted letters."""
    found: list[str] = []
    for node in tree.css('script:not([src]):not([type*="json" i])')[:100]:
        code = node.text()[:MAX_SCRIPT]
        if _WRITES.search(code):
            joined = html.unescape(_JOINED.sub("", code)).replace("\\u0040", "@").replace("\\x40", "@")
            found += [one for hit in _LITERAL.findall(joined) for one in emails.in_line(_no_tags(hit[1]), host)]
    for node in tree.css('a[href*="UnCryptMailto"], a[data-mailto-token]')[:MAX_HITS]:
        found += _typo3(node, host)
    return list(dict.fromkeys(found))[:MAX_HITS]


def _no_tags(text: str) -> str:
    return re.sub(r"[<>\\]", " ", text).replace("mailto:", " ")


def _typo3(node: LexborNode, host: str) -> list[str]:
    """Letters and ``+ , - . / : @`` shifted, each within its own run; the shift is not told, so all are tried."""
    token = attribute(node, "data-mailto-token")
    if not token and (hit := _TYPO3.search(unquote(attribute(node, "href")))):
        token = hit[1]
    token = token[:120].replace("\\", "")
    for shift in range(-26, 27):
        text = "".join(_shifted(char, shift) for char in token)
        if text.startswith("mailto:"):
            return emails.in_line(text[7:].partition("?")[0], host)
    return []


def _shifted(char: str, by: int) -> str:
    for first, last in (("+", ":"), ("@", "Z"), ("a", "z")):
        if first <= char <= last:
            size = ord(last) - ord(first) + 1
            return chr((ord(char) - ord(first) + by) % size + ord(first))
    return char
