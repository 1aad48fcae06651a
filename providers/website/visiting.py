"""Which pages of a site are worth a visit: those that people go to when they look for a telephone number."""

import re
from collections.abc import Iterable
from urllib.parse import unquote, urldefrag, urlsplit

from core import text
from providers.website.document import Document
from providers.website.emails import host_of, registrable
from providers.website.facts import Link, Page, PageKind

MAX_LINKS = 200
MAX_ANCHORS = 2_000
_NOT_WORDS = re.compile(r"[\W_]+")
_ENDING = re.compile(r"\.\w{2,5}\Z")
_OTHER_SCHEME = re.compile(r"\s*(?:#|(?!https?:)[a-z]+:)", re.IGNORECASE)
_KINDS: dict[PageKind, tuple[float, str]] = {
    "contact": (
        1.0,
        """
        contact* | kontakt* | contatt* | contato | contate nos | yhteys* | yhteydenotto* | ota yhteytta | get in
        touch | reach us | find us | where to find us | visit us | so finden sie uns | anfahrt* | anfrage* | nous
        trouver | nous contacter | acces | plan d acces | ecrivez nous | donde estamos | encuentranos | como llegar
        | ubicacion | dove siamo | come raggiungerci | scrivici | onde estamos | fale conosco | bereikbaarheid |
        waar vind je ons | route | routebeschrijving | hitta oss | hitta till oss | hitta hit | finn oss | find os |
        find vej | besog os | loydat meidat | sijainti | saapuminen | saapumisohje* | kayntiosoite | kapcsolat |
        elerhetoseg* | sazinai | epikoinonia | iletisim | связаться | контакт* | επικοινωνια |
        お問い合わせ | お問合せ | 問い合わせ | アクセス | 联系我们 | 聯絡我們 | 연락처 | 문의 |
        اتصل بنا | צור קשר | get a quote | request a quote | customer service |
        asiakaspalvelu | kundservice | kundeservice | klantenservice | service client | atencion al cliente |
        assistenza clienti | call us | write to us | directions | anreise | lageplan | standort und kontakt |
        yhteydenottolomake | palaute | neem contact op | skriv till oss | napisz do nas | dojazd | jak dojechac |
        kde nas najdete
        """,
    ),
    "legal": (
        0.85,
        """
        impressum* | imprint | anbieterkennzeichnung | offenlegung | legal | legal notice* | legal information |
        legal info | mentions legales | mention legale | mentionslegales | informations legales | infos legales |
        aviso legal | avis legal | informacion legal | note legali | informazioni legali | dati societari | colofon
        | wettelijke informatie | wettelijke vermeldingen | juridische informatie | informacje prawne | dane firmy |
        nota prawna | oikeudellinen huomautus | yritystiedot | yrityksen tiedot | rekisteriseloste |
        foretagsinformation | foretagsuppgifter | juridisk information | juridisk informasjon | handelsbetingelser |
        pravni informace | company details | company information | company info | 特定商取引法* | 会社概要 |
        会社情報 | 運営会社 | cgv
        | agb | terms | terms and conditions | terms of service | terms of use | conditions generales* | condiciones
        generales | condizioni generali | algemene voorwaarden | regulamin | toimitusehdot | kopvillkor | vilkar |
        impresum
        """,
    ),
    "about": (
        0.7,
        """
        about | about us | aboutus | about me | who we are | our story | our company | our practice | our restaurant
        | our history | company | ueber uns | uber uns | ueberuns | uberuns | wir uber uns | ueber mich | uber mich
        | unternehmen | firma | das sind wir | a propos* | apropos | qui sommes nous | notre histoire | notre maison
        | l entreprise | entreprise | la maison | quienes somos | sobre nosotros | sobre mi | nosotros | la empresa
        | empresa | conocenos | chi siamo | azienda | l azienda | la nostra storia | sobre nos | quem somos | a
        empresa | over ons | over mij | overons | wie zijn wij | wie we zijn | bedrijf | o nas | o firmie | o mnie |
        om oss | omoss | om mig | om foretaget | om os | omos | om firmaet | om bedriften | meista | tietoa meista |
        yritys | esittely | ettevottest | meist | rolunk | bemutatkozas | o nama | despre noi | par mums | apie mus
        | hakkimizda | \u043e нас | \u043e компании | σχετικα | 私たちについて | 当店について | 关于我们 | 회사소개
        """,
    ),
    "locations": (
        0.6,
        """
        location* | our locations | our shops | our stores | our offices | branches | stores | store finder | store
        locator | storefinder | standort* | filialen | filialfinder | niederlassungen | nos magasins | nos agences |
        nos adresses | nos boutiques | magasins | agences | tiendas | sedes | oficinas | nuestras tiendas | negozi |
        punti vendita | sedi | le nostre sedi | lojas | vestigingen | winkels | placowki | oddzialy | sklepy |
        myymalat | toimipisteet | toimipaikat | ravintolat | butiker | butikker | kontor | avdelinger | afdelinger |
        opening hours | hours | opening times | oeffnungszeiten | offnungszeiten | horaires* | horario* | orari |
        openingstijden | godziny otwarcia | aukioloajat | oppettider | apningstider | abningstider | lahtiolekuajad
        """,
    ),
    "team": (
        0.5,
        """
        team | our team | the team | meet the team | staff | our people | people | das team | unser team |
        mitarbeiter* | ansprechpartner* | equipe | l equipe | notre equipe | equipo | nuestro equipo | il team | lo
        staff | medewerkers | ons team | zespol | kadra | henkilokunta | henkilosto | tiimi | medarbetare | personal
        | ansatte | medarbejdere | meeskond | tyontekijat | yhteyshenkilot
        """,
    ),
}


