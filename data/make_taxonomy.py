"""Make ``categories.json``: the business part of OpenStreetMap's tagging presets, as one tree.

Usage: python data/make_taxonomy.py FOLDER
FOLDER is the unpacked npm package @openstreetmap/id-tagging-schema (ISC licence, see data/LICENSE).
The result depends on that package and on the tables below only, so a new version gives a readable diff.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LANGUAGES = ("de", "es", "fi", "fr", "it", "ja", "nl", "pl", "pt", "sv")
KEYS = ("amenity", "shop", "healthcare", "tourism", "craft", "leisure", "education", "club", "office")
"""Keys that make an object a business; where one object has several, the earlier key says what it is."""

GROUPS = {
    "food_and_drink": ("Food and drink", "eat dining gastronomy catering"),
    "shop": ("Shops", "store retail boutique"),
    "lodging": ("Lodging", "accommodation hotel stay sleep"),
    "health": ("Health", "medical healthcare care"),
    "personal_care": ("Beauty and personal care", "beauty wellness body"),
    "automotive": ("Vehicles", "car motor garage automobile"),
    "finance": ("Money and insurance", "financial money bank"),
    "office": ("Offices and professional services", "company business service"),
    "craft": ("Trades and crafts", "workshop tradesman contractor"),
    "education": ("Education", "learning teaching training"),
    "culture": ("Culture and attractions", "arts sights entertainment tourism"),
    "leisure": ("Sports and leisure", "sport recreation fitness nightlife"),
    "public_service": ("Public services and community", "government community public"),
    "transport": ("Transport", "mobility travel rental"),
}

WHOLE_KEYS = {
    "club": "leisure",
    "craft": "craft",
    "education": "education",
    "healthcare": "health",
    "office": "office",
    "shop": "shop",
}
"""Every value of these keys is a business; the group is the usual one, exceptions follow."""

MEMBERS = {
    "food_and_drink": "amenity: bar biergarten cafe fast_food food_court hookah_lounge ice_cream pub restaurant",
    "shop": "amenity: marketplace",
    "lodging": "tourism: alpine_hut apartment camp_site caravan_site chalet guest_house hostel hotel motel"
    " wilderness_hut amenity: love_hotel leisure: resort summer_camp",
    "health": "amenity: clinic dentist doctors hospital pharmacy veterinary veterinary_pharmacy"
    " shop: chemist hearing_aids herbalist medical_supply nutrition_supplements optician office: therapist",
    "personal_care": "shop: beauty cosmetics hairdresser massage perfumery piercing tattoo wigs"
    " amenity: public_bath leisure: sauna",
    "automotive": "shop: car car_parts car_repair caravan fuel motorcycle motorcycle_repair tyres"
    " amenity: car_wash fuel vehicle_inspection",
    "finance": "amenity: bank bureau_de_change money_transfer payment_centre shop: money_lender pawnbroker gold_buyer"
    " office: accountant bail_bond_agent-US-PH financial financial_advisor insurance tax_advisor",
    "craft": "shop: locksmith shoe_repair tailor repair",
    "education": "amenity: dojo driver_training planetarium research_institute toy_library"
    " office: educational_institution research",
    "culture": "amenity: arts_centre cinema conference_centre events_venue exhibition_centre studio theatre"
    " tourism: aquarium attraction gallery museum theme_park zoo information/visitor_centre information/office"
    " leisure: indoor_play shop: ticket",
    "leisure": "amenity: casino dive_centre gambling internet_cafe karaoke_box nightclub stripclub swingerclub"
    " tourism: trail_riding_station shop: bookmaker lottery"
    " leisure: adult_gaming_centre amusement_arcade beach_resort bowling_alley dance disc_golf_course escape_game"
    " fishing fitness_centre golf_course hackerspace horse_riding ice_rink marina miniature_golf sports_centre"
    " sports_hall stadium swimming_pool trampoline_park water_park playground/indoor",
    "public_service": "amenity: animal_boarding animal_breeding animal_shelter childcare community_centre courthouse"
    " crematorium fire_station funeral_hall library mortuary police post_depot post_office prison recycling_centre"
    " refugee_site social_centre social_facility townhall waste_transfer_station shop: funeral_directors"
    " office: adoption_agency charity diplomatic foundation government ngo political_party religion union"
    " water_utility",
    "transport": "amenity: bicycle_rental boat_rental boat_storage bus_station car_rental car_sharing ferry_terminal"
    " motorcycle_rental taxi shop: travel_agency office: moving_company",
}
"""Group -> presets (``key: value value/kind``) whose group is not, or not only, given by WHOLE_KEYS."""

NOT_BUSINESS = ("shop/vacant", "shop/outpost")
SAME_AS = {
    "amenity/coworking_space": "office/coworking",
    "amenity/doctors/podiatry": "healthcare/podiatrist",
    "amenity/embassy": "office/diplomatic/embassy",
    "amenity/nursing_home": "amenity/social_facility/nursing_home",
    "craft/locksmith": "shop/locksmith",
    "craft/tailor": "shop/tailor",
    "office/administrative": "office/government",
    "office/lawyer/notary": "office/notary",
    "office/physician": "amenity/doctors",
    "office/travel_agent": "shop/travel_agency",
    "shop/boutique": "shop/clothes",
    "shop/fashion": "shop/clothes",
    "shop/ice_cream": "amenity/ice_cream",
}
"""Presets kept upstream for old data only: their tags mean the second one's category."""

