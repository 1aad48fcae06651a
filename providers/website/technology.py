"""What a site is made with, by what it leaves in its pages: the builder, and the services a web agency asks about."""

import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser

from providers.website.document import attribute

MAX_SCAN = 1_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """``builder`` is the hosted builder, shop or content system; ``technologies`` are all that were recognised."""

    generator: str | None
    builder: str | None
    technologies: tuple[str, ...]


_BUILDERS = {
    "Wix": ("static.wixstatic.com", "static.parastorage.com", "wix.com website builder"),
    "Squarespace": ("static1.squarespace.com", "assets.squarespace.com", "squarespace-cdn.com"),
    "Shopify": ("cdn.shopify.com", "shopify.theme", "/cdn/shop/"),
    "GoDaddy": ("img1.wsimg.com", "godaddy website builder"),
    "Weebly": ("editmysite.com", "weebly.com/uploads"),
    "Jimdo": ("jimdo.com", "jimstatic.com", "jimcdn.com"),
    "Webflow": ("assets.website-files.com", "cdn.prod.website-files.com", "data-wf-site"),
    "Webnode": ("webnode.com", "duyn491kcolsw.cloudfront.net"),
    "Duda": ("multiscreensite.com", "irp.cdn-website.com", "cdn-website.com"),
    "IONOS MyWebsite": ("website-start.de", "mywebsite-editor", "cdn.initial-website.com"),
    "STRATO": ("strato-editor", "strato-hosting.com", "cm4all.com"),
    "Tilda": ("tildacdn.com", "static.tildacdn"),
    "Site123": ("site123.com", "cdn-cms.f-static"),
    "Strikingly": ("strikinglycdn.com", "strikingly.com"),
    "Google Sites": ("sites.google.com/view", "gstatic.com/atari"),
    "Blogger": ("blogger.com/static", "blogspot.com"),
    "Webador": ("jwwb.nl", "webador."),
    "e-monsite": ("e-monsite.com",),
    "Framer": ("framerusercontent.com",),
    "Carrd": ("carrd.co",),
    "HubSpot": ("hs-sites.com", "hubspot.net", "hs-scripts.com"),
    "Kotisivukone": ("kotisivukone",),
    "Yola": ("yolasite.com", "yola.com"),
    "Zyro": ("zyrosite.com", "assets.zyrosite"),
    "WordPress": ("wp-content/", "wp-includes/", "wp-json"),
    "Joomla": ("/media/jui/", "com_content", "joomla-script-options"),
    "Drupal": ("drupal-settings-json", "/sites/default/files", "drupal.settings"),
    "TYPO3": ("typo3conf/", "typo3temp/", "this website is powered by typo3"),
    "Contao": ("/assets/contao",),
    "PrestaShop": ("prestashop",),
    "Magento": ("mage/cookies", "static/version", "magento"),
    "Shopware": ("shopware",),
    "MyCashflow": ("mycashflow",),
    "Vilkas": ("vilkas",),
    "OpenCart": ("catalog/view/theme",),
    "Ghost": ("ghost-sdk", "/ghost/"),
    "Odoo": ("/web/assets/", "odoo"),
}
_OTHERS = {
    "WooCommerce": ("woocommerce",),
    "Elementor": ("elementor-",),
    "Divi": ("/themes/divi",),
    "Yoast SEO": ("yoast",),
    "Google Analytics": ("google-analytics.com", "googletagmanager.com/gtag", "gtag('config'", "urchin.js"),
    "Google Tag Manager": ("googletagmanager.com/gtm", "googletagmanager.com/ns.html"),
    "Google Ads": ("googleadservices.com", "googlesyndication.com"),
    "Facebook Pixel": ("connect.facebook.net", "fbq('init'", "facebook.com/tr?id"),
    "TikTok Pixel": ("analytics.tiktok.com",),
    "LinkedIn Insight": ("snap.licdn.com",),
    "Hotjar": ("static.hotjar.com",),
    "Matomo": ("matomo.js", "piwik.js", "_paq.push"),
    "Plausible": ("plausible.io/js",),
    "reCAPTCHA": ("google.com/recaptcha", "recaptcha/api.js"),
    "hCaptcha": ("hcaptcha.com",),
    "Google Maps": ("maps.googleapis.com", "google.com/maps/embed", "maps.google."),
    "OpenStreetMap": ("openstreetmap.org/export/embed", "tile.openstreetmap.org"),
    "Google Fonts": ("fonts.googleapis.com",),
    "jQuery": ("jquery",),
    "Bootstrap": ("bootstrap.min", "bootstrap.css", "bootstrap.bundle"),
    "React": ("data-reactroot", "react-dom"),
    "Next.js": ("__next_data__", "/_next/static"),
    "Nuxt": ("__nuxt__", "/_nuxt/"),
    "Gatsby": ("___gatsby",),
    "Angular": ("ng-version",),
    "Cloudflare": ("cdn-cgi/", "cloudflareinsights.com"),
    "Cookiebot": ("consent.cookiebot.com",),
    "OneTrust": ("cdn.cookielaw.org", "onetrust"),
    "Usercentrics": ("usercentrics",),
    "Complianz": ("complianz",),
    "Borlabs Cookie": ("borlabs-cookie",),
    "Stripe": ("js.stripe.com",),
    "PayPal": ("paypal.com/sdk", "paypalobjects.com"),
    "Klarna": ("klarna",),
    "Calendly": ("calendly.com",),
    "OpenTable": ("opentable.",),
    "TheFork": ("thefork.", "lafourchette"),
    "Quandoo": ("quandoo.",),
    "TableOnline": ("tableonline.fi",),
    "Resmio": ("resmio",),
    "Treatwell": ("treatwell",),
    "Timma": ("timma.",),
    "Planity": ("planity.com",),
    "Doctolib": ("doctolib.",),
    "Doctena": ("doctena",),
    "Booking.com": ("booking.com/hotel",),
    "Wolt": ("wolt.com",),
    "Lieferando": ("lieferando",),
    "Mailchimp": ("list-manage.com", "chimpstatic.com"),
    "Klaviyo": ("klaviyo.com",),
    "Brevo": ("sibforms.com", "sendinblue"),
    "Tawk.to": ("embed.tawk.to",),
    "Tidio": ("code.tidio.co",),
    "Crisp": ("client.crisp.chat",),
    "Intercom": ("widget.intercom.io",),
    "Zendesk": ("zdassets.com",),
    "Trustpilot": ("widget.trustpilot.com",),
    "Vimeo": ("player.vimeo.com",),
    "YouTube": ("youtube.com/embed", "youtube-nocookie.com/embed"),
    "Sentry": ("browser.sentry-cdn.com", "sentry.io"),
}
_GENERATORS = {
    "wix": "Wix", "squarespace": "Squarespace", "shopify": "Shopify", "starfield": "GoDaddy", "go daddy": "GoDaddy",
    "godaddy": "GoDaddy", "weebly": "Weebly", "jimdo": "Jimdo", "webflow": "Webflow", "webnode": "Webnode",
    "wordpress": "WordPress",
    "joomla": "Joomla", "drupal": "Drupal", "typo3": "TYPO3", "contao": "Contao", "prestashop": "PrestaShop",
    "magento": "Magento",
    "blogger": "Blogger", "hubspot": "HubSpot", "framer": "Framer", "duda": "Duda", "mywebsite": "IONOS MyWebsite",
    "strato": "STRATO",
    "tilda": "Tilda", "site123": "Site123", "webador": "Webador", "e-monsite": "e-monsite", "zyro": "Zyro",
    "hostinger": "Zyro",
    "ghost": "Ghost", "odoo": "Odoo", "opencart": "OpenCart", "shopware": "Shopware", "kotisivukone": "Kotisivukone",
    "yola": "Yola",
    "woocommerce": "WooCommerce", "elementor": "Elementor", "hugo": "Hugo", "jekyll": "Jekyll", "gatsby": "Gatsby",
    "next.js": "Next.js",
    "nuxt": "Nuxt", "astro": "Astro", "frontpage": "Microsoft FrontPage", "microsoft word": "Microsoft Word",
    "dreamweaver": "Dreamweaver",
    "mobirise": "Mobirise", "modx": "MODX", "concrete": "Concrete CMS", "silverstripe": "Silverstripe",
    "umbraco": "Umbraco",
}  # fmt: skip


def read(html: str, tree: LexborHTMLParser) -> Made:
    """Return what made a page; marks are looked for in its markup, not in what it says."""
    generators = [attribute(node, "content")[:200] for node in tree.css('meta[name="generator" i]')[:10]]
    low = _marks(html[:MAX_SCAN].lower())
    named = [name for text in generators for mark, name in _GENERATORS.items() if mark in text.lower()]
    builders = [name for name, marks in _BUILDERS.items() if any(mark in low for mark in marks)]
    others = [name for name, marks in _OTHERS.items() if any(mark in low for mark in marks)]
    builder = next((name for name in named if name in _BUILDERS), None) or next(iter(builders), None)
    everything = dict.fromkeys([*named, *builders, *others])
    return Made(next(iter(generators), None) or None, builder, tuple(sorted(everything)))


def _marks(low: str) -> str:
    """The attributes, scripts and comments of a page, without the text between tags and the targets of links."""
    return re.sub(r">[^<>]{3,}(?=<(?!/script|/style))|<a\s[^<>]{0,2000}>", ">", low)
