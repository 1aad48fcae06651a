"""The peer: the same leads served by FastAPI, SQLAlchemy 2 and pydantic 2, the way their documentation teaches.

Same table, same API keys, same JSON; no rate limit, no scopes, no checks of its own answers beyond ``response_model``.
Serve it with the environment that MapTargeter itself is given:

    uvicorn benchmarks.api_peer:app --port 8081
    curl -H "X-API-Key: mt_live_..." "http://127.0.0.1:8081/v1/leads?limit=50"
"""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

import orjson
from fastapi import Depends, FastAPI, HTTPException, Query, Security
from fastapi.security import APIKeyHeader
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Text, TypeDecorator, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from core import api_key, config, taxonomy
from models import search

MOST_COUNTED = 10_000

settings = config.Settings.from_env()
engine = create_engine(settings.database_url.replace("postgresql://", "postgresql+psycopg://"))
header = APIKeyHeader(name="X-API-Key")
app = FastAPI()


class JsonText(TypeDecorator[Any]):
    """JSON in a text column."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, _dialect: Any) -> Any:
        return None if value is None else orjson.loads(value)


class Base(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {Any: JsonText}


class Account(Base):
    __tablename__ = "account"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str]


class ApiKey(Base):
    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    digest: Mapped[str]
    revoked_at: Mapped[str | None]
    expires_at: Mapped[str | None]


class Lead(Base):
    __tablename__ = "lead"

    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str]
    account_id: Mapped[str]
    rank_key: Mapped[int]
    name: Mapped[str]
    names: Mapped[Any]
    alt_names: Mapped[Any]
    brand_name: Mapped[str | None] = mapped_column("brand")
    brand_wikidata: Mapped[str | None]
    operator: Mapped[str | None]
    category: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]
    house_number: Mapped[str | None]
    street: Mapped[str | None]
    unit: Mapped[str | None]
    district: Mapped[str | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    postcode: Mapped[str | None]
    country: Mapped[str | None]
    timezone: Mapped[str | None]
    phones: Mapped[Any]
    email_addresses: Mapped[Any] = mapped_column("emails")
    websites: Mapped[Any]
    socials: Mapped[Any]
    opening_hours: Mapped[Any]
    operating_status: Mapped[str]
    attributes: Mapped[Any]
    rating: Mapped[float | None]
    review_count: Mapped[int | None]
    quality_score: Mapped[int]
    quality_reasons: Mapped[Any]
    sources: Mapped[Any]
    attribution: Mapped[str]
    first_seen_at: Mapped[str]
    last_seen_at: Mapped[str]
    changed_at: Mapped[str]
    gone_at: Mapped[str | None]

    @property
    def brand(self) -> dict[str, Any] | None:
        return {"name": self.brand_name, "wikidata": self.brand_wikidata} if self.brand_name else None

    @property
    def category_path(self) -> list[str]:
        return list(taxonomy.path(self.category))

    @property
    def location(self) -> dict[str, float]:
        return {"lat": self.lat, "lon": self.lon}

    @property
    def address(self) -> "Lead":
        return self

    @property
    def formatted(self) -> str | None:
        first = " ".join(part for part in (self.street, self.house_number, self.unit) if part)
        second = " ".join(part for part in (self.postcode, self.city or self.district) if part)
        return ", ".join(part for part in (first, second, self.country) if part) or None

    @property
    def emails(self) -> list[dict[str, str]]:
        return [{"address": address} for address in self.email_addresses]

    @property
    def quality(self) -> dict[str, Any]:
        return {"score": self.quality_score, "reasons": self.quality_reasons}

    @property
    def distance_m(self) -> float | None:
        return None


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class BrandOut(Out):
    name: str
    wikidata: str | None


class LocationOut(Out):
    lat: float
    lon: float


class AddressOut(Out):
    house_number: str | None
    street: str | None
    unit: str | None
    district: str | None
    city: str | None
    region: str | None
    postcode: str | None
    country: str | None
    formatted: str | None


class PhoneOut(Out):
    e164: str | None
    raw: str
    kind: str
    valid: bool


class EmailOut(Out):
    address: str


class OpeningHoursOut(Out):
    raw: str
    valid: bool


class QualityOut(Out):
    score: int
    reasons: list[str]


class SourceOut(Out):
    source: str
    record_id: str
    license: str
    updated_at: str | None
    release: str | None
    url: str | None


class LeadOut(Out):
    id: str
    name: str
    names: dict[str, str]
    alt_names: list[str]
    brand: BrandOut | None
    operator: str | None
    category: str
    category_path: list[str]
    location: LocationOut
    address: AddressOut
    timezone: str | None
    phones: list[PhoneOut]
    emails: list[EmailOut]
    websites: list[str]
    socials: dict[str, list[str]]
    opening_hours: OpeningHoursOut | None
    operating_status: str
    attributes: dict[str, bool]
    rating: float | None
    review_count: int | None
    quality: QualityOut
    sources: list[SourceOut]
    attribution: str
    first_seen_at: str
    last_seen_at: str
    changed_at: str
    gone_at: str | None
    distance_m: float | None


class TotalOut(Out):
    value: int
    relation: str


class LeadPageOut(Out):
    data: list[LeadOut]
    next_cursor: str | None
    total: TotalOut


def session() -> Iterator[Session]:
    with Session(engine) as opened:
        yield opened


SessionDep = Annotated[Session, Depends(session)]


def current_account(db: SessionDep, key: Annotated[str, Security(header)]) -> Account:
    digest = api_key.digest(key, settings.secret("api-keys"))
    account = db.scalars(
        select(Account)
        .join(ApiKey, ApiKey.account_id == Account.id)
        .where(ApiKey.digest == digest, ApiKey.revoked_at.is_(None))
    ).first()
    if account is None:
        raise HTTPException(401, "This API key is not valid.")
    return account


@app.get("/v1/leads", response_model=LeadPageOut)
def list_leads(
    db: SessionDep,
    account: Annotated[Account, Depends(current_account)],
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[int | None, Query()] = None,
) -> Any:
    low, high = search.bounds(account.number, gone=False)  # the index that serves this table best, as for ourselves
    mine = select(Lead).where(Lead.rank_key >= low, Lead.rank_key < high)
    counted = db.scalar(
        select(func.count()).select_from(mine.with_only_columns(Lead.number).limit(MOST_COUNTED + 1).subquery())
    )
    total = counted or 0
    if cursor is not None:
        mine = mine.where(Lead.rank_key > cursor)
    leads = db.scalars(mine.order_by(Lead.rank_key).limit(limit + 1)).all()
    return {
        "data": leads[:limit],
        "next_cursor": str(leads[limit - 1].rank_key) if len(leads) > limit else None,
        "total": {"value": min(total, MOST_COUNTED), "relation": "eq" if total <= MOST_COUNTED else "gte"},
    }