PARENTS = {"healthcare/dentist/orthodontics": "amenity/dentist"}
"""Kinds of a preset that upstream keeps under another key."""

PLAIN_NAMES = {
    "amenity/pharmacy": "Pharmacy",
    "education/college": "College",
    "education/kindergarten": "Kindergarten",
    "education/school": "School",
    "education/university": "University",
    "office/company": "Company Office",
}
"""Upstream names for mapping an area of ground; these are for a person looking for a business."""

OTHER = {
    "amenity": ("other_amenity", "Other service", "public_service"),
    "club": ("club", "Club", "leisure"),
    "craft": ("other_craft", "Other trade", "craft"),
    "education": ("other_education", "Other education", "education"),
    "healthcare": ("other_healthcare", "Other healthcare", "health"),
    "leisure": ("other_leisure", "Other leisure", "leisure"),
    "office": ("other_office", "Other office", "office"),
    "shop": ("other_shop", "Other shop", "shop"),
    "tourism": ("other_tourism", "Other tourism", "culture"),
}
"""Where a value nobody has described goes, by its key."""

Json = dict[str, Any]


def main(folder: Path) -> None:
    presets = _read(folder, "presets.min.json")
    texts = {language: _texts(folder, language) for language in ("en", *LANGUAGES)}
    chosen = _chosen(presets)
    ids = _ids(chosen, texts["en"])
    categories = _groups() + _others()
    categories += [_category(path, chosen, ids, texts, presets) for path in sorted(chosen, key=ids.__getitem__)]
    _add_old_tags(categories, ids, presets, _spellings(folder))
    document = {
        "origin": f"@openstreetmap/id-tagging-schema {_version(folder)}, ISC licence, Copyright (c) iD Contributors",
        "categories": categories,
        "not_business": _not_business(categories, presets),
    }
    (HERE / "categories.json").write_text(_one_category_a_line(document), encoding="utf-8")


def _one_category_a_line(document: Json) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace('{"id"', '\n{"id"').replace('"not_business"', '\n"not_business"') + "\n"


def _chosen(presets: Json) -> dict[str, str]:
    """Preset path -> its group, for every preset that is a business."""
    picked = {f"{key}/{value}": group for group, text in MEMBERS.items() for key, value in _listed(text)}
    result = {}
    for path, preset in presets.items():
        key, *rest = path.split("/")
        top = "/".join(path.split("/")[:2])
        group = picked.get(path) or picked.get(top) or WHOLE_KEYS.get(key)
        usable = rest and preset.get("searchable", True) and rest[-1] != "yes"
        if group and (usable or path in picked) and top not in NOT_BUSINESS and path not in SAME_AS:
            result[path] = group
    return result


def _listed(text: str) -> list[tuple[str, str]]:
    key, pairs = "", []
    for word in text.split():
        if word.endswith(":"):
            key = word[:-1]
        else:
            pairs.append((key, word))
    return pairs


def _ids(chosen: dict[str, str], english: Json) -> dict[str, str]:
    """A short id for each preset: OpenStreetMap's own value, or for a kind of it its English name."""
    taken = set(GROUPS) | {other[0] for other in OTHER.values()}
    ids = {}
    for path in sorted(chosen, key=lambda path: (path.count("/"), KEYS.index(path.split("/")[0]), path)):
        key, value, *kinds = path.split("/")
        wanted = _slug(english[path]["name"]) if kinds else _slug(re.sub("-[A-Z-]+$", "", value))
        ids[path] = wanted if wanted not in taken else f"{wanted}_{key}"
        if ids[path] in taken:
            raise SystemExit(f"two presets want the id {ids[path]}")
        taken.add(ids[path])
    return ids


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower().replace("'", "")).strip("_")


