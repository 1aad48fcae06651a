"""A client generated from the contract does the main job, typed, against a running server.

One of four, the one that needs nothing but Python; `tox run -e clients` has them all in ``tests.clients``.
"""

from functools import partial
from pathlib import Path

from tests.clients import generators, story
from tests.platform import Platform


def test_the_story(platform: Platform, tmp_path: Path) -> None:
    package = generators.openapi_python_client(tmp_path)
    story.require(partial(generators.play_python, "openapi_python_client", package), platform, "generated")
