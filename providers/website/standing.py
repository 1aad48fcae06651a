"""Whether a page is a business's at all: parked names, hosters' default pages, errors shown as pages, building sites.

Such pages are short. The phrases below count only in one that says little else, so that a post about buying a domain,
or a shop with "coming soon" on one product, is no dead site.
"""

import re

from selectolax.lexbor import LexborHTMLParser

from providers.website.document import Document, attribute, plain
from providers.website.facts import PageStatus, WebsiteKind
from providers.website.words import words

MAX_SHORT = 2_500
MAX_MEDIUM = 6_000
_PARKED_MARKS = (
    "sedoparking.com", "parkingcrew.net", "bodis.com", "dan.com/buy-domain", "afternic.com/forsale", "hugedomains.com",
    "parklogic.com", "domainmarket.com", "above.com/marketplace", "skenzo.com", "uniregistry.com", "undeveloped.com",
    "sedo.com/search/details", "window.park", "parking.godaddy", "parkingpage", "namedrive.com",
    "voodoo.com", "smartname.com",
    "domain-parking", "img.sedoparking", "trafficmedia", "d1lxhc4jvstzrp.cloudfront.net", "nicsell.com", "domainlore",
)  # fmt: skip
_PARKED = re.compile(
    r"domain (?:name )?(?:is|may be|might be|ist) (?:for sale|available for (?:sale|purchase)|parked|zu verkaufen|"
    r"registered)|"
    r"(?:buy|purchase|get|acquire) this domain|this domain (?:name )?(?:is|has been|was) (?:recently |"
    r"just )?(?:registered|parked|expired|"
    r"for sale|available)|parked (?:free|domain|page|by|with|at)|courtesy of (?:godaddy|namecheap|the registrar)|"
    r"inquire about this domain|make an offer on this domain|domain parking|"
    r"domain (?:steht|ist) (?:zum verkauf|zu verkaufen|verfügbar|geparkt|reserviert|registriert)|"
    r"diese domain (?:kaufen|steht|wurde|ist)|"
    r"domain erfolgreich (?:registriert|eingerichtet)|hier entsteht (?:eine neue|in kürze|demnächst)|"
    r"(?:ce|le) (?:nom de )?domaine (?:est|a été|vient d'être) (?:à vendre|en vente|réservé|enregistré|déposé|parqué)|"
    r"(?:este|el) dominio (?:está|esta|ha sido) (?:en venta|a la venta|registrado|aparcado|estacionado|reservado)|"
    r"(?:questo|il) dominio (?:è|e'|è stato) (?:in vendita|registrato|parcheggiato|scaduto)|dominio in vendita|"
    r"(?:dit|deze) domein(?:naam)? (?:is|staat) (?:te koop|geregistreerd|gereserveerd|geparkeerd)|"
    r"domein(?:naam)? te koop|"
    r"(?:ta|niniejsza) domena (?:jest|została) (?:na sprzedaż|zaparkowana|zarejestrowana|do sprzedania)|"
    r"domena na sprzedaż|kup tę domenę|"
    r"(?:tämä )?(?:verkkotunnus|domain) on (?:varattu|myynnissä|pysäköity|rekisteröity)|"
    r"(?:denna|den här) domän(?:en)? är (?:till salu|parkerad|registrerad|reserverad)|domänen är|"
    r"(?:dette )?domene(?:t)? er (?:til salgs|parkert|registrert)|(?:dette )?domæne(?:t)? er (?:til salg|parkeret|"
    r"registreret)|"
    r"домен (?:продается|продаётся|припаркован|зарегистрирован)|このドメイン|related searches",
    re.IGNORECASE,
)
_DEAD = re.compile(
    r"apache2? (?:ubuntu|debian|http server)?\s?(?:default|test) page|welcome to (?:nginx|centos|openresty)|^it works!|"
    r"iis windows server|index of /|test page for (?:the )?(?:apache|nginx)|default (?:web ?site|plesk|web) page|"
    r"plesk obsidian|"
    r"account (?:has been )?suspended|site (?:is )?(?:currently )?(?:suspended|disabled|not published|"
    r"not available|unavailable|"
    r"deactivated|offline|under (?:construction|maintenance))|website (?:has )?expired|website is (?:no longer|"
    r"under|currently)|"
    r"this (?:shop|store|site) is (?:currently )?(?:unavailable|closed|private|under)|under construction|coming soon|"
    r"(?:launching|opening) soon|future home of|new website (?:is )?(?:coming|on its way)|we(?:'|\u2019)ll be back|"
    r"(?:404|403|500|502|503)(?: -| \||:)? ?(?:not found|forbidden|internal|bad gateway|service|page)|page not found|"
    r"database connection|error establishing a database|bandwidth limit exceeded|no such (?:site|app)|site not found|"
    r"there isn't a github pages site here|domain is not configured|connect your domain|"
    r"looks like this domain isn't connected|"
    r"(?:diese|unsere) (?:web)?seite (?:befindet sich|ist|wird)[^.]{0,40}(?:im aufbau|in bearbeitung|wartung|"
    r"überarbeitet|nicht verfügbar)|"
    r"website im aufbau|baustelle|wartungs(?:modus|arbeiten)|konto (?:wurde )?gesperrt|seite nicht gefunden|"
    r"site (?:internet )?(?:est )?en (?:cours de )?(?:construction|maintenance)|page (?:introuvable|non trouvée)|"
    r"bientôt (?:en ligne|disponible)|"
    r"sitio (?:web )?en (?:construcción|mantenimiento)|página (?:no encontrada|en construcción)|próximamente|"
    r"em construção|"
    r"sito in (?:costruzione|manutenzione|allestimento)|pagina non trovata|website in aanbouw|in onderhoud|"
    r"binnenkort online|"
    r"strona (?:w budowie|w przygotowaniu|nie istnieje)|w budowie|nie znaleziono strony|"
    r"sivusto(?:a)? (?:on )?(?:rakenteilla|tulossa|päivitetään|poistettu)|sivut (?:ovat )?(?:rakenteilla|tulossa)|"
    r"sivua ei löydy|rakenteilla|"
    r"(?:sidan|webbplatsen) (?:är )?under (?:uppbyggnad|konstruktion)|siden (?:er )?under (?:konstruksjon|"
    r"opbygning|oppbygging)|"
    r"sidan hittades inte|veebileht on (?:valmimisel|ehitamisel)|сайт (?:находится )?в разработке|準備中|工事中",
    re.IGNORECASE,
)
_SURE_DEAD = re.compile(
    r"apache2 (?:ubuntu|debian) default page|welcome to nginx|iis windows server|account suspended|"
    r"default plesk page|index of /",
    re.IGNORECASE,
)
_SOCIAL = words(
    "facebook.com fb.com fb.me instagram.com linkedin.com x.com twitter.com youtube.com youtu.be tiktok.com "
    "pinterest.com threads.net"
    " threads.com wa.me whatsapp.com t.me vk.com linktr.ee xing.com"
)
_DIRECTORY = words(
    "tripadvisor.com yelp.com google.com goo.gl g.page maps.app.goo.gl booking.com opentable.com thefork.com "
    "foursquare.com gelbeseiten.de"
    " 11880.com pagesjaunes.fr paginegialle.it paginasamarillas.es yell.com fonecta.fi eniro.se gulesider.no "
    "krak.dk wolt.com"
    " foodora.fi foodora.com ubereats.com just-eat.co.uk lieferando.de deliveroo.com doctolib.fr doctolib.de "
    "treatwell.com"
    " airbnb.com hotels.com expedia.com trustpilot.com zomato.com happycow.net restaurantguru.com jameda.de"
)
_BUILDER_HOSTS = words(
    "wixsite.com editorx.io squarespace.com myshopify.com godaddysites.com weebly.com weeblysite.com jimdosite.com "
    "jimdofree.com jimdo.com"
    " webflow.io webnode.com webnode.page webnode.fi webnode.fr webnode.es webnode.it webnode.nl business.site "
    "blogspot.com wordpress.com"
    " sites.google.com site123.me strikingly.com mystrikingly.com carrd.co tilda.ws webador.com webador.de "
    "webador.fr webador.nl"
    " e-monsite.com yolasite.com framer.website framer.app netlify.app vercel.app github.io pages.dev "
    "herokuapp.com ueniweb.com"
    " site.co multiscreensite.com hpage.com beepworld.de kotisivukone.com kotisivukone.fi nettisivu.org "
    "over-blog.com canalblog.com"
    " odoo.com square.site durable.co notion.site hubspotpagebuilder.com zyrosite.com hostingersite.com onrender.com"
)