def _groups() -> list[Json]:
    return [
        {"id": group, "parent": None, "name": name, "terms": terms.split(), "local": {}, "tags": []}
        for group, (name, terms) in GROUPS.items()
    ]


def _others() -> list[Json]:
    return [
        {"id": other, "parent": parent, "name": name, "terms": [], "local": {}, "tags": [{key: "*"}]}
        for key, (other, name, parent) in OTHER.items()
    ]


def _category(path: str, chosen: dict[str, str], ids: dict[str, str], texts: dict[str, Json], presets: Json) -> Json:
    name, *terms = _words(texts["en"][path])
    local = {language: _words(texts[language].get(path, {})) for language in LANGUAGES}
    tags = presets[path]["tags"]
    return {
        "id": ids[path],
        "parent": _parent(path, chosen, ids),
        "name": PLAIN_NAMES.get(path, name),
        "terms": terms,
        "local": {language: words for language, words in local.items() if words},
        "tags": [tags],
    }


def _parent(path: str, chosen: dict[str, str], ids: dict[str, str]) -> str:
    if path in PARENTS:
        return ids[PARENTS[path]]
    above = ["/".join(path.split("/")[:depth]) for depth in range(path.count("/"), 1, -1)]
    return next((ids[ancestor] for ancestor in above if ancestor in ids), chosen[path])


def _words(text: Json) -> list[str]:
    """Name, other names and search terms of one preset in one language, the name first, none twice."""
    found = [text.get("name", ""), *text.get("aliases", "").split("\n"), *text.get("terms", "").split(",")]
    words: dict[str, str] = {}
    for word in (re.sub(r"\s+", " ", word).strip() for word in found):
        words.setdefault(word.lower(), word)
    words.pop("", None)
    return list(words.values())


def _add_old_tags(
    categories: list[Json], ids: dict[str, str], presets: Json, spellings: list[tuple[Json, Json]]
) -> None:
    """Let each category also match the tags of older data and the second key mappers add to it."""
    by_id = {category["id"]: category for category in categories}
    extra = [(presets[old]["tags"], ids[new]) for old, new in SAME_AS.items()]
    for path, category in ids.items():
        added = presets[path].get("addTags", {})
        kinds = {key: value for key, value in presets[path]["tags"].items() if key not in KEYS}
        extra += [({key: value} | kinds, category) for key, value in added.items() if key in KEYS]
    known = {_frozen(category["tags"][0]): category["id"] for category in categories if category["tags"]}
    for old, new in spellings:
        main = {key: value for key, value in new.items() if key in KEYS}
        extra += [(old, known[tags]) for tags in (_frozen(new), _frozen(main)) if tags in known][:1]
    for tags, category in extra:
        if _frozen(tags) not in known:
            known[_frozen(tags)] = category
            by_id[category]["tags"].append(tags)


def _not_business(categories: list[Json], presets: Json) -> dict[str, list[str]]:
    """Values that are described and are no business: a bench, a car park, a work of art."""
    values = {key: {"no", "none", "vacant", "disused", "closed", "former"} for key in KEYS}
    for path in [path for path in presets if path.split("/")[0] not in WHOLE_KEYS] + list(NOT_BUSINESS):
        for key in set(presets[path]["tags"]) & set(KEYS):
            values[key].add(presets[path]["tags"][key])
    for key in ("amenity", "leisure", "tourism"):
        values[key].add("yes")
    for tags in [tags for category in categories for tags in category["tags"] if len(tags) == 1]:
        for key, value in tags.items():
            values.get(key, set()).discard(value)
    return {key: sorted(values[key] - {"*"}) for key in KEYS}


def _spellings(folder: Path) -> list[tuple[Json, Json]]:
    """Old tag -> new tags, for tags of one business key."""
    entries = _read(folder, "deprecated.min.json")
    return [
        (entry["old"], entry["replace"])
        for entry in entries
        if "replace" in entry and len(entry["old"]) == 1 and next(iter(entry["old"])) in KEYS
    ]


def _frozen(tags: Json) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(tags.items()))


def _texts(folder: Path, language: str) -> Json:
    texts: Json = _read(folder, f"translations/{language}.min.json")[language]["presets"]["presets"]
    return texts


def _version(folder: Path) -> str:
    return str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / "dist" / name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
