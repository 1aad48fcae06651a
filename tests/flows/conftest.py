"""One running installation with the sample city, shared by the stories; each makes its own account."""

from collections.abc import Iterator

import pytest

from tests.platform import SAMPLE, Platform


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    made = Platform(tmp_path_factory.mktemp("platform"))
    made.run("places", "import", str(SAMPLE))
    made.start()
    yield made
    assert made.stop() == 0
