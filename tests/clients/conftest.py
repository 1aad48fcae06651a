"""The installation that the programs talk to."""

from tests.flows.conftest import platform

__all__ = ["platform"]
