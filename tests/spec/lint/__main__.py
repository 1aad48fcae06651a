"""Installs the linters into a folder, and runs them on the contract and on its 3.1 copy; they must find nothing.

python -m tests.spec.lint FOLDER
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator

from core.openapi import to_31
from handlers.contract import SPEC, read

HERE = Path(__file__).parent
COMMANDS = {
    "spectral": ["lint", "--fail-severity=hint", "--quiet", "--ruleset", str(HERE / "spectral.yaml")],
    "redocly": ["lint", "--format=stylish", "--config", str(HERE / "redocly.yaml")],
}
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def main(folder: Path) -> int:
    """Lint; return how many verdicts are not as they should be."""
    install(folder)
    source = read()
    spoiled = {**source, "info": {"title": "x", "version": "1"}}  # no description, no licence: each linter must see it
    written = {"openapi-3.1": to_31(source), "spoiled": spoiled}
    for name, document in written.items():
        (folder / f"{name}.json").write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    paths = {SPEC: True, folder / "openapi-3.1.json": True, folder / "spoiled.json": False}
    wrong = [is_wrong(folder, tool, path, clean=clean) for path, clean in paths.items() for tool in COMMANDS]
    return sum(wrong) + is_invalid(source) + is_invalid(written["openapi-3.1"])


def install(folder: Path) -> None:
    """Install what ``package.json`` names, unless it is there; needs npm and the network."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", folder)
    options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--prefer-offline", "--silent"]
    subprocess.run(["npm", "install", *options], cwd=folder, check=True)


def is_wrong(folder: Path, tool: str, path: Path, *, clean: bool) -> bool:
    """Run one linter on one file; say what it says unless it is as expected, and return whether it was not."""
    command = [str(folder / "node_modules" / ".bin" / tool), *COMMANDS[tool], str(path)]
    done = subprocess.run(command, env={**os.environ, **QUIET}, capture_output=True, text=True)
    wrong = (done.returncode == 0) != clean
    print(f"{tool} {path.name}: {'WRONG' if wrong else 'clean' if clean else 'refused, as it should be'}")
    if wrong:
        print(done.stdout + done.stderr)
    return wrong


def is_invalid(document: dict[str, Any]) -> bool:
    """Tell whether the document breaks the schema of its version of OpenAPI."""
    kind = OpenAPIV30SpecValidator if document["openapi"].startswith("3.0") else OpenAPIV31SpecValidator
    errors = [error.message for error in kind(document).iter_errors()]
    print(f"openapi-spec-validator {document['openapi']}: {errors or 'clean'}")
    return bool(errors)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
