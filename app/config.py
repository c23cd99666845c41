"""Settings: every variable declared once, with its default, unit and help text."""

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

from environs import FileAwareEnv

from app import setting_values
from app.built_in_paths import HISTORY_PATHS, REALTIME_PATHS, STATUS_PATHS
from app.errors import SettingsError
from app.setting_values import ROOT as ROOT  # others find it here, beside the settings


def _variable(
    help_text: str,
    default: str | None = None,
    *,
    parse: Callable[[str], Any] = str,
    unit: str = "",
    secret: bool = False,
) -> Any:
    metadata = {"help": help_text, "default": default, "parse": parse, "unit": unit}
    value = None if default is None else parse(default)
    return dataclasses.field(default=value, metadata=metadata, repr=not secret)


KEPT_AT_MOST = 4
"""A refused body of up to so many times MAX_BODY_MB is kept; a longer one would fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; each field is the environment variable of the same name in capitals."""

    database_url: str = _variable(
        "Where everything is kept: SQLite or PostgreSQL. A relative path starts at the project's folder.",
        "sqlite:///var/se3.db",
        parse=setting_values.database_url,
        secret=True,
    )
    receiver_bind: str = _variable(
        "Address and port the boxes reach.", "0.0.0.0:9528", parse=setting_values.bind
    )
    console_bind: str = _variable(
        "Address and port of the console. Where others can reach it, put a proxy with TLS before it.",
        "127.0.0.1:9529",
        parse=setting_values.bind,
    )
    receiver_keys: tuple[str, ...] = _variable(
        "Who sends needs one of these keys, separated by commas, in its URL: /KEY/HistoryEvent or ?key=KEY.",
        "",
        parse=setting_values.sender_keys,
        secret=True,
    )
    receiver_networks: tuple[setting_values.Network, ...] = _variable(
        "Who may send: networks or addresses, separated by commas, such as 192.168.1.0/24. Unset: anybody.",
        "",
        parse=setting_values.networks,
    )
    receiver_boxes: tuple[str, ...] = _variable(
        "Whose events are taken: values of dev_sno, separated by commas. Unset: every box's.",
        "",
        parse=setting_values.words,
    )
    receiver_rate: int = _variable(
        "So many requests from one address are taken, in each of the receiver's processes. 0: any number.",
        "0",
        parse=setting_values.whole_number(0, 10_000),
        unit="requests/s",
    )
    receiver_proxies: int = _variable(
        "So many proxies stand before the receiver, each of which adds to X-Forwarded-For.",
        "0",
        parse=setting_values.whole_number(0, 10),
    )
    console_proxies: int = _variable(
        "So many proxies stand before the console, each of which adds to X-Forwarded-For.",
        "0",
        parse=setting_values.whole_number(0, 10),
    )
    history_paths: tuple[str, ...] = _variable(
        "More paths that take history events, separated by commas.", "", parse=setting_values.paths
    )
    realtime_paths: tuple[str, ...] = _variable(
        "More paths that take real-time events, separated by commas.", "", parse=setting_values.paths
    )
    status_paths: tuple[str, ...] = _variable(
        "More paths that take status reports, separated by commas.", "", parse=setting_values.paths
    )
    max_body_mb: int = _variable(
        "Largest body that is accepted.", "16", parse=setting_values.whole_number(1, 256), unit="MB"
    )
    validation: str = _variable(
        "contract: events need the contract's fields; lenient: identity_id and timestamp are enough.",
        "contract",
        parse=setting_values.one_of("contract", "lenient"),
    )
    refused_status: int | None = _variable(
        "Answer refused bodies with this status, 200 or 400 to 499, for boxes that retry for ever.",
        parse=setting_values.refused_status,
    )
    disk_floor_mb: int = _variable(
        "With less free disk than this, /readyz says 503.",
        "256",
        parse=setting_values.whole_number(0, 10**9),
        unit="MB",
    )
    spool_path: Path = _variable(
        "With PostgreSQL: the SQLite file that takes events while it is away. One for each machine.",
        "var/spool.db",
        parse=setting_values.path,
    )
    log_format: str = _variable(
        "How log lines look: console, for people and grep; json, one object a line, for programs.",
        "console",
        parse=setting_values.one_of("console", "json"),
    )
    quarantine_max_mb: int = _variable(
        "The quarantine keeps at most this much; the oldest bodies go first.",
        "1024",
        parse=setting_values.whole_number(1, 10**6),
        unit="MB",
    )
    quarantine_max_bodies: int = _variable(
        "The quarantine keeps at most so many bodies.", "100000", parse=setting_values.whole_number(1, 10**9)
    )
    quarantine_max_days: int = _variable(
        "The quarantine keeps a body so long after it last came.",
        "90",
        parse=setting_values.whole_number(1, 36500),
        unit="days",
    )
    retention_days_known: int = _variable(
        "Events of people whom boxes know are removed so long after they came. 0: never.",
        "0",
        parse=setting_values.whole_number(0, 36500),
        unit="days",
    )
    retention_days_strangers: int = _variable(
        "Events of strangers are removed so long after they came. 0: never.",
        "0",
        parse=setting_values.whole_number(0, 36500),
        unit="days",
    )
    retention_max_gb: int = _variable(
        "While the database holds more than this, the oldest events are removed. 0: any amount.",
        "0",
        parse=setting_values.whole_number(0, 10**6),
        unit="GB",
    )
    retention_free_gb: int = _variable(
        "While less is free for SQLite's file than this, the oldest events are removed. 0: whatever is free.",
        "0",
        parse=setting_values.whole_number(0, 10**6),
        unit="GB",
    )
    retention_undelivered: bool = _variable(
        "true removes events, too, that EnOS has not got: waiting, being sent, or parked.",
        "false",
        parse=setting_values.yes_or_no,
    )
    picture_base_url: str | None = _variable(
        "Where EnOS's users reach the receiver, such as https://faces.example: links to pictures begin so.",
        parse=setting_values.web_address,
    )
    picture_link_secret: str | None = _variable(
        "Signs the links to pictures: 32 or more random characters.",
        parse=setting_values.long_secret,
        secret=True,
    )
    picture_link_days: int = _variable(
        "A link to a picture is good for so long after it was sent to EnOS.",
        "30",
        parse=setting_values.whole_number(1, 3650),
        unit="days",
    )
    picture_keys: tuple[bytes, ...] = _variable(
        "Keys of `se3 pictures key`, the newest first: they encrypt pictures and refused bodies at rest.",
        "",
        parse=setting_values.picture_keys,
        secret=True,
    )
    enos_broker_url: str | None = _variable(
        "EnOS's MQTT broker, mqtt://host:11883 or mqtts://host:18883. Unset: events wait in the outbox.",
        parse=setting_values.broker_url,
    )
    enos_product_key: str | None = _variable(
        "The product key of the message integration channel.", parse=setting_values.product_key
    )
    enos_product_secret: str | None = _variable(
        "The product secret, from which the login is computed.", secret=True
    )
    enos_client_id: str | None = _variable("Ready-made MQTT client id, as EnOS's console shows it.")
    enos_username: str | None = _variable("Ready-made MQTT user name.")
    enos_password: str | None = _variable("Ready-made MQTT password.", secret=True)
    enos_tls_ca: Path | None = _variable(
        "PEM file of the authorities to trust with mqtts://. Unset: those this machine trusts.",
        parse=setting_values.file,
    )
    enos_tls_cert: Path | None = _variable(
        "PEM file of the client certificate, with those between it and its authority behind it.",
        parse=setting_values.file,
    )
    enos_tls_key: Path | None = _variable(
        "PEM file of the client certificate's private key, not encrypted.", parse=setting_values.file
    )
    enos_tls_verify_hostname: bool = _variable(
        "false takes a broker's certificate that is for another name; its authority is checked all the same.",
        "true",
        parse=setting_values.yes_or_no,
    )
    enos_qos: int = _variable(
        "MQTT quality of service of each publish, 0 or 1.", "1", parse=setting_values.whole_number(0, 1)
    )
    enos_topic_slash: bool = _variable(
        "Start topics with a slash, as the vendor's SDKs do.", "false", parse=setting_values.yes_or_no
    )
    enos_events: str = _variable(
        "Which copy of a sighting goes to EnOS: both, history, realtime, or first, whichever came first.",
        "both",
        parse=setting_values.one_of("both", "history", "realtime", "first"),
    )
    enos_mapping: Path | None = _variable(
        "A mapping file; see docs/reference/mapping.md.", parse=setting_values.file
    )

    oidc_issuer: str | None = _variable(
        "The OpenID Connect provider that people may log in to the console with, such as https://login.example.",
        parse=setting_values.issuer,
    )
    oidc_client_id: str | None = _variable("The console's client id at the provider.")
    oidc_client_secret: str | None = _variable("The console's client secret at the provider.", secret=True)

    @property
    def lenient(self) -> bool:
        """Whether VALIDATION is lenient."""
        return self.validation == "lenient"

    @property
    def picture_link_lifetime(self) -> timedelta:
        """PICTURE_LINK_DAYS as a time."""
        return timedelta(days=self.picture_link_days)

    @property
    def max_body_bytes(self) -> int:
        """MAX_BODY_MB in bytes."""
        return self.max_body_mb * 1024 * 1024


