"""What deploy/ holds works as it stands: the service's unit, and nginx with TLS before both apps."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import urllib3

from app.config import ROOT
from app.console.access.passwords import hash_of
from app.domain.users import Role
from app.store import audit, events, users
from app.store.database import Database
from tests.support.certificates import Authority
from tests.support.parts import find_nginx, find_systemd_analyze
from tests.support.payloads import payload
from tests.support.ports import free_port
from tests.support.programs import Program
from tests.support.receivers import Receiver

UNIT = ROOT / "deploy" / "systemd" / "se3.service"
SITE = ROOT / "deploy" / "nginx" / "se3.conf"
MOST_EXPOSED = 15  # of 100; systemd calls up to 20 "OK"


def test_the_unit_is_right_and_shuts_off_what_it_can(tmp_path: Path) -> None:
    systemd_analyze = str(find_systemd_analyze())
    unit = tmp_path / UNIT.name
    program = Path(sys.executable).with_name("se3")
    unit.write_text(UNIT.read_text().replace("/opt/se3/.venv/bin/se3", str(program)))
    socket = shutil.copy(UNIT.with_suffix(".socket"), tmp_path)
    command = [systemd_analyze, "verify", "--man=no", str(unit), str(socket)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    command = [systemd_analyze, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(UNIT)]
    scored = subprocess.run(command, capture_output=True, text=True, check=False)
    assert scored.returncode == 0, scored.stdout.splitlines()[-1]


class Site:
    """Receiver and console behind nginx, as deploy/nginx/se3.conf sets it up."""

    def __init__(self, boxes: int, people: int, ca: Path, database: Database) -> None:
        self.boxes, self.people = f"https://127.0.0.1:{boxes}", f"https://127.0.0.1:{people}"
        self.database = database
        self.http = urllib3.PoolManager(ca_certs=str(ca), retries=False, timeout=10)


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str) -> Iterator[Site]:
    authority = Authority(tmp_path)
    pair = authority.issue("faces", "IP:127.0.0.1")
    receiver = Receiver(tmp_path, sqlite_url, RECEIVER_PROXIES="1", RECEIVER_KEYS="k3y-of-the-site-1")
    bind = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", bind]
    environment = {"DATABASE_URL": sqlite_url, "CONSOLE_PROXIES": "1", "DISK_FLOOR_MB": "0"}
    ports = free_port(), free_port()
    changes = {
        "listen 9443": f"listen 127.0.0.1:{ports[0]}",
        "listen 443": f"listen 127.0.0.1:{ports[1]}",
        "127.0.0.1:9528": receiver.address,
        "127.0.0.1:9529": bind,
        "/etc/ssl/se3/faces.pem": str(pair.cert),
        "/etc/ssl/se3/faces.key": str(pair.key),
        "/var/log/nginx/se3.log": str(tmp_path / "nginx-site.log"),
    }
    text = SITE.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    folders = "".join(
        f"{name}_temp_path {tmp_path}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if Path(tmp_path).owner() == "root" else ""
    (tmp_path / "nginx.conf").write_text(
        f"{user}daemon off;\npid {tmp_path}/nginx.pid;\nevents {{}}\nhttp {{\n{folders}{text}}}\n"
    )
    nginx: list[str | Path] = [
        find_nginx(),
        "-c",
        tmp_path / "nginx.conf",
        "-e",
        tmp_path / "nginx-error.log",
    ]
    with (
        receiver.program,
        Program([*command, "wsgi:console"], tmp_path / "console.log", env=environment, cwd=ROOT) as console,
        Program(nginx, tmp_path / "nginx.log") as proxy,
        closing(Database(sqlite_url)) as database,
    ):
        console.wait_until(lambda: "Booting worker" in console.output())
        site = Site(*ports, authority.ca, database)
        proxy.wait_until(lambda: answers(site))
        yield site


def answers(site: Site) -> bool:
    try:
        return bool(site.http.request("GET", f"{site.boxes}/healthz").status == 200)
    except urllib3.exceptions.HTTPError:
        return False


def test_a_box_posts_through_nginx_and_is_stored_with_its_own_address(site: Site) -> None:
    forged = {"X-Forwarded-For": "6.6.6.6"}
    event = payload("history-contract")
    url = f"{site.boxes}/k3y-of-the-site-1/HistoryEvent"
    assert site.http.request("POST", url, json=event, headers=forged).status == 200
    assert site.http.request("POST", f"{site.boxes}/HistoryEvent", json=event).status == 403
    with site.database.read() as connection:
        [stored] = events.latest(connection, 10)
    assert (stored.source_address, stored.route) == ("127.0.0.1", "/HistoryEvent")


def test_people_log_in_through_nginx_with_a_cookie_for_tls_alone(site: Site) -> None:
    with site.database.write() as connection:
        users.add(connection, "anna", Role.VIEWER, hash_of("a long password"))
    fields = {"name": "anna", "password": "a long password"}
    headers = {"Origin": site.people, "X-Forwarded-For": "6.6.6.6"}
    form = {"fields": fields, "encode_multipart": False, "headers": headers, "redirect": False}
    reply = site.http.request("POST", f"{site.people}/login", **form)  # type: ignore[arg-type]  # urllib3 takes them so
    assert reply.status == 302
    assert re.search("; Secure", reply.headers["Set-Cookie"])
    assert "Strict-Transport-Security" in reply.headers
    with site.database.read() as connection:
        [entry] = audit.latest(connection, 1)
    assert (entry.action, entry.source_address) == ("logged_in", "127.0.0.1")
