"""schemathesis against a running installation: whatever it makes up, the contract holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform import ROOT, SAMPLE, Roomy

HERE = Path(__file__).parent
# the same requests on every run, so that what fails today failed yesterday; other seeds find other things
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
SEED = os.environ.get("SCHEMATHESIS_SEED", "20261124")


@pytest.fixture
def roomy(tmp_path: Path) -> Iterator[Roomy]:
    made = Roomy(tmp_path)
    made.run("places", "import", str(SAMPLE))
    made.start()
    yield made
    assert made.stop() == 0


@pytest.mark.parametrize("phases", ["examples,coverage", "fuzzing", "stateful"])
def test_the_contract_holds(roomy: Roomy, phases: str) -> None:
    client, _ = roomy.roomy_account("schemathesis@example.com")
    key, key_id = client.key, client.get("/api-keys").json()["data"][0]["id"]
    client.scanned()
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(HERE / "schemathesis.toml")]
    generated = ["--phases", phases, "--max-examples", EXAMPLES, "--seed", SEED]
    done = subprocess.run(
        [*command, "run", f"{roomy.url}/v1/openapi.json", "--url", f"{roomy.url}/v1", *generated],
        cwd=ROOT,
        env={**os.environ, "API_KEY": key, "OWN_KEY_ID": key_id, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert all(f"✅  {phase.title()} (in" in done.stdout for phase in phases.split(","))
