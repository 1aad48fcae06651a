"""The browser that the machine has; ``python -m tests.browser.chromium`` installs Debian's where there is none."""

import os
import shutil
import subprocess
import sys

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def executable() -> str | None:
    """Return where Chromium is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def install() -> int:
    """Install Debian's Chromium unless there is one; return the exit code."""
    if executable():
        return 0
    if not shutil.which("apt-get"):
        print("Install Chromium, then run this again.", file=sys.stderr)
        return 1
    apt = ["apt-get", "-q", "-y"] if os.geteuid() == 0 else ["sudo", "apt-get", "-q", "-y"]
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--no-install-recommends", "chromium"]):
        code = subprocess.run([*apt, *step], env=environ, check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(install())