def variables() -> list["dataclasses.Field[Any]"]:
    """Every variable in its documented order; `metadata` holds help, default, parse and unit."""
    return list(dataclasses.fields(Settings))


def load_settings() -> Settings:
    """Read the settings from the environment, from files named by `<NAME>_FILE`, and from `.env`.

    The environment wins over `.env`; an empty value counts as unset.

    Raises:
        SettingsError: with one line for each thing that is wrong.
    """
    env = _environment()
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for field in variables():
        try:
            if text := _text(env, field.name.upper()):
                values[field.name] = field.metadata["parse"](text)
        except ValueError as error:
            wrong.append(f"{field.name.upper()} {error}")
    settings = Settings(**values)
    wrong += _missing_enos_settings(settings)
    wrong += _wrong_tls_settings(settings)
    wrong += _paths_held_twice(settings)
    wrong += _port_held_twice(settings)
    wrong += _too_small_quarantine(settings)
    wrong += _unknown_free_space(settings)
    wrong += _half_set_picture_links(settings)
    wrong += _half_set_oidc(settings)
    if wrong:
        raise SettingsError("These settings are wrong:\n" + "\n".join(f"  {line}" for line in wrong))
    return settings


def secret_files() -> list[Path]:
    """The files that hold secrets, by variables named `<NAME>_FILE`."""
    env = _environment()
    secret = [field.name.upper() for field in variables() if not field.repr]
    return [Path(file) for name in secret if (file := _text(env, f"{name}_FILE"))]


