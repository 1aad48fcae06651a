"""Clients in TypeScript: nothing is missing, strict compilation passes, and the story works."""

from functools import partial
from pathlib import Path

import pytest

from tests.clients import generators, story, surface
from tests.platform import Platform

PROGRAMS = ["openapi-fetch", "hey-api"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where programs and generated clients are, compiled together with a check of what was generated."""
    made = generators.typescript(tmp_path_factory.mktemp("clients"))
    (made / "surface").mkdir()
    (made / "surface" / "openapi-fetch.ts").write_text(surface.of_types("../generated/openapi-typescript/schema.js"))
    (made / "surface" / "hey-api.ts").write_text(surface.of_functions("../generated/hey-api"))
    generators.run("tsc", folder=made)
    return made


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_dropped(folder: Path, name: str) -> None:
    checked = (folder / "out" / "surface" / f"{name}.js").read_text()
    assert all(f"export const {one.id}_query = {{" in checked for one in surface.operations())


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_story(folder: Path, name: str, platform: Platform) -> None:
    story.require(partial(generators.play_typescript, name, folder), platform, name)
