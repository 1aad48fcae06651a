"""Opening hours from schema.org's form to OpenStreetMap's: ``Mo-Fr 09:00-17:00; Sa 10:00-14:00``.

https://schema.org/openingHours, https://schema.org/OpeningHoursSpecification,
https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification
"""

import re
from collections.abc import Iterable
from itertools import groupby

import opening_hours

from providers.website.structured import Node, short, texts

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH")
_NAMES = {
    "Mo": "mo mon monday montag lundi lunes lunedì lunedi maandag måndag mandag maanantai poniedziałek segunda",
    "Tu": "tu tue tues tuesday dienstag mardi martes martedì martedi dinsdag tisdag tirsdag tiistai wtorek terça",
    "We": "we wed wednesday mittwoch mercredi miércoles mercoledì mercoledi woensdag onsdag keskiviikko środa quarta",
    "Th": "th thu thur thurs thursday donnerstag jeudi jueves giovedì giovedi donderdag torsdag torstai czwartek"
    " quinta",
    "Fr": "fr fri friday freitag vendredi viernes venerdì venerdi vrijdag fredag perjantai piątek sexta",
    "Sa": "sa sat saturday samstag samedi sábado sabato zaterdag lördag lørdag lauantai sobota",
    "Su": "su sun sunday sonntag dimanche domingo domenica zondag söndag søndag sunnuntai niedziela so",
    "PH": "ph publicholiday publicholidays",
}
_DAY_OF = {name: day for day, names in _NAMES.items() for name in names.split()}
_TIME = re.compile(
    r"(?:.*T)?(\d{1,2})(?:[:.h]?(\d{2}))?(?::\d{2})?\s*(am|pm|a\.m\.|p\.m\.)?(?:Z|[+-]\d\d:?\d\d)?", re.I
)
_TEXT_TIME = re.compile(
    r"(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})?\s?(am|pm)?\s?(?:-|to)\s?(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})?\s?(am|pm)?",
    re.I,
)
_TEXT_DAYS = re.compile(r"\A\s*([^\W\d_]+(?:\s?(?:-|,|to|&)\s?[^\W\d_]+)*)[\s:]+", re.I)


def of_item(node: Node) -> str | None:
    """Return the regular hours of a schema.org item, or None if it states none that make sense."""
    stated = _of_specifications(node) or _of_texts(texts(node.get("openingHours")))
    return stated if stated and opening_hours.validate(stated) else None


def _of_specifications(node: Node) -> str | None:
    spans: dict[str, list[str]] = {}
    for one in _specifications(node):
        times = _span(one)
        if times is None:
            continue
        for day in _days(texts(one.get("dayOfWeek")) or list(DAYS[:7])):
            spans.setdefault(day, [])
            if times not in spans[day]:
                spans[day].append(times)
    return written(spans)


def _specifications(node: Node) -> Iterable[Node]:
    """Those that hold all year round: without dates."""
    for key in ("openingHoursSpecification", "hoursAvailable"):
        value = node.get(key)
        for one in (value if isinstance(value, list) else [value])[:100]:
            if isinstance(one, dict) and not one.get("validFrom") and not one.get("validThrough"):
                yield one


