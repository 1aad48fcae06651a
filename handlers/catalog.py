"""What can be asked for: categories and map sources."""

from handlers import auth, responses
from handlers.responses import Answer
from handlers.schemas import CategorySchema, SourceSchema
from services import catalog


def list_categories(
    limit: int, query: str | None = None, parent: str | None = None, cursor: str | None = None
) -> Answer:
    """Answer with a page of categories."""
    return responses.page(catalog.categories(auth.caller(), query, parent, limit, cursor), CategorySchema())


def list_sources() -> Answer:
    """Answer with the data sets in the catalogue."""
    return responses.ok({"data": SourceSchema(many=True).dump(catalog.sources())})
