"""Settings come from the environment, files and .env, and a wrong one is explained."""

from pathlib import Path

import pytest

from app.config import ROOT, Settings, load_settings, variables
from app.errors import SettingsError


def test_defaults_need_no_environment() -> None:
    settings = load_settings()
    assert settings.database_url == f"sqlite:///{ROOT / 'var/se3.db'}"
    assert settings.receiver_bind == "0.0.0.0:9528"
    assert settings.enos_broker_url is None


def test_all_that_is_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": "mysql://x",
        "RECEIVER_BIND": "9528",
        "MAX_BODY_MB": "0",
        "HISTORY_PATHS": "History",
        "ENOS_PRODUCT_KEY": "a+b",
        "ENOS_BROKER_URL": "http://x",
        "ENOS_QOS": "2",
        "ENOS_TOPIC_SLASH": "maybe",
        "ENOS_MAPPING": "no/such/file.toml",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    lines = str(raised.value).splitlines()
    assert len(lines) == 10
    assert any("MAX_BODY_MB must be a whole number from 1 to 256" in line for line in lines)


def test_enos_needs_a_product_and_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENOS_BROKER_URL", "mqtt://127.0.0.1:1883")
    with pytest.raises(SettingsError, match=r"ENOS_PRODUCT_KEY is needed.*\n.*ENOS_PRODUCT_SECRET is needed"):
        load_settings()
    monkeypatch.setenv("ENOS_PRODUCT_KEY", "key")
    monkeypatch.setenv("ENOS_USERNAME", "name")
    with pytest.raises(SettingsError, match=r"ENOS_CLIENT_ID is needed.*\n.*ENOS_PASSWORD is needed"):
        load_settings()


def test_tls_needs_certificate_and_key_and_a_url_that_uses_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "client.pem"
    file.touch()
    for name, value in {
        "ENOS_BROKER_URL": "mqtts://broker.example",
        "ENOS_PRODUCT_KEY": "key",
        "ENOS_PRODUCT_SECRET": "secret",
        "ENOS_TLS_CERT": str(file),
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="ENOS_TLS_CERT and ENOS_TLS_KEY go together"):
        load_settings()
    monkeypatch.setenv("ENOS_TLS_KEY", str(file))
    assert load_settings().enos_tls_key == file
    monkeypatch.setenv("ENOS_BROKER_URL", "mqtt://broker.example")
    monkeypatch.setenv("ENOS_TLS_VERIFY_HOSTNAME", "false")
    with pytest.raises(SettingsError, match=r"unset ENOS_TLS_CERT, ENOS_TLS_KEY, ENOS_TLS_VERIFY_HOSTNAME"):
        load_settings()


def test_a_secret_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file\n")
    monkeypatch.setenv("ENOS_PRODUCT_SECRET_FILE", str(secret))
    assert load_settings().enos_product_secret == "from-file"


@pytest.mark.parametrize("other", ["HISTORY_PATHS", "REALTIME_PATHS"])
def test_a_path_takes_one_kind_of_body(monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    monkeypatch.setenv(other, "/gate,/both")
    monkeypatch.setenv("STATUS_PATHS", "/both/")
    with pytest.raises(SettingsError, match=f"{other} and STATUS_PATHS both hold /both"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("sqlite:////data/se3.db", "sqlite:////data/se3.db"),
        ("postgresql://u:p@host/db", "postgresql+psycopg://u:p@host/db"),
    ],
)
def test_database_urls(monkeypatch: pytest.MonkeyPatch, text: str, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", text)
    assert load_settings().database_url == url


def test_every_setting_is_documented_as_it_is() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    for field in variables():
        default = field.metadata["default"]
        unit = f" {field.metadata['unit']}" if field.metadata["unit"] else ""
        shown = f"`{default}`{unit}" if default else "unset"
        assert f"| `{field.name.upper()}` | {field.metadata['help']} | {shown} |" in page


def test_no_setting_is_documented_that_does_not_exist() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    documented = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert documented == [name.upper() for name in Settings.__dataclass_fields__]


@pytest.mark.parametrize(
    ("name", "path", "other"),
    [
        ("REALTIME_PATHS", "/DeviceStatus", "STATUS_PATHS"),
        ("STATUS_PATHS", "/HistoryEvent", "HISTORY_PATHS"),
        ("HISTORY_PATHS", "/RealTimeEvent", "REALTIME_PATHS"),
    ],
)
def test_a_path_that_takes_something_else_already_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, path: str, other: str
) -> None:
    monkeypatch.setenv(name, path)
    monkeypatch.setenv("MAX_BODY_MB", "x")  # all that is wrong is said at once
    with pytest.raises(SettingsError, match=f"both hold {path}") as raised:
        load_settings()
    assert name in str(raised.value)
    assert other in str(raised.value)
    assert "MAX_BODY_MB must be" in str(raised.value)


def test_the_quarantine_must_hold_the_largest_body_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARANTINE_MAX_MB", "63")
    with pytest.raises(SettingsError, match="QUARANTINE_MAX_MB must be at least 64, four times MAX_BODY_MB"):
        load_settings()


OIDC = {"OIDC_ISSUER": "https://login.example/", "OIDC_CLIENT_ID": "se3", "OIDC_CLIENT_SECRET": "secret"}


def set_oidc(monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    for name, value in (OIDC | changed).items():
        monkeypatch.setenv(name, value)


def test_an_issuer_stays_as_it_is_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    set_oidc(monkeypatch)
    assert load_settings().oidc_issuer == "https://login.example/"
    assert "secret" not in repr(load_settings())


@pytest.mark.parametrize("missing", OIDC)
def test_the_settings_of_oidc_are_set_all_or_none(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    set_oidc(monkeypatch, **{missing: ""})
    with pytest.raises(SettingsError, match="OIDC_CLIENT_SECRET must all be set, or none"):
        load_settings()


@pytest.mark.parametrize(
    ("issuer", "is_safe"),
    [
        ("http://login.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://127.0.0.1:9400", True),
        ("http://localhost:9400", True),
    ],
)
def test_an_issuer_elsewhere_is_reached_safely(
    monkeypatch: pytest.MonkeyPatch, issuer: str, is_safe: bool
) -> None:
    set_oidc(monkeypatch, OIDC_ISSUER=issuer)
    if is_safe:
        assert load_settings().oidc_issuer == issuer
    else:
        with pytest.raises(SettingsError, match="OIDC_ISSUER must begin with https://"):
            load_settings()


def test_without_the_extra_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    set_oidc(monkeypatch)
    monkeypatch.setattr("app.config.find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="OIDC_ISSUER needs the extra oidc"):
        load_settings()
