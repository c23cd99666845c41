"""A link to a picture is good for that picture, until its time is over, and nobody can make another."""

import hashlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.config import load_settings
from app.domain.picture_links import PictureLinks
from app.errors import SettingsError

SECRET = "a secret that is long enough, as it must be"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LINKS = PictureLinks("https://faces.example/se3", SECRET, timedelta(days=30))

digests = st.binary(min_size=32, max_size=32)


def parts(url: str) -> tuple[str, str, str]:
    """Digest, expires and signature, as the receiver gets them."""
    query = parse_qs(urlsplit(url).query)
    return urlsplit(url).path.rpartition("/")[2], query["expires"][0], query["signature"][0]


def test_a_link_names_the_picture_at_the_sites_address() -> None:
    digest = hashlib.sha256(b"a face").digest()
    url = LINKS.url(digest, NOW)
    assert url.startswith(f"https://faces.example/se3/pictures/{digest.hex()}?expires=1797933600&signature=")


@given(digests)
def test_a_link_is_good_until_its_time_is_over(sha256: bytes) -> None:
    link = parts(LINKS.url(sha256, NOW))
    assert LINKS.fault(*link, NOW) is None
    assert LINKS.fault(*link, NOW + timedelta(days=30, seconds=-1)) is None
    assert LINKS.fault(*link, NOW + timedelta(days=30)) == "its time is over"


@given(digests, digests, st.text())
def test_a_signature_is_good_for_no_other_picture(sha256: bytes, other: bytes, text: str) -> None:
    assume(sha256 != other)
    digest, expires, signature = parts(LINKS.url(sha256, NOW))
    assume(text != digest)
    for another in (other.hex(), text, digest.upper(), digest + " ", digest[:-1], ""):
        assume(another != digest)
        assert LINKS.fault(another, expires, signature, NOW)


@given(digests, st.one_of(st.text(), st.integers().map(str)))
def test_a_signature_is_good_for_no_other_time(sha256: bytes, text: str) -> None:
    digest, expires, signature = parts(LINKS.url(sha256, NOW))
    assume(text != expires)
    for another in (text, expires + "0", " " + expires, "+" + expires, "0" + expires, f"{expires}\n"):
        assert LINKS.fault(digest, another, signature, NOW)


@given(digests, st.one_of(st.text(), st.from_regex(r"[0-9a-f]{64}", fullmatch=True)))
def test_no_other_signature_is_good(sha256: bytes, text: str) -> None:
    digest, expires, signature = parts(LINKS.url(sha256, NOW))
    assume(text != signature)
    for another in (text, "", signature[:-1], signature + "0", signature.upper(), "\ud800"):
        assume(another != signature)
        assert LINKS.fault(digest, expires, another, NOW)


@given(digests, st.text(min_size=1))
def test_another_secret_makes_all_links_worthless(sha256: bytes, secret: str) -> None:
    assume(secret != SECRET)
    others = PictureLinks("https://faces.example/se3", secret, timedelta(days=30))
    assert LINKS.fault(*parts(others.url(sha256, NOW)), NOW)


def test_a_link_on_the_longest_address_is_not_too_long_for_enos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTURE_BASE_URL", "https://faces.example/".ljust(800, "x"))
    monkeypatch.setenv("PICTURE_LINK_SECRET", SECRET)
    settings = load_settings()
    assert settings.picture_base_url is not None
    links = PictureLinks(settings.picture_base_url, SECRET, timedelta(days=3650))
    assert len(links.url(bytes(32), datetime(9000, 1, 1, tzinfo=UTC))) <= 1024
    monkeypatch.setenv("PICTURE_BASE_URL", "https://faces.example/".ljust(801, "x"))
    with pytest.raises(SettingsError, match="PICTURE_BASE_URL must have at most 800 characters"):
        load_settings()


@pytest.mark.parametrize(
    ("one", "other"), [("PICTURE_BASE_URL", "https://x"), ("PICTURE_LINK_SECRET", SECRET)]
)
def test_address_and_secret_are_set_both_or_neither(
    monkeypatch: pytest.MonkeyPatch, one: str, other: str
) -> None:
    monkeypatch.setenv(one, other)
    with pytest.raises(
        SettingsError, match="PICTURE_BASE_URL and PICTURE_LINK_SECRET must both be set, or neither"
    ):
        load_settings()


@pytest.mark.parametrize(
    "address",
    ["faces.example", "ftp://faces.example", "https://", "https://a:b@x", "https://x/?a=1", "https://x/#a",
     "https://x:port", "https://x y", "https://ж.example", "https://x/\n"],
)  # fmt: skip
def test_an_address_that_paths_cant_be_added_to_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("PICTURE_BASE_URL", address)
    monkeypatch.setenv("PICTURE_LINK_SECRET", SECRET)
    with pytest.raises(SettingsError, match="PICTURE_BASE_URL must look like https"):
        load_settings()


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("https://faces.example/", "https://faces.example"),
        ("http://[fd00::1]:8080/se3/", "http://[fd00::1]:8080/se3"),
    ],
)
def test_an_address_loses_the_slash_at_its_end(
    monkeypatch: pytest.MonkeyPatch, address: str, base: str
) -> None:
    monkeypatch.setenv("PICTURE_BASE_URL", address)
    monkeypatch.setenv("PICTURE_LINK_SECRET", SECRET)
    assert load_settings().picture_base_url == base


def test_a_short_secret_is_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTURE_BASE_URL", "https://faces.example")
    monkeypatch.setenv("PICTURE_LINK_SECRET", "swordfish")
    with pytest.raises(SettingsError, match="PICTURE_LINK_SECRET must have at least 32 characters") as raised:
        load_settings()
    assert "swordfish" not in str(raised.value)
