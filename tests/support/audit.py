"""Asks, for `make lint`, whether a known vulnerability is in what requirements.lock pins.

Where nobody answers, as on a machine without the internet, that is said and is no fault.
"""

import json
import subprocess
import sys
from pathlib import Path

import click

from app.config import ROOT

_NO_ANSWER = ("requests.exceptions.", "Could not connect", "ServiceError")


def audit(requirements: Path) -> str:
    """Ask the OSV database about each pinned package; returns "" if nothing is known, or one line a finding.

    Raises:
        ConnectionError: the service did not answer for all of them.
        RuntimeError: pip-audit failed otherwise.
    """
    what = ("--requirement", str(requirements), "--require-hashes", "--disable-pip")
    how = ("--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off")
    command = [sys.executable, "-m", "pip_audit", *what, *how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.stdout:
        return "\n".join(_findings(json.loads(done.stdout)["dependencies"]))
    last = done.stderr.strip().rpartition("\n")[2]
    if any(words in done.stderr for words in _NO_ANSWER):
        raise ConnectionError(last)
    raise RuntimeError(f"pip-audit failed: {last}")


def _findings(packages: list[dict[str, object]]) -> list[str]:
    found: list[str] = []
    for package in packages:
        for one in package.get("vulns", []):  # type: ignore[attr-defined]  # a list, as pip-audit documents
            mended = ", ".join(one["fix_versions"]) or "no version yet"
            found.append(f"{package['name']} {package['version']}: {one['id']}, mended in {mended}")
    return found


def main() -> None:
    """Print what is known; exit 1 if something is."""
    try:
        found = audit(ROOT / "requirements.lock")
    except ConnectionError:
        click.echo("pip-audit: NOT looked up, for the vulnerability service did not answer")
        return
    click.echo(found or "pip-audit: no known vulnerability in what requirements.lock pins")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
