"""E-mail addresses as pages write them, and which of them are nobody's: judged by form, never asked of the network."""

import re
from functools import cache
from itertools import islice
from urllib.parse import urlsplit

import email_validator
from publicsuffixlist import PublicSuffixList

from core import normalize
from providers.website import words
from providers.website.document import SEAM
from providers.website.facts import Email

MAX_SIGNS = 300
_LOCAL = re.compile(r"[A-Za-z0-9._%+'&~-]{1,64}\Z")
_DOMAIN = re.compile(r"[^\W_](?:[\w-]{0,62}\.)+[^\W_][\w-]{1,62}|[^\W_][\w-]{0,62}\.[^\W_][\w-]{1,62}")
_CREDENTIALS = re.compile(r"://[^\s/]*\Z")
_LONG_HEX = re.compile(r"[0-9a-f]{20,}")
_GLUED_DIGITS = re.compile(r"[+\d-]{4,}\.?(?=[a-z])")
_PLACEHOLDER_DOMAIN = re.compile(
    r"(?:.*\.)?(?:example\.(?:com|org|net|edu|fi|de|fr|es|it|co\.uk|se|pl|nl)|exemplo\.com|ejemplo\.com|"
    r"esempio\.(?:it|com)"
    r"|exemple\.(?:com|fr)|beispiel\.(?:de|com)|(?:your|my|our|deine?|ihre?|votre|tu|mi|su|tuo|yourown)-?(?:domain|"
    r"domaene|"
    r"domaine|dominio|company|site|website|business|email|mail|firma|empresa|entreprise|azienda|seite)\.[a-z.]{2,6}"
    r"|domain\.(?:com|tld|de|fi|ext|fr|xyz)|company\.com|website\.com|site\.com|test\.com|email\.(?:com|tld)|mail\.tld"
    r"|domain|dominio\.com|domaine\.(?:fr|com)|yritys\.fi|firma\.de|foretag\.se|mysite\.com|xyz\.com|abc\.com|"
    r"acme\.com)"
)
_SHARED_TOOLS = re.compile(
    r"(?:.*\.)?(?:sentry(?:-[\w.]+)?\.(?:io|com)|sentry\.[\w.-]+|wixpress\.com|wix\.com|squarespace\.com|shopify\.com|"
    r"myshopify\.com|godaddy\.com|secureserver\.net|jimdo\.com|weebly\.com|webflow\.com|wordpress\.(?:com|org)|"
    r"webnode\.com|"
    r"squareup\.com|duda\.co|strikingly\.com|site123\.com|tilda\.cc|editmysite\.com|schema\.org|w3\.org|"
    r"googlegroups\.com|"
    r"bugsnag\.com|ingest\.[\w.-]+|cloudflare\.com|mailchimp\.com|list-manage\.com|broofa\.com|fontawesome\.com)"
)


def address(raw: str, host: str = "") -> str | None:
    """Return the address in ``raw`` in its one form, or None if it is none, or nobody's.

    Lower case, the domain in ASCII. ``host`` is the page's own: a reserved domain such as ``.test`` exists for pages
    that are themselves on one. Left out: placeholders, those of site builders and error trackers, file names,
    addresses that take no mail (no-reply).
    """
    written = raw.strip(" .,;:'\"<>()[]{}|*_-!?/\\").lower()
    local, at, domain = written.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(written) > 254:
        return None
    domain = _existing(domain, host) or ""
    local = _unglued(local.lstrip("'.%&~-+").removeprefix("mailto:"))
    if not domain or _is_nobodys(local, domain, host):
        return None
    try:
        checked = email_validator.validate_email(
            f"{local}@{domain}", check_deliverability=False, test_environment=True, allow_smtputf8=False
        )
    except email_validator.EmailNotValidError:
        return None
    return (checked.ascii_email or checked.normalized).lower()


def classify(found: str) -> Email:
    """Return an address with what its form tells: a mailbox at a public provider, a function's, or else a person's."""
    local, _, domain = found.partition("@")
    if is_webmail(domain):
        return Email(found, "webmail")
    parts = re.split(r"[._+\-\d]+", local)
    compact = re.sub(r"[^a-z]", "", local)
    is_role = compact in words.ROLES or any(part in words.ROLES for part in parts if part)
    own = domain.partition(".")[0].replace("-", "")
    return Email(found, "role" if is_role or (len(compact) > 2 and compact in own) else "person")


