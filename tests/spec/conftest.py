"""One installation with the sample city that may be asked as often as a test likes, for all tests of the contract."""

from collections.abc import Iterator

import pytest

from tests.platform import SAMPLE, Roomy


@pytest.fixture(scope="session")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roomy]:
    made = Roomy(tmp_path_factory.mktemp("roomy"))
    made.run("places", "import", str(SAMPLE))
    made.start()
    yield made
    assert made.stop() == 0