def _days(names: Iterable[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        for part in re.split(r"[,;]\s*|\s+(?=https?:)", name):
            first, dash, last = part.partition("-")
            if dash and (begin := _day(first)) and (end := _day(last)):
                found += _between(begin, end)
            elif day := _day(part):
                found.append(day)
    return list(dict.fromkeys(found))


def _day(name: str) -> str | None:
    return _DAY_OF.get(short(name).lower().strip(" ."))


def _between(first: str, last: str) -> list[str]:
    begin, end = DAYS.index(first), DAYS.index(last)
    if begin > end:
        return [*DAYS[begin:7], *DAYS[: end + 1]]
    return list(DAYS[begin : end + 1])


def _span(one: Node) -> str | None:
    """``09:00-17:00`` or ``off``; None if the item says nothing of use."""
    opens, closes = texts(one.get("opens")), texts(one.get("closes"))
    if not opens and not closes:
        return "off" if one.get("dayOfWeek") and ("opens" in one or "closes" in one) else None
    begin, end = _clock(opens[0] if opens else ""), _clock(closes[0] if closes else "")
    return span(begin, end)


def span(begin: str | None, end: str | None) -> str | None:
    """Return a span of time; the same moment twice at midnight is the whole day, at any other time it is closed."""
    if begin is None or end is None:
        return None
    if begin == end:
        return "00:00-24:00" if begin == "00:00" else "off"
    if (begin, end) == ("00:00", "23:59"):
        return "00:00-24:00"
    return f"{begin}-{'24:00' if end in ('00:00', '23:59') else end}"


def _clock(raw: str) -> str | None:
    hit = _TIME.fullmatch(raw.strip())
    return clock(hit[1], hit[2], hit[3]) if hit else None


def clock(hour: str, minute: str | None, half: str | None) -> str | None:
    """Return ``HH:MM`` of an hour on either kind of clock, or None if there is no such time."""
    number = int(hour)
    if half:
        number = number % 12 + (12 if half.lower().startswith("p") else 0)
    if number > 24 or int(minute or 0) > 59:
        return None
    return f"{0 if number == 24 else number:02d}:{int(minute or 0):02d}"


def _of_texts(stated: list[str]) -> str | None:
    """Texts such as ``Mo-Fr 09:00-17:00`` and ``Mo,Tu 9:00 AM - 5:00 PM``, or all days in one text."""
    spans: dict[str, list[str]] = {}
    for text in stated[:50]:
        if opening_hours.validate(text) and ";" in text:
            return text
        for part in re.split(r";|(?<=[\dMm]),\s*(?=[A-Z][a-z])|\n", text):
            _add_text(part, spans)
    return written(spans)


def _add_text(part: str, spans: dict[str, list[str]]) -> None:
    part = part.replace("\u2013", "-").replace("\u2014", "-")
    head = _TEXT_DAYS.match(part)
    days = _days([re.sub(r"\s?(?:to|-)\s?", "-", head[1]).replace("&", ",")]) if head else list(DAYS[:7])
    rest = part[head.end() :] if head else part
    times = [span(clock(*hit[:3]), clock(*hit[3:])) for hit in _TEXT_TIME.findall(rest)]
    if re.search(r"\b(?:closed|off|geschlossen|fermé|cerrado|chiuso|suljettu|stängt|lukket|zamknięte)\b", rest, re.I):
        times = ["off"]
    for day in days:
        spans.setdefault(day, []).extend(one for one in times if one and one not in spans.get(day, []))


def written(spans: dict[str, list[str]]) -> str | None:
    """Return the hours of each day as one text; neighbouring days with the same hours share a rule."""
    rows = [(day, _merged(spans[day])) for day in DAYS if spans.get(day)]
    if not rows or all(times == "off" for _, times in rows):
        return None
    if [times for day, times in rows if day != "PH"] == ["00:00-24:00"] * 7:
        return "24/7"
    rules = []
    for times, days in groupby(_runs(rows), key=lambda row: row[1]):
        rules += [f"{name} {times}" for name, _ in days]
    return "; ".join(rules)


def _merged(times: list[str]) -> str:
    real = sorted(one for one in dict.fromkeys(times) if one != "off")
    return ",".join(real) or "off"


def _runs(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Rows with days that follow each other and share their hours put together: ``Mo-Fr``."""
    runs: list[tuple[list[str], str]] = []
    for day, times in rows:
        if runs and runs[-1][1] == times and DAYS.index(day) == DAYS.index(runs[-1][0][-1]) + 1 and day != "PH":
            runs[-1][0].append(day)
        else:
            runs.append(([day], times))
    return [(days[0] if len(days) == 1 else f"{days[0]}-{days[-1]}", times) for days, times in runs]