def is_webmail(domain: str) -> bool:
    """Tell whether anybody can have a mailbox at ``domain``."""
    return domain in words.WEBMAIL or domain.partition(".")[0] in words.WEBMAIL_BRANDS


def registrable(host: str) -> str:
    """Return the part of a host name that one owner has, ``example.co.uk``; the host itself if there is none."""
    return _suffixes().privatesuffix(host.lower()) or host.lower()


def host_of(url: str) -> str:
    """Return the host name of a URL in lower case, empty if it has none."""
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def in_line(line: str, host: str = "") -> list[str]:
    """Return the addresses with an ``@`` in one line of text, in order; knows where two elements were glued."""
    signs = islice(re.finditer("@", line), MAX_SIGNS)
    found = (_around(line, sign.start(), host) for sign in signs)
    return list(dict.fromkeys(one for one in found if one))


def _around(line: str, at: int, host: str) -> str | None:
    """The address whose ``@`` stands at ``at``."""
    left = re.search(rf"[A-Za-z0-9\u00c0-\u024f._%+'&~{SEAM}-]{{0,90}}\Z", line[max(0, at - 90) : at])
    right = re.match(rf"[\w.{SEAM}-]{{0,260}}", line[at + 1 : at + 261])
    if not left or not right or _CREDENTIALS.search(line[max(0, at - 90) : at]):
        return None
    local, domain = _left_of_seams(left[0]), _right_of_seams(right[0], host)
    if not local or not domain:
        return None
    return address(f"{local}@{domain}", host)


def _left_of_seams(text: str) -> str:
    """The local part, without a label or number that was glued to its left: ``E-mail|info``, ``12345|info``."""
    pieces = text.strip(SEAM).split(SEAM)
    while len(pieces) > 1 and _is_label(pieces[0]):
        pieces.pop(0)
    return "".join(pieces)


def _is_label(piece: str) -> bool:
    word = piece.strip(".-_").lower()
    return word in words.EMAIL_LABELS or word.replace("-", "").isdigit() or len(word) > 20


def _right_of_seams(text: str, host: str) -> str:
    """The domain, up to the first seam where it is whole and does not go on: ``foo|.fi``, ``foo.fi|Tel``."""
    pieces = text.strip(SEAM).split(SEAM)
    joined = ""
    for index, piece in enumerate(pieces):
        joined += piece
        rest = pieces[index + 1] if index + 1 < len(pieces) else ""
        if "." in joined and not joined.endswith((".", "-")) and not rest.startswith((".", "-")):
            found = _DOMAIN.match(joined)
            if found and _suffix(found[0].lower(), host):
                return joined
    return joined


def _existing(domain: str, host: str) -> str | None:
    """The domain up to where it is one: without a file's ending, a sentence's end, or a word glued to it."""
    domain = domain.rstrip(".-_")
    name = normalize.host(domain)
    if name is None or name.rpartition(".")[2] in words.FILE_ENDINGS:
        return None
    if _suffix(name, host):
        return name
    head, _, last = domain.rpartition(".")
    for label in words.GLUED:
        if last.endswith(label) and _suffix(f"{head}.{last.removesuffix(label)}", host):
            return normalize.host(f"{head}.{last.removesuffix(label)}")
    return None


def _suffix(name: str, host: str) -> bool:
    """Tell whether a name's top-level domain exists, or is a reserved one that the page itself lives under."""
    last = name.rpartition(".")[2]
    if last in words.RESERVED_TLDS:
        return host.rpartition(".")[2] in words.RESERVED_TLDS or host.replace(".", "").isdigit()
    return _suffixes().publicsuffix(name, accept_unknown=False) not in (None, name)


def _unglued(local: str) -> str:
    """Without a postcode or number glued to the front of a word that surely is a mailbox: ``00100info``."""
    glued = _GLUED_DIGITS.match(local)
    if glued and re.split(r"[._-]", local[glued.end() :])[0] in words.ROLES:
        return local[glued.end() :]
    return local


def _is_nobodys(local: str, domain: str, host: str) -> bool:
    if not local or _LONG_HEX.fullmatch(local) or local in words.NO_REPLY:
        return True
    if _PLACEHOLDER_DOMAIN.fullmatch(domain):
        return True
    if _SHARED_TOOLS.fullmatch(domain) and registrable(domain) != registrable(host):
        return True
    return local in words.PLACEHOLDER_LOCALS or re.sub(r"[._-]", "", local) in words.PLACEHOLDER_LOCALS


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)
