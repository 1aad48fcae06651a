"""Leads: businesses as one account knows them, and which places each was merged from."""

from typing import Any

import peewee

from models import base
from models.base import JSONText, Stamp


class KeyText(peewee.TextField):
    """Text as ``models.search_terms.key`` gives it, ordered by code point on both databases."""

    def ddl_datatype(self, ctx: Any) -> Any:
        collation = "" if base.is_sqlite() else ' COLLATE "C"'
        return peewee.NodeList((super().ddl_datatype(ctx), peewee.SQL(collation)))


class Lead(base.Model):
    """One business of one account. Written in batches, by ``models.lead_batch`` alone.

    ``number`` is internal; ``id`` public. ``rank_key`` orders an account's leads from best to worst:
    see ``models.search``. Columns filters use are plain; the rest of the document is JSON text. Text is compared and
    sorted by the ``..._key`` column made from it.
    """

    number = peewee.AutoField()
    id = peewee.CharField(max_length=40, unique=True)
    account_id = peewee.CharField(max_length=40)
    rank_key = peewee.BigIntegerField(unique=True)
    name = peewee.TextField()
    names = JSONText()  # {language: name}
    alt_names = JSONText()  # [str]
    brand = peewee.TextField(null=True)
    brand_wikidata = peewee.TextField(null=True)
    operator = peewee.TextField(null=True)
    category = peewee.CharField(max_length=64)
    lat = peewee.DoubleField()
    lon = peewee.DoubleField()
    house_number = peewee.TextField(null=True)
    street = peewee.TextField(null=True)
    unit = peewee.TextField(null=True)
    district = peewee.TextField(null=True)
    city = peewee.TextField(null=True)
    region = peewee.TextField(null=True)
    postcode = peewee.TextField(null=True)
    country = peewee.CharField(max_length=2, null=True)
    timezone = peewee.TextField(null=True)
    phones = JSONText()  # [{"e164", "raw", "kind", "valid"}]
    emails = JSONText()  # [str]
    websites = JSONText()  # [str]
    socials = JSONText()  # {platform: [url]}
    opening_hours = JSONText(null=True)  # {"raw", "valid"}
    operating_status = peewee.CharField(max_length=24)
    attributes = JSONText()  # {name: bool}
    has_phone = peewee.BooleanField()
    has_email = peewee.BooleanField()
    has_website = peewee.BooleanField()
    has_social = peewee.BooleanField()
    has_opening_hours = peewee.BooleanField()
    rating = peewee.DoubleField(null=True)
    review_count = peewee.IntegerField(null=True)
    quality_score = peewee.IntegerField()  # 0 to 100
    quality_reasons = JSONText()
    sources = JSONText()  # [{"source", "record_id", "license", "updated_at", "release", "url"}]
    attribution = peewee.TextField()
    tags = JSONText()  # [str], the customer's own, as are the next two
    stage = peewee.CharField(max_length=16)
    note = peewee.TextField(null=True)
    layers = JSONText(null=True)  # services.lead_layers; null while the map alone speaks
    website_facts = JSONText(null=True)  # models.lead_website, which the next six are made by
    website_kind = peewee.CharField(max_length=12)
    website_https = peewee.BooleanField(null=True)
    website_responds = peewee.BooleanField(null=True)
    website_checked_at = Stamp(null=True)
    enrichment_status = peewee.CharField(max_length=20, null=True)
    enriched_at = Stamp(null=True)
    content_hash = peewee.CharField(max_length=64)
    scan_id = peewee.CharField(max_length=40)  # the scan that saw it last; empty while none did
    first_seen_at = Stamp()
    last_seen_at = Stamp()
    changed_at = Stamp()
    gone_at = Stamp(null=True)
    document = peewee.TextField()  # as customers see it: models.lead_document
    name_key = KeyText()
    brand_key = KeyText(null=True)
    operator_key = KeyText(null=True)
    street_key = KeyText(null=True)
    district_key = KeyText(null=True)
    city_key = KeyText(null=True)
    region_key = KeyText(null=True)
    postcode_key = KeyText(null=True)
    timezone_key = KeyText(null=True)
    website_key = KeyText(null=True)  # of the first website

    class Meta:
        indexes = (
            (("account_id", "name_key", "number"), False),
            (("account_id", "first_seen_at", "number"), False),
            (("account_id", "last_seen_at", "number"), False),
            (("account_id", "changed_at", "number"), False),
            (("account_id", "lat", "lon"), False),
            (("scan_id", "rank_key"), False),
        )


OF_ACCOUNT = "account_id || '' = ?"
"""Of an account, for leads that are found by their ids: without statistics SQLite takes an account's leads for few,
and would read all of them."""


class LeadPlace(base.Model):
    """Which lead of an account a place belongs to. A place is named as its source names it.

    ``record`` is what a row of the account's own lists says (``services.list_rows``); null for places of maps.
    """

    account_id = peewee.CharField(max_length=40)
    source = peewee.CharField(max_length=16)
    record_id = peewee.CharField(max_length=200)
    lead_number = peewee.IntegerField(index=True)
    tile_y = peewee.IntegerField()
    tile_x = peewee.IntegerField()
    record = JSONText(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("account_id", "source", "record_id")
        indexes = ((("account_id", "tile_y", "tile_x"), False), (("source", "record_id"), False))


class LeadChange(base.Model):
    """What became of a lead: ``new``, ``changed`` (property -> from, to, as shown) or ``gone``.

    ``cause`` is ``scan``, ``enrichment``, ``import`` or ``customer``; ``cause_id`` names the scan, the enrichment or
    the API key that the customer changed or imported it with.
    """

    id = peewee.AutoField()
    account_id = peewee.CharField(max_length=40)
    lead_id = peewee.CharField(max_length=40)
    cause = peewee.CharField(max_length=16)
    cause_id = peewee.CharField(max_length=40, null=True)
    change = peewee.CharField(max_length=8)
    fields = JSONText()
    at = Stamp()

    class Meta:
        indexes = ((("account_id", "cause_id", "change", "id"), False), (("account_id", "lead_id", "id"), False))


TABLES: tuple[type[base.Model], ...] = (Lead, LeadPlace, LeadChange)