def _phrases(kind: PageKind) -> list[str]:
    return [" ".join(phrase.split()) for phrase in _KINDS[kind][1].split("|")]


_EXACT: dict[str, PageKind] = {
    text.fold(phrase): kind for kind in reversed(_KINDS) for phrase in _phrases(kind) if not phrase.endswith("*")
}
_STEMS: dict[PageKind, tuple[str, ...]] = {
    kind: tuple(text.fold(phrase[:-1]) for phrase in _phrases(kind) if phrase.endswith("*")) for kind in _KINDS
}
_LONGEST = 5
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
    """Return the page's links to likely pages of the same site, absolute and without fragment, the likeliest first."""
    own, here = host_of(document.url), _bare(document.url)
    found: dict[str, Link] = {}
    for href, said in dict.fromkeys((anchor.href, anchor.text) for anchor in document.anchors[:MAX_ANCHORS]):
        judged = None if _OTHER_SCHEME.match(href) else _judged(href, said)
        url = document.absolute(href) if judged else None
        if judged is None or url is None or not _is_same_site(url, own) or _bare(url) == here:
            continue
        link = Link(urldefrag(url)[0], judged.kind, judged.score)
        if _bare(url) not in found or found[_bare(url)].score < link.score:
            found[_bare(url)] = link
    return tuple(_ranked(found.values())[:MAX_LINKS])


def kind_of(url: str, title: str | None) -> PageKind:
    """Return what a page is for, by its address and title."""
    path = urlsplit(url).path.strip("/")
    if not path or re.fullmatch(r"(?:index|home|default)(?:\.\w{2,5})?|[a-z]{2}(?:-[a-z]{2})?", path, re.I):
        return "home"
    link = _judged(url, (title or "")[:60])
    return link.kind if link else "other"


def _is_same_site(url: str, own: str) -> bool:
    host = host_of(url)
    return host == own or registrable(host) == registrable(own)


def _ranked(found: Iterable[Link]) -> list[Link]:
    return sorted(found, key=lambda link: (-link.score, len(link.url), link.url))


def _bare(url: str) -> str:
    """A URL as it is compared: without fragment, scheme and the slash at the end."""
    return urldefrag(url)[0].partition("://")[2].rstrip("/").lower().removeprefix("www.")


def _judged(url: str, said: str, by_path_only: bool = False) -> Link | None:
    """The link with the best kind that its text or its path tells."""
    found = [] if by_path_only or len(said) > 80 else _told(_folded(said), whole=1.0, part=0.6)
    for depth, part in enumerate(reversed(_path(url))):
        words = _folded(_ENDING.sub("", part))
        found += _told(words, whole=0.95, part=0.6) if depth == 0 else _told(words, whole=0.4, part=0.0)
    scored = [(round(_KINDS[kind][0] * sure, 3), kind) for kind, sure in found if sure]
    if not scored or _SKIP.search(url):
        return None
    score, kind = max(scored)
    return Link(url, kind, score)


def _told(words: str, whole: float, part: float) -> list[tuple[PageKind, float]]:
    """The kinds that words tell: ``whole`` sure if they say nothing else, ``part`` if among a few others."""
    if not words or len(words) > 60:
        return []
    if kind := _kind(words):
        return [(kind, whole)]
    split = words.split()
    runs = (split[i:j] for i in range(len(split)) for j in range(i + 1, min(i + _LONGEST, len(split)) + 1))
    return [(kind, part) for run in runs if (kind := _kind(" ".join(run)))] if len(split) <= 8 else []


def _kind(phrase: str) -> PageKind | None:
    if found := _EXACT.get(phrase):
        return found
    return next((kind for kind, stems in _STEMS.items() if phrase.startswith(stems) and " " not in phrase), None)


def _path(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    path = [part for part in unquote(parts.path).split("/") if part]
    query = re.findall(r"=([^&=]{2,60})", unquote(parts.query))
    return [*path[-3:], *query[:3]]


def _folded(said: str) -> str:
    return " ".join(_NOT_WORDS.sub(" ", text.fold(said[:120])).split())
