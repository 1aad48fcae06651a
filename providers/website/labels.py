"""What a number on a page is, by the words beside it: a telephone, a fax, or something that must not be dialled."""

import re
from typing import Literal

Label = Literal["phone", "fax", "other"]

_PHONE = (
    r"tel|tél|tel[ée]?f(?:on[oea]?s?|oon|oni|ons|ónica|onnummer|onnr|oonnummer|onszám|onas|ones|onos)?|t[ée]l[ée]phone|"
    r"telephones?|phones?|ph|puh|puhelin(?:numero)?|puhelimet|mob|mobile?|mobiili|mobiltelefon|mobilnummer|handy|"
    r"gsm|cell|cellphone|cellulare|celular|"
    r"cell|cel|portable|port|m[óo]vil|matkapuhelin|kännykkä|käyntipuhelin|tlf|tlfn|tlfnr|tfn|tfnr|tlp|tele|"
    r"kom[óo]rka|kom|kom[óo]rkowy|infolinia|telefonicznie|hotline|whatsapp|whats app|viber|signal|sms|"
    r"call|call us|dial|ring|ring oss|soita|appel|appelez(?:[- ]nous)?|ll[áa]m[ae](?:nos)?|chiama(?:ci)?|"
    r"rufen sie uns an|anruf|zentrale|servicetelefon|notruf|notdienst|emergency|switchboard|växel|vaihde|"
    r"asiakaspalvelu|ajanvaraus|pöytävaraukset|myynti|kundservice|kundeservice|customer service|reception|"
    r"vastaanotto|bookings?|reservations?|reservas|prenotazioni|reservierung|r[ée]servations?|rezerwacj[ea]|"
    r"telemóvel|telem|telefonnummer|telefonnumer|telnr|tel\.?-?nr|rufnummer|fon|fone|contacto|kontakt|contact|"
    r"тел|телефон|моб|τηλ|τηλέφωνο|電話|电话|電話番号|전화|هاتف|טלפון|t|m|p|c|fn|telefonas|tālr|tālrunis|mobil|"
    r"puhelinpalvelu|n° de t[ée]l|num[ée]ro de t[ée]l[ée]phone|n[uú]mero de tel[ée]fono|contact (?:no|number)|"
    r"toll[- ]?free|"
    r"freephone|(?:call|reach|text|phone|ring)(?: us)?(?: on| at)?|(?:numero|numeroon|numerosta|nummer|unter|auf|"
    r"au|al|allo)"
)
_FAX = (
    r"fax(?:nummer|nr|numero|number|no|num)?|faksi|faks|faxi|faksas|fakss|faksnummer|telefax(?:nummer)?|telefaks|"
    r"tele ?fax|"
    r"t[ée]l[ée]copie(?:ur)?|telecopie|facsimile|f|факс|φαξ|ファックス|ファクス|传真|傳真|팩스|فاكس|פקס|telefaxnr"
)
_OTHER = (
    r"vat|vat[- ]?(?:no|nr|reg|id|number|registration)(?: no| number)?|umsatzsteuer-id(?:nr)?|iban|bic|swift|konto|"
    r"kontonr|kontonummer|account(?: no| number)?|sort code|bankgiro|bg|plusgiro|pg|"
    r"y-?tunnus|ly-?tunnus|business id|fo-?nummer|alv|cvr|se-?nr|p-?nummer|org|orgnr|org\.? ?nr|organisationsnummer|"
    r"organisasjonsnummer|foretaksregisteret|hrb|hra|hrb-?nr|handelsregister|amtsgericht|registergericht|ust|ust\.?-?id|"
    r"ust\.?-?idnr|ust\.?-?id\.?-?nr|steuernummer|steuernr|steuer-?nr|st-?nr|finanzamt|"
    r"siren|siret|rcs|naf|ape|code ape|tva|"
    r"capital|"
    r"n° tva|agr[ée]ment|rpps|adeli|finess|nif|cif|dni|nie|registro mercantil|tomo|folio|hoja|nrt|p\.? ?iva|p\.?i\.?|"
    r"partita iva|c\.? ?f|cod\.? ?fisc|codice fiscale|rea|cciaa|cap\.? soc|sdi|codice univoco|nip|regon|krs|kapitał|"
    r"kvk|kvk-?nr|kvk-?nummer|btw|btw-?nr|rsin|bce|kbo|tva be|ondernemingsnummer|reg|reg\.? ?no|registration(?: no|"
    r" number)?|"
    r"registered(?: in [a-z ]+)?(?: no| number)?|company(?: no| number| registration)?|charity(?: no| number)?|license|"
    r"licen[cs]e(?: no| number| #)?|lic|permit|cnpj|cpf|abn|acn|ein|tax id|ico|ičo|dic|dič|oib|reg\.? ?kood|"
    r"registrikood|"
    r"kmkr|isbn|issn|ean|gtin|upc|sku|art|artikel|art\.?-?nr|artikelnummer|item|model|order|order no|bestellnr|"
    r"tilausnumero|tilaus|tilaus nro|ref|réf|referenz|reference|id|uid|ik|ik-?nummer|bsnr|lanr|"
    r"versicherung(?:snummer)?|police|zip|plz|"
    r"postcode|postal code|postinumero|code postal|po box|p\.? ?o\.? ?box|pl|postfach|bp|cs|apartado|price|preis|prix|"
    r"hinta|pris|cena|precio|prezzo|€|\$|£|eur|usd|gbp|chf|sek|nok|dkk|pln|copyright|©|since|seit|depuis|desde|dal|"
    r"vuodesta|gps|lat|lng|lon|longitude|latitude|coordinates|koordinaten|koordinaatit|gln|ovt|duns|bankleitzahl|blz|"
    r"einwohner|version|v|no\.? of|mwst|moms|mva|ga|gtm|ua|pixel|№|ogrn|огрн|инн|кпп|bulstat|еик|cui|j\d\d|fn|"
    r"firmenbuch|firmenbuchnummer|dvr|gisa|che|nummer des|gewerbe|aufsichts\w*|lucid|weee|weee-reg|ear|öko|bio|de-öko|"
    r"verkkolaskuosoite|verkkolaskutusosoite|operaattoritunnus|välittäjätunnus|vies|eori|insee|orias|matricule|carte"
)
_QUALIFIED = r"(?:\s?[(\[][^()\[\]]{1,24}[)\]])?"
_END = rf"{_QUALIFIED}(?:[\s.:;,()\[\]|•·/*_=>#+'\"-]|nr|no|n[°º]|&){{0,8}}\Z"
_BEFORE = r"(?:(?<=\A)|(?<=[^\w]))"
_PHONE_END = re.compile(rf"{_BEFORE}(?:{_PHONE}){_END}")
_FAX_END = re.compile(rf"{_BEFORE}(?:{_FAX}){_END}")
_OTHER_END = re.compile(rf"{_BEFORE}(?:{_OTHER})(?:[\s.:]{{0,3}}[a-z]{{2}})?{_END}")
_NUMBER_OF = re.compile(
    r"(?:compan|regist|charit|order|member|account|vat|tax|invoice|unternehm|firmen|kunden|rechnungs)\w*[\s.-]"
)
_ANY_PHONE = re.compile(r"\b(?:t[eé]l(?!efa|[eé]cop)\w*|phone|puh\w*|tlf|t)\b")
_ICONS = {"☎": "phone", "📞": "phone", "✆": "phone", "📱": "phone", "☏": "phone", "🕿": "phone", "📠": "fax", "🖷": "fax"}
_AFTER_FAX = re.compile(r"\s{0,3}(?:[(\[]\s?(?:fax|telefax|faksi|faks|факс)|[-,]?\s?(?:fax|telefax|faksi|faks)\s*\Z)")
_AFTER_PHONE = re.compile(
    r"\s{0,3}[(\[]\s?(?:tel|phone|puh|mobile|mobil|office|gsm|cell|handy|móvil|cellulare|landline)"
)
_AFTER_OTHER = re.compile(
    r"\s?(?:€|eur\b|\$|£|zł|kr\b|%|km\b|m²|m2\b|kg\b|g\b|ml\b|cl\b|l\b|st\b|pcs|kpl\b|uhr\b|h\b|chf\b|pln\b|:\d\d)"
)


def before(text: str) -> Label | None:
    """Return what the last words of ``text``, which stands before a number, call that number; None if nothing."""
    tail = text[-48:].lower().rstrip()
    if not tail:
        return None
    for icon, label in _ICONS.items():
        if tail.endswith((icon, icon + "\ufe0f")):
            return "fax" if label == "fax" else "phone"
    fax, other, phone = _FAX_END.search(tail), _OTHER_END.search(tail), _PHONE_END.search(tail)
    if other and all(other.start() < one.start() for one in (fax, phone) if one):  # the longest label is the one meant
        return "other"
    if fax:
        head = tail[-24:]
        return "phone" if _ANY_PHONE.search(head) and re.search(r"[/+&]|und|and|ja|och|et|y|e ", head) else "fax"
    return "phone" if phone and not _NUMBER_OF.search(tail[-24:]) else "other" if other or phone else None


def after(text: str) -> Label | None:
    """Return what the words right behind a number call it: ``09 123 (fax)``, ``120 €``."""
    head = text[:16].lower()
    if _AFTER_FAX.match(head):
        return "fax"
    if _AFTER_OTHER.match(head):
        return "other"
    return "phone" if _AFTER_PHONE.match(head) else None
