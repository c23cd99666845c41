"""Mapping file and settings together: the files that channels need, and when."""

from pathlib import Path

import pytest

from app.config import Settings
from app.enos.setup import Setup, load_draft, load_setup
from app.errors import ChannelError, MappingError

CHANNELS = """
[channels.gates]
broker_url = "mqtts://gates.example"
product_key = "gateProduct"
product_secret_file = "{folder}/gates.secret"
tls_ca = "{folder}/ca.pem"
when.min_score = 1

[channels.rest]
broker_url = "mqtt://rest.example"
product_key = "restProduct"
client_id = "c"
username = "u"
password_file = "{folder}/rest.password"
"""
FILES = ("gates.secret", "rest.password", "ca.pem")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with two channels; all files are there."""
    for name in FILES:
        (tmp_path / name).write_text(f" {name}\n")
    (tmp_path / "mapping.toml").write_text(CHANNELS.format(folder=tmp_path))
    return Settings(enos_mapping=tmp_path / "mapping.toml")


def faults(settings: Settings) -> list[str]:
    with pytest.raises(MappingError) as raised:
        load_setup(settings)
    head, *lines = str(raised.value).splitlines()
    assert str(settings.enos_mapping) in head
    return lines


def password(setup: Setup, channel: str) -> str:
    return setup.channels[channel].login().password


def test_all_files_that_are_missing_are_named_at_once(settings: Settings, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).unlink()
    gone = "can't be read: No such file or directory"
    assert faults(settings) == [
        f"  channels.gates.product_secret_file: the secret file {tmp_path}/gates.secret {gone}",
        f"  channels.gates.tls_ca: there is no file {tmp_path}/ca.pem",
        f"  channels.rest.password_file: the secret file {tmp_path}/rest.password {gone}",
    ]


@pytest.mark.parametrize(("content", "reason"), [(b" \n", "is empty"), (b"\xff", "is no text in UTF-8")])
def test_a_file_without_a_secret_is_refused(
    settings: Settings, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "gates.secret").write_bytes(content)
    assert faults(settings) == [
        f"  channels.gates.product_secret_file: the secret file {tmp_path}/gates.secret {reason}"
    ]


def test_a_draft_needs_none_of_the_files(settings: Settings, tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).unlink()
    assert list(load_draft(settings).channels) == ["gates", "rest"]


def test_a_secret_is_read_anew_for_each_login(settings: Settings, tmp_path: Path) -> None:
    setup = load_setup(settings)
    assert password(setup, "rest") == "rest.password"
    (tmp_path / "rest.password").write_text("another")
    assert password(setup, "rest") == "another"
    (tmp_path / "gates.secret").unlink()
    with pytest.raises(ChannelError, match=r"gates\.secret can't be read"):
        password(setup, "gates")
