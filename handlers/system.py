"""The service itself."""

from typing import Any

from core import clock
from handlers import contract

VERSION: str = contract.read()["info"]["version"]


def get_status() -> dict[str, Any]:
    """Say that the API answers."""
    return {"status": "ok", "version": VERSION, "time": clock.now_stamp()}
