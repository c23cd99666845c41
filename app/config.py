"""Settings: every variable declared once, with its default, unit and help text."""

import dataclasses
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from environs import FileAwareEnv

from app.errors import SettingsError

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: relative paths in settings start here, and `.env` is read from here."""


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text.lower()

    return parse


def _refused_status(text: str) -> int:
    if not re.fullmatch(r"200|4[0-9]{2}", text):
        raise ValueError("must be 200, or from 400 to 499")
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no", "1", "0"):
        raise ValueError("must be true or false")
    return text.lower() in ("true", "yes", "1")


def _database_url(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1 and "?" not in rest:
        return f"sqlite:///{(ROOT / rest[1:]).resolve()}"
    if separator and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return f"postgresql+psycopg://{rest}"
    raise ValueError("must look like sqlite:///var/se3.db or postgresql://user:password@host/database")


def _bind(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError("must be an address and a port, such as 0.0.0.0:9528 or [::]:9528")
    return text


def _paths(text: str) -> tuple[str, ...]:
    paths = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    if wrong := [path for path in paths if not path.startswith("/") or set(path) & set("<>?# ")]:
        raise ValueError(f"must be paths that start with /, separated by commas; wrong: {', '.join(wrong)}")
    return paths


def _broker_url(text: str) -> str:
    try:
        url = urlsplit(text)
        fits = url.scheme in ("mqtt", "mqtts") and url.hostname and (url.port or 0) >= 0
    except ValueError:
        fits = False
    if "@" in text:
        raise ValueError("must hold no user and password: ENOS_USERNAME and ENOS_PASSWORD do")
    if not fits:
        raise ValueError("must look like mqtt://host:11883 or mqtts://host:18883")
    return text


def _product_key(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", text):
        raise ValueError("must be letters, digits, dots, hyphens or underscores: it stands in MQTT topics")
    return text


def _file(text: str) -> Path:
    path = ROOT / text
    if not path.is_file():
        raise ValueError("must name a file that exists")
    return path


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings; each field is the environment variable of the same name in capitals."""

    database_url: str = _variable(
        "Where everything is kept: SQLite or PostgreSQL. A relative path starts at the project's folder.",
        "sqlite:///var/se3.db",
        parse=_database_url,
        secret=True,
    )
    receiver_bind: str = _variable("Address and port the boxes reach.", "0.0.0.0:9528", parse=_bind)
    history_paths: tuple[str, ...] = _variable(
        "More paths that take history events, separated by commas.", "", parse=_paths
    )
    realtime_paths: tuple[str, ...] = _variable(
        "More paths that take real-time events, separated by commas.", "", parse=_paths
    )
    status_paths: tuple[str, ...] = _variable(
        "More paths that take status reports, separated by commas.", "", parse=_paths
    )
    max_body_mb: int = _variable(
        "Largest body that is accepted.", "16", parse=_whole_number(1, 256), unit="MB"
    )
    validation: str = _variable(
        "contract: events need the contract's fields; lenient: identity_id and timestamp are enough.",
        "contract",
        parse=_one_of("contract", "lenient"),
    )
    refused_status: int | None = _variable(
        "Answer refused bodies with this status, for boxes that retry for ever; unset: with the fitting one.",
        parse=_refused_status,
    )
    disk_floor_mb: int = _variable(
        "With less free disk than this, /readyz says 503.", "256", parse=_whole_number(0, 10**9), unit="MB"
    )
    quarantine_max_mb: int = _variable(
        "The quarantine keeps at most this much; the oldest bodies go first.",
        "1024",
        parse=_whole_number(1, 10**6),
        unit="MB",
    )
    quarantine_max_bodies: int = _variable(
        "The quarantine keeps at most so many bodies.", "100000", parse=_whole_number(1, 10**9)
    )
    quarantine_max_days: int = _variable(
        "The quarantine keeps a body so long after it last came.",
        "90",
        parse=_whole_number(1, 36500),
        unit="days",
    )
    enos_broker_url: str | None = _variable(
        "EnOS's MQTT broker, mqtt://host:11883 or mqtts://host:18883. Unset: events wait in the outbox.",
        parse=_broker_url,
    )
    enos_product_key: str | None = _variable(
        "The product key of the message integration channel.", parse=_product_key
    )
    enos_product_secret: str | None = _variable(
        "The product secret, from which the login is computed.", secret=True
    )
    enos_client_id: str | None = _variable("Ready-made MQTT client id, as EnOS's console shows it.")
    enos_username: str | None = _variable("Ready-made MQTT user name.")
    enos_password: str | None = _variable("Ready-made MQTT password.", secret=True)
    enos_qos: int = _variable(
        "MQTT quality of service of each publish, 0 or 1.", "1", parse=_whole_number(0, 1)
    )
    enos_topic_slash: bool = _variable(
        "Start topics with a slash, as the vendor's SDKs do.", "false", parse=_yes_or_no
    )
    enos_events: str = _variable(
        "Which copy of a sighting goes to EnOS: both, history, realtime, or first, whichever came first.",
        "both",
        parse=_one_of("both", "history", "realtime", "first"),
    )
    enos_mapping: Path | None = _variable("A mapping file; see docs/reference/mapping.md.", parse=_file)

    @property
    def lenient(self) -> bool:
        """Whether VALIDATION is lenient."""
        return self.validation == "lenient"

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
    env = FileAwareEnv(strip_whitespace=True)
    env.read_env(ROOT / ".env", recurse=False)
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
    wrong += _paths_held_twice(settings)
    if wrong:
        raise SettingsError("These settings are wrong:\n" + "\n".join(f"  {line}" for line in wrong))
    return settings


def _text(env: FileAwareEnv, name: str) -> str:
    """A variable's text, "" where it is unset; FileAwareEnv alone would let a file in `.env` win."""
    return os.environ.get(name) or env.str(name, default="")


def _paths_held_twice(settings: Settings) -> list[str]:
    paths = {
        "HISTORY_PATHS": settings.history_paths,
        "REALTIME_PATHS": settings.realtime_paths,
        "STATUS_PATHS": settings.status_paths,
    }
    return [
        f"{one} and {other} both hold {', '.join(sorted(twice))}"
        for one, other in combinations(paths, 2)
        if (twice := set(paths[one]) & set(paths[other]))
    ]


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
