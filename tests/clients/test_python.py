"""Clients in Python: nothing is missing, the types hold, and the story works."""

import compileall
from functools import partial
from pathlib import Path

import pytest

from tests.clients import generators, story, surface
from tests.platform import Platform


@pytest.fixture(scope="module", params=["openapi_python_client", "openapi_generator"])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("python")


@pytest.fixture(scope="module")
def package(name: str, folder: Path) -> Path:
    """Where the generated package is."""
    made: Path = getattr(generators, name)(folder)
    return made


def test_it_compiles(package: Path) -> None:
    assert compileall.compile_dir(package, quiet=1, force=True)  # pytest makes warnings errors


def test_nothing_is_dropped(package: Path, name: str) -> None:
    if name == "openapi_python_client":
        made = surface.in_modules(package / "map_targeter_api_client" / "api")
    else:
        made = surface.in_classes(package / "openapi_client" / "api")
    expected = {f"{one.tag}.{one.id}": one.names() for one in surface.operations()}
    bodies = {f"{one.tag}.{one.id}": int(one.has_body) for one in surface.operations()}
    assert made.keys() == expected.keys()
    for operation, names in expected.items():
        assert made[operation] >= names, operation
        assert len(made[operation] - names) == bodies[operation], operation


def test_its_types_hold(package: Path, name: str, folder: Path) -> None:
    generators.require_types(Path(__file__).parent / "programs" / f"{name}.py", package, folder)


def test_the_story(package: Path, name: str, platform: Platform) -> None:
    story.require(partial(generators.play_python, name, package), platform, name)