_LOCATION = re.compile(
    r"location(?:\.href)?\s{0,3}=\s{0,3}[\"']([^\"'\s]{1,500})[\"']|location\.replace\([\"']([^\"'\s]{1,500})[\"']\)"
)


def status(document: Document, html: str, tree: LexborHTMLParser, title: str | None) -> PageStatus:
    """Tell whether the page is one a business made for itself."""
    text = "\n".join(map(plain, document.lines[:400]))[: MAX_MEDIUM + 1]
    heading = f"{title or ''}\n{text[:600]}"
    low = html[:60_000].lower()
    if len(text) <= MAX_MEDIUM and any(mark in low for mark in _PARKED_MARKS):
        return "parked"
    if _SURE_DEAD.search(heading):
        return "dead"
    if len(text) > MAX_SHORT:
        return "ok"
    if _PARKED.search(f"{title or ''}\n{text}") and not _has_contact(text):
        return "parked"
    if _DEAD.search(heading) and len(text) < MAX_SHORT // 2:
        return "dead"
    has_more = tree.css_first("frame[src], iframe[src], img[src], video, object, embed, form") is not None
    return "ok" if len(text) > 20 or has_more or document.anchors else "empty"


def _has_contact(text: str) -> bool:
    return "@" in text and "domain" not in text.partition("@")[0][-40:].lower()


