"""No secret shows where others look: in lists of processes, in logs, in replies, in what commands print."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import urllib3

from app.config import variables
from app.simulators.encodings import encode
from tests.acceptance.conftest import Product
from tests.support.mosquitto import Mosquitto
from tests.support.payloads import payload
from tests.support.ports import free_port
from tests.support.postgresql import PostgreSQL
from tests.support.programs import own_program
from tests.support.settings import child_environment

SECRETS = {  # those of DATABASE_URL and RECEIVER_KEYS stand in a longer value
    "DATABASE_URL": "pA55word-of-the-database",
    "RECEIVER_KEYS": "k3y-in-the-url-of-a-box",
    "PICTURE_KEYS": "cGljdHVyZXMtYXJlLWtlcHQtd2l0aC10aGlzLWtleS0=",
    "PICTURE_LINK_SECRET": "s1gns-links-to-pictures-0123456789ab",
    "ENOS_PRODUCT_SECRET": "pr0duct-secret",
    "ENOS_PASSWORD": "mqtt-pA55word",
    "OIDC_CLIENT_SECRET": "0idc-client-secret",
}
OTHERS = {
    "ENOS_PRODUCT_KEY": "pk",
    "ENOS_CLIENT_ID": "client",
    "ENOS_USERNAME": "user",
    "PICTURE_BASE_URL": "https://faces.example",
    "OIDC_CLIENT_ID": "se3",
}


class Site(Product):
    """The product with a value of its own in every secret setting."""

    def __init__(self, folder: Path, database_url: str, broker_url: str) -> None:
        self.console = f"http://127.0.0.1:{free_port()}"
        self.http = urllib3.PoolManager(retries=False, timeout=20)
        self.seen: list[str] = []
        url = database_url.replace("postgres@", f"postgres:{SECRETS['DATABASE_URL']}@")
        assert url != database_url
        places = {
            "DATABASE_URL": url,
            "RECEIVER_KEYS": f"another-key-of-the-site,{SECRETS['RECEIVER_KEYS']}",
            "ENOS_BROKER_URL": broker_url,
            "CONSOLE_BIND": self.console.removeprefix("http://"),
            "OIDC_ISSUER": f"http://127.0.0.1:{free_port()}",
        }
        super().__init__(folder, SECRETS | OTHERS | places)

    def ask(self, method: str, url: str, **options: object) -> None:
        """Keep what is answered, headers and all."""
        reply = self.http.request(method, url, redirect=False, **options)  # type: ignore[arg-type]  # its own
        self.seen.append(f"{reply.status} {dict(reply.headers)} {reply.data.decode(errors='replace')}")

    def run(self, *arguments: str) -> None:
        """Keep what a command prints."""
        command = [str(own_program("se3")), *arguments]
        environment = child_environment(self.settings)
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        self.seen += [done.stdout, done.stderr]


@pytest.fixture
def site(tmp_path: Path, postgresql_url: str, mosquitto: Mosquitto) -> Iterator[Site]:
    site = Site(tmp_path, postgresql_url, mosquitto.url)
    yield site
    site.close()


def command_lines() -> Iterator[str]:
    """Those of all processes of this machine, as anybody can read them."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            yield file.read_bytes().decode(errors="replace")


def ask_for_all_kinds_of_trouble(site: Site) -> None:
    key = SECRETS["RECEIVER_KEYS"]
    body, headers = encode(payload("history-contract"), "json")
    paths = (
        "HistoryEvent",
        f"{key}/HistoryEvent",
        f"HistoryEvent?key={key}",
        f"{key}/Nowhere",
        f"{key}x/HistoryEvent",
        f"Nowhere/{key}",
        f"{key}/pictures/{'0' * 64}?expires=1&signature={key}",
    )
    for path in paths:
        site.ask("POST", f"{site.url}/{path}", body=body, headers=headers)
        site.ask("POST", f"{site.url}/{path}", body=b"{not json")
        site.ask("GET", f"{site.url}/{path}")
    site.ask("GET", f"{site.url}/readyz")
    for page in ("login", "login/oidc", "api/v1/openapi.json", "metrics", "nowhere"):
        site.ask("GET", f"{site.console}/{page}")


def test_no_secret_shows(site: Site, postgresql_server: PostgreSQL) -> None:
    assert set(SECRETS) == {field.name.upper() for field in variables() if not field.repr}
    ask_for_all_kinds_of_trouble(site)
    for command in (["doctor"], ["enos", "check", "--yes"], ["quarantine", "list"]):
        site.run(*command)
    processes = list(command_lines())
    assert sum("wsgi:app" in one for one in processes) > 1
    site.seen += processes
    postgresql_server.stop()
    ask_for_all_kinds_of_trouble(site)
    site.run("doctor")
    site.seen.append(site.program.output())
    assert "Connection refused" in site.seen[-1]
    for name, secret in SECRETS.items():
        assert not [text for text in site.seen if secret in text], name
