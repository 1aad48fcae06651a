"""A client generated from the contract does the main job, typed, against a running server."""

import hashlib
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.platform import ROOT, SAMPLE_AREA, Platform, wait_until
from tests.traffic import traffic


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Generate the package, make it importable, and return its name."""
    folder = tmp_path_factory.mktemp("client")
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(Path(sys.executable).parent / "openapi-python-client"), "generate", "--fail-on-warning"]
    spec = ROOT / "spec" / "openapi.yaml"
    done = subprocess.run(
        [*command, "--path", str(spec), "--output-path", str(folder / "generated")],
        env={**os.environ, "PATH": tools},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder / "generated"))
    yield "map_targeter_api_client"
    sys.path.remove(str(folder / "generated"))


@pytest.fixture
def client(platform: Platform, generated: str) -> Iterator[Any]:
    """The generated client with a key of its own."""
    key = platform.account("generated@example.com").key
    made = importlib.import_module(f"{generated}.client").AuthenticatedClient(
        base_url=f"{platform.url}/v1",
        token=key,
        raise_on_unexpected_status=True,
        httpx_args={"event_hooks": {"response": [traffic().answered]}},
    )
    with made as opened:
        yield opened


def test_scan_list_and_download(client: Any, generated: str) -> None:
    def api(path: str) -> ModuleType:
        return importlib.import_module(f"{generated}.api.{path}")

    models, types = importlib.import_module(f"{generated}.models"), importlib.import_module(f"{generated}.types")

    scan = api("scans.create_scan").sync(
        client=client,
        body=models.ScanRequest(area=models.Area(bbox=SAMPLE_AREA["bbox"]), categories=["cafe"]),
    )
    assert isinstance(scan, models.Scan)
    get_scan = api("scans.get_scan").sync
    wait_until(
        lambda: get_scan(scan.id, client=client).status == models.ScanStatus.COMPLETED, 30, lambda: "scan not completed"
    )

    page = api("leads.list_leads").sync(client=client, query="cafe", limit=5)
    assert isinstance(page, models.LeadPage)
    assert len(page.data) == 5
    assert all(lead.location.lat > 60 for lead in page.data)

    export = api("exports.create_export").sync(
        client=client, body=models.ExportRequest(format_=models.ExportFormat.CSV)
    )
    assert isinstance(export, models.Export)
    get_export = api("exports.get_export").sync
    wait_until(
        lambda: get_export(export.id, client=client).status == models.ExportStatus.COMPLETED, 30, lambda: "not exported"
    )
    export = get_export(export.id, client=client)
    file = api("exports.download_export").sync(export.id, client=client)
    assert isinstance(file, types.File)
    assert hashlib.sha256(file.payload.read()).hexdigest() == export.sha256

    missing = get_scan("scan_" + "0" * 26, client=client)
    assert isinstance(missing, models.Error)
    assert missing.error.code == models.ErrorCode.NOT_FOUND
