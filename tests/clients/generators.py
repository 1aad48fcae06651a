"""Runs the generators, and the programs that use what they made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.clients.facts import Facts, heard
from tests.clients.surface import SPEC
from tests.platform import ROOT

BIN = Path(sys.executable).parent
TYPESCRIPT = Path(__file__).parent / "typescript"
MYPY = """[mypy]
strict = True
# what was generated is judged where it is used
follow_imports = silent
explicit_package_bases = True
plugins = pydantic.mypy
"""


def run(*command: str | Path, folder: Path = ROOT, **environ: str) -> str:
    """Run a tool of this environment, else of the machine; return what it printed, fail with what went wrong."""
    path = os.pathsep.join([str(folder / "node_modules" / ".bin"), str(BIN), os.environ["PATH"]])
    found = shutil.which(command[0], path=path)
    assert found, f"{command[0]} is not installed: `tox run -e clients` brings it"
    done = subprocess.run(
        [found, *command[1:]], cwd=folder, env={**os.environ, "PATH": path, **environ}, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def openapi_python_client(folder: Path) -> Path:
    """Generate into ``folder``; return where its package can be imported from."""
    made = folder / "openapi-python-client"
    run("openapi-python-client", "generate", "--fail-on-warning", "--path", SPEC, "--output-path", made)
    return made


def openapi_generator(folder: Path) -> Path:
    """Generate into ``folder``; return where its package can be imported from."""
    made = folder / "openapi-generator"
    without = "apis,models,supportingFiles,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"
    command = ["openapi-generator-cli", "generate", "-i", str(SPEC), "-g", "python", "-o", str(made)]
    # so short a run is over before Java's second compiler pays
    told = run(*command, "--global-property", without, JAVA_OPTS="-XX:TieredStopAtLevel=1")
    # it looks for the name of each list of plain values, finds that there is none, and writes the right type
    warnings = [line for line in told.splitlines() if " WARN " in line and "Failed to get the schema name" not in line]
    assert not warnings
    return made


def typescript(folder: Path) -> Path:
    """Install the generators of TypeScript into ``folder`` and run them; return the folder of the programs."""
    made = folder / "typescript"
    shutil.copytree(TYPESCRIPT, made)
    run("npm", "ci", "--ignore-scripts", "--engine-strict", "--no-audit", "--no-fund", folder=made)
    # a property with a default may still be left out of a request
    run(
        "openapi-typescript",
        SPEC,
        "--default-non-nullable=false",
        "-o",
        "generated/openapi-typescript/schema.ts",
        folder=made,
    )
    run("openapi-ts", "-i", SPEC, "-o", "generated/hey-api", "--no-log-file", folder=made)
    return made


def require_types(program: Path, package: Path, folder: Path) -> None:
    """Fail if ``program`` does not use the generated package as its types say."""
    settings = folder / "mypy.ini"
    settings.write_text(MYPY)
    path = os.pathsep.join([str(package), str(ROOT)])
    run("mypy", "--config-file", settings, "--cache-dir", folder / "mypy", program, MYPYPATH=path)


def play_python(program: str, package: Path, *arguments: str) -> Facts:
    """Run a program of ``tests.clients.programs``; any warning ends it."""
    module = f"tests.clients.programs.{program}"
    return heard(run("python", "-W", "error", "-m", module, *arguments, PYTHONPATH=str(package)))


def play_typescript(program: str, folder: Path, *arguments: str) -> Facts:
    """Run a compiled program of ``folder``."""
    return heard(run("node", f"out/{program}.js", *arguments, folder=folder))