def _environment() -> FileAwareEnv:
    env = FileAwareEnv(strip_whitespace=True)
    env.read_env(ROOT / ".env", recurse=False)
    return env


def _text(env: FileAwareEnv, name: str) -> str:
    """A variable's text, "" where it is unset; FileAwareEnv alone would let a file in `.env` win."""
    return os.environ.get(name) or env.str(name, default="")


def _paths_held_twice(settings: Settings) -> list[str]:
    paths = {
        "HISTORY_PATHS": {*HISTORY_PATHS, *settings.history_paths},
        "REALTIME_PATHS": {*REALTIME_PATHS, *settings.realtime_paths},
        "STATUS_PATHS": {*STATUS_PATHS, *settings.status_paths},
    }
    return [
        f"{one} and {other} both hold {', '.join(sorted(twice))}, with what is built in"
        for one, other in combinations(paths, 2)
        if (twice := paths[one] & paths[other])
    ]


def _port_held_twice(settings: Settings) -> list[str]:
    ports = [bind.rpartition(":")[2] for bind in (settings.receiver_bind, settings.console_bind)]
    if ports[0] != ports[1] or ports[0] == "0":
        return []
    return [f"RECEIVER_BIND and CONSOLE_BIND both name port {ports[0]}: one of them would not get it"]


def _too_small_quarantine(settings: Settings) -> list[str]:
    least = KEPT_AT_MOST * settings.max_body_mb
    if settings.quarantine_max_mb >= least:
        return []
    return [f"QUARANTINE_MAX_MB must be at least {least}, four times MAX_BODY_MB: such bodies are kept"]


def _unknown_free_space(settings: Settings) -> list[str]:
    if not settings.retention_free_gb or settings.database_url.startswith("sqlite"):
        return []
    return [
        "RETENTION_FREE_GB is for SQLite: PostgreSQL's disk can't be seen from here; set RETENTION_MAX_GB"
    ]


def _half_set_picture_links(settings: Settings) -> list[str]:
    if bool(settings.picture_base_url) == bool(settings.picture_link_secret):
        return []
    return [
        "PICTURE_BASE_URL and PICTURE_LINK_SECRET must both be set, or neither: links to pictures need both"
    ]


def _half_set_oidc(settings: Settings) -> list[str]:
    values = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
    if not any(values):
        return []
    if not all(values):
        return ["OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must all be set, or none of them"]
    if find_spec("authlib") is None:
        return ["OIDC_ISSUER needs the extra oidc: pip install 'se3-receiver[oidc]', or unset it"]
    return []


def _missing_enos_settings(settings: Settings) -> list[str]:
    if settings.enos_broker_url is None:
        return []
    ready_made = {
        "ENOS_CLIENT_ID": settings.enos_client_id,
        "ENOS_USERNAME": settings.enos_username,
        "ENOS_PASSWORD": settings.enos_password,
    }
    needed = {"ENOS_PRODUCT_KEY": settings.enos_product_key}
    if any(ready_made.values()):
        needed |= ready_made
    else:
        needed["ENOS_PRODUCT_SECRET"] = settings.enos_product_secret
    return [f"{name} is needed because ENOS_BROKER_URL is set" for name, value in needed.items() if not value]


def _wrong_tls_settings(settings: Settings) -> list[str]:
    given = {
        "ENOS_TLS_CA": settings.enos_tls_ca is not None,
        "ENOS_TLS_CERT": settings.enos_tls_cert is not None,
        "ENOS_TLS_KEY": settings.enos_tls_key is not None,
        "ENOS_TLS_VERIFY_HOSTNAME": not settings.enos_tls_verify_hostname,
    }
    names = [name for name, is_given in given.items() if is_given]
    wrong = []
    if given["ENOS_TLS_CERT"] != given["ENOS_TLS_KEY"]:
        wrong.append("ENOS_TLS_CERT and ENOS_TLS_KEY go together: set both or none")
    if names and (settings.enos_broker_url or "").lower().startswith("mqtt://"):
        wrong.append(f"ENOS_BROKER_URL is mqtt://, without TLS: use mqtts://, or unset {', '.join(names)}")
    return wrong
