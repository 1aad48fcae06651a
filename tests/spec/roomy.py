"""The real application with room for requests without a key: what one address may do is tested elsewhere."""

import os

from starlette.types import ASGIApp

import app


def create_app() -> ASGIApp:
    return app.create_app(address_limit=int(os.environ.get("ADDRESS_LIMIT", 10**9)))
