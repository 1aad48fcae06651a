"""Which pages of a site are worth a visit: those that people go to when they look for a telephone number."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urldefrag, urlsplit

from core import text
from providers.website.document import Document
from providers.website.emails import host_of, registrable
from providers.website.facts import Link, Page, PageKind

MAX_LINKS = 200
_KINDS: dict[PageKind, tuple[float, str]] = {
    "contact": (
        1.0,
        r"contact(?:s|us|-us|o|os|ez|ez-nous|ar|enos|anos|eer|formulier)?|kontakt\w*|contatt\w+|contacto|contato|"
        r"contate|"
        r"yhteys\w*|ota yhteytta|get in touch|reach us|find us|where to find us|visit us|so finden sie uns|"
        r"anfahrt\w*|anfrage|"
        r"nous trouver|nous contacter|acces|plan d acces|ecrivez nous|donde estamos|encuentranos|como llegar|"
        r"ubicacion|dove siamo|"
        r"come raggiungerci|scrivici|onde estamos|fale conosco|bereikbaarheid|waar vind je ons|"
        r"route(?:beschrijving)?|hitta (?:till )?oss|"
        r"finn oss|find os|besog os|loydat meidat|sijainti|saapuminen|kaynti\w*|kapcsolat|elerhetoseg|"
        r"elerhetosegek|kontaktid|kontaktai|"
        r"kontakti|kontakty|sazinai|epikoinonia|iletisim|contactati|contactati ne|связ\w*|контакт\w*|επικοινωνια|"
        r"お問い?合わ?せ|アクセス|"
        r"联系我们|聯絡我們|연락처|문의|اتصل بنا|צור קשר|impressum und kontakt|kontakt und impressum|get a quote|support|"
        r"customer service|"
        r"asiakaspalvelu|kundservice|kundeservice|klantenservice|service client|atencion al cliente|"
        r"assistenza clienti|call us",
    ),
    "legal": (
        0.85,
        r"impressum|imprint|anbieterkennzeichnung|offenlegung|legal|legal ?notices?|legal ?information|"
        r"mentions? legales?|"
        r"informations? legales?|avi?so legal|informacion legal|note legali|informazioni legali|dati societari|"
        r"colofon|wettelijke \w+|"
        r"juridische informatie|informacje prawne|dane firmy|nota prawna|oikeudelliset \w+|yritystiedot|"
        r"yrityksen tiedot|foretagsinformation|"
        r"foretagsuppgifter|juridisk\w* \w+|handelsbetingelser|pravni informace|company (?:details|information|info)|"
        r"特定商取引\w*|会社概要|会社情報|運営会社|cgv|agb|terms(?: and conditions| of service| of use)?|conditions generales\w*|"
        r"condiciones\w*|condizioni\w*|algemene voorwaarden|regulamin|toimitusehdot|kopvillkor|vilkar|termos",
    ),
    "about": (
        0.7,
        r"about(?: ?us)?|who we are|our (?:story|company|practice|restaurant)|company|ueber ?uns|uber ?uns|"
        r"wir uber uns|unternehmen|firma|"
        r"das sind wir|a propos|qui sommes(?: |-)nous|notre (?:histoire|maison|equipe)|l entreprise|entreprise|"
        r"quienes somos|sobre nosotros|"
        r"nosotros|la empresa|empresa|chi siamo|azienda|l azienda|la nostra storia|sobre nos|quem somos|over ?ons|"
        r"wie zijn wij|bedrijf|"
        r"o nas|o firmie|o mnie|om ?oss|om foretaget|om os|om firmaet|meista|tietoa meista|yritys|meist|"
        r"ettevottest|rolunk|bemutatkozas|"
        r"o nama|despre noi|par mums|apie mus|hakkimizda|\u043e нас|\u043e компании|σχετικα|私たちについて|关于我们|회사소개",
    ),
    "locations": (
        0.6,
        r"locations?|our (?:locations|shops|stores|offices)|branches|stores?|store ?(?:finder|locator)|standorte?|"
        r"filialen?|niederlassungen|"
        r"nos (?:magasins|agences|adresses|boutiques)|magasins|agences|tiendas|sedes|oficinas|nuestras tiendas|"
        r"negozi|punti vendita|sedi|"
        r"lojas|vestigingen|winkels|placowki|oddzialy|sklepy|myymalat|toimipisteet|toimipaikat|ravintolat|butiker|"
        r"butikker|kontor|avdelinger|"
        r"afdelinger|opening hours|hours|offnungszeiten|horaires|horarios?|orari|openingstijden|godziny otwarcia|"
        r"aukioloajat|oppettider|"
        r"apningstider|abningstider|lahtiolekuajad",
    ),
    "team": (
        0.5,
        r"team|our team|meet the team|staff|people|das team|unser team|mitarbeiter|ansprechpartner|equipe|l equipe|"
        r"notre equipe|equipo|"
        r"nuestro equipo|il team|lo staff|medewerkers|zespol|kadra|henkilokunta|henkilosto|tiimi|medarbetare|"
        r"personal|ansatte|"
        r"medarbejdere|meeskond|tyontekijat|yhteyshenkilot",
    ),
}
_PATTERNS = {kind: re.compile(rf"(?:{pattern})") for kind, (_, pattern) in _KINDS.items()}
_PREFIXES = {kind: re.compile(rf"(?<![^\W\d_])(?:{pattern})(?![^\W\d_])") for kind, (_, pattern) in _KINDS.items()}
_SKIP = re.compile(
    r"\.(?:pdf|jpe?g|png|gif|webp|svg|docx?|xlsx?|zip|mp[34]|ics|vcf|xml|css|js|apk|exe)\Z|/(?:wp-json|wp-login|"
    r"feed|cart|checkout|"
    r"login|account|tag|category|author|search)(?:/|\Z)|[?&](?:add-to-cart|replytocom|share|print)=",
    re.IGNORECASE,
)
_PER_KIND = 2


def links_to_visit(page: Page, limit: int = 10) -> list[Link]:
    """Return the pages of the same site that ``page`` links to and that likely hold contact data, the likeliest first.

    At most ``limit``, none twice, never ``page`` itself; two of a kind at most, before there is one of every kind.
    """
    first: list[Link] = []
    rest: list[Link] = []
    for link in page.links:
        same = sum(1 for other in first if other.kind == link.kind)
        (first if same < _PER_KIND else rest).append(link)
    return [*first, *rest][:limit]


def known_paths(urls: Iterable[str], limit: int = 10) -> list[Link]:
    """Return those of ``urls`` (a sitemap's, say) whose address says contact, about or legal notice, best first."""
    found = {url: link for url in urls if (link := _judged(url, "", by_path_only=True))}
    return _ranked(found.values())[:limit]


def links(document: Document) -> tuple[Link, ...]:
    """Return the page's links to likely pages of the same site, the likeliest first, as absolute URLs without fragment."""
    site, here = registrable(host_of(document.url)), _bare(document.url)
    found: dict[str, Link] = {}
    for anchor in document.anchors:
        if anchor.href.startswith(("#", "mailto:", "tel:", "javascript:")):
            continue
        url = document.absolute(anchor.href)
        if url is None or registrable(host_of(url)) != site or _bare(url) == here:
            continue
        link = _judged(urldefrag(url)[0], anchor.text)
        if link and (_bare(url) not in found or found[_bare(url)].score < link.score):
            found[_bare(url)] = link
    return tuple(_ranked(found.values())[:MAX_LINKS])


def kind_of(url: str, title: str | None) -> PageKind:
    """Return what a page is for, by its address and title."""
    path = urlsplit(url).path.strip("/")
    if not path or re.fullmatch(r"(?:index|home|default)(?:\.\w{2,5})?|[a-z]{2}(?:-[a-z]{2})?", path, re.I):
        return "home"
    link = _judged(url, (title or "")[:60])
    return link.kind if link else "other"


def _ranked(found: Iterable[Link]) -> list[Link]:
    return sorted(found, key=lambda link: (-link.score, len(link.url), link.url))


def _bare(url: str) -> str:
    """A URL as it is compared: without fragment, scheme and the slash at the end."""
    return urldefrag(url)[0].partition("://")[2].rstrip("/").lower().removeprefix("www.")


def _judged(url: str, said: str, by_path_only: bool = False) -> Link | None:
    """The link with the best kind that its text or its path tells."""
    if _SKIP.search(url):
        return None
    words = _folded(said)
    parts = [_folded(re.sub(r"\.\w{2,5}\Z", "", part)) for part in _path(url)]
    best: Link | None = None
    for kind, (weight, _) in _KINDS.items():
        score = weight * max(_by_text(kind, words) if not by_path_only else 0.0, _by_path(kind, parts))
        if score > (best.score if best else 0.0):
            best = Link(url, kind, round(score, 3))
    return best


def _path(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    path = [part for part in unquote(parts.path).split("/") if part]
    query = re.findall(r"=([^&=]{2,60})", unquote(parts.query))
    return [*path[-3:], *query[:3]]


def _folded(said: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", text.fold(said[:120])).split())


def _by_text(kind: PageKind, words: str) -> float:
    """1 for a text that says nothing else, less for one that has the word among others."""
    if not words:
        return 0.0
    if _PATTERNS[kind].fullmatch(words):
        return 1.0
    return 0.6 if len(words) <= 40 and _PREFIXES[kind].search(words) else 0.0


def _by_path(kind: PageKind, parts: list[str]) -> float:
    """0.95 for a path's last part, less for one further up: ``/contact/press``."""
    for depth, part in enumerate(reversed(parts)):
        if _PATTERNS[kind].fullmatch(part):
            return 0.95 if depth == 0 else 0.4
        if depth == 0 and len(part) <= 40 and _PREFIXES[kind].search(part):
            return 0.6
    return 0.0
