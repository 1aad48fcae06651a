"""The real application for schemathesis, with room for requests without a key: its own limit is tested elsewhere."""

from starlette.types import ASGIApp

import app


def create_app() -> ASGIApp:
    return app.create_app(address_limit=10**9)