def kind_of(host: str, registrable: str) -> WebsiteKind:
    """Return whose place a site lives at, by its host name: its own, or another's platform."""
    name = registrable.removeprefix("www.")
    if name in _SOCIAL:
        return "social"
    if any(host == known or host.endswith("." + known) for known in _BUILDER_HOSTS):
        return "builder"
    brand = name.partition(".")[0]
    known_brand = brand in (
        "tripadvisor",
        "yelp",
        "opentable",
        "thefork",
        "booking",
        "ubereats",
        "just-eat",
        "lieferando",
    )
    return "directory" if name in _DIRECTORY or known_brand else "own"


def script_target(tree: LexborHTMLParser) -> str | None:
    """Return where an inline script sends the reader; read before scripts are taken out."""
    hits = (_LOCATION.search(node.text()[:5_000]) for node in tree.css("script:not([src])")[:10])
    return next((hit[1] or hit[2] for hit in hits if hit), None)


def refresh(document: Document, tree: LexborHTMLParser, by_script: str | None) -> str | None:
    """Return where the page sends its reader on by itself within 10 seconds, or the frame that holds what it says.

    ``by_script`` counts only on a page that says nothing itself: elsewhere, scripts do so when somebody clicks.
    """
    for node in tree.css('meta[http-equiv="refresh" i]')[:3]:
        hit = re.match(
            r"\s{0,9}(\d{1,2})[\s.\d]{0,9}[;,]\s{0,9}url\s{0,9}=\s{0,9}[\"']?([^\"'>\s]{1,2000})",
            attribute(node, "content"),
            re.I,
        )
        if hit and int(hit[1]) <= 10:
            return document.absolute(hit[2])
    for node in tree.css("frame[src]")[:10]:
        name = (attribute(node, "name") + attribute(node, "src")).lower()
        if not re.search(r"nav|menu|head|top|left|banner|leiste", name):
            return document.absolute(attribute(node, "src"))
    return document.absolute(by_script) if by_script and len(document.lines) < 5 else None
