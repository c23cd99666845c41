"""The documents name what exists, and link to what is there."""

import re
from pathlib import Path

import pytest

from app.config import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def log_names() -> set[str]:
    """The name of every log line that the code writes, but for the one made from a delivery's state."""
    call = re.compile(r'\blog\.(?:info|warning|error|exception)\(\s*"([a-z_]+)"')
    return {
        name
        for file in (ROOT / "app").rglob("*.py")
        for name in call.findall(file.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("name", sorted(log_names()))
def test_every_log_line_is_explained_to_who_is_on_call(name: str) -> None:
    page = (ROOT / "docs/how-to/find-out-what-went-wrong.md").read_text(encoding="utf-8")
    assert f"| `{name}` |" in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_layout_names_files_that_are_there() -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    files = [file.as_posix() for folder in ("app", "tests") for file in (ROOT / folder).rglob("*.py")]
    named = re.findall(r"`([a-z_/]+\.py)`", page)
    assert len(named) > 10
    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files)] == []


def test_the_layout_names_folders_that_are_there() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([a-z_/]+/)` \|", page, re.MULTILINE)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).is_dir()] == []
    packages = {f"app/{file.parent.name}/" for file in (ROOT / "app").glob("*/__init__.py")}
    assert packages - set(named) == set()


def test_the_lock_names_no_package_index() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "index" not in lock
