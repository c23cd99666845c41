"""What `make lint` makes of the vulnerability service's answers."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support.audit import audit
from tests.support.ports import free_port

PINNED = f"flask==3.1.3 --hash=sha256:{'0' * 64}\nclick==8.5.0 --hash=sha256:{'0' * 64}\n"
AFFECTED = {
    "package": {"name": "click", "ecosystem": "PyPI"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "8.5.1"}]}],
}


class Service(BaseHTTPRequestHandler):
    """Knows one vulnerability of click."""

    status = 200

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_click = asked["package"]["name"] == "click"
        body = json.dumps({"vulns": [{"id": "OSV-1", "affected": [AFFECTED]}]} if is_click else {}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{server.server_port}/v1/query")
        yield
        server.shutdown()


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.lock"
    file.write_text(PINNED)
    return file


@pytest.mark.usefixtures("service")
def test_a_known_vulnerability_is_told_with_its_remedy(requirements: Path) -> None:
    assert audit(requirements) == "click 8.5.0: OSV-1, mended in 8.5.1"


@pytest.mark.usefixtures("service")
def test_nothing_known_is_nothing(requirements: Path) -> None:
    requirements.write_text(PINNED.partition("\n")[0])
    assert audit(requirements) == ""


@pytest.mark.usefixtures("service")
def test_no_answer_is_no_finding_and_not_all_is_well_either(
    requirements: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "status", 503)
    with pytest.raises(ConnectionError):
        audit(requirements)
    monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://127.0.0.1:{free_port()}/")
    with pytest.raises(ConnectionError, match="Connection refused"):
        audit(requirements)


@pytest.mark.usefixtures("service")
def test_a_lock_that_cannot_be_read_is_a_fault(requirements: Path) -> None:
    requirements.write_text("flask\n")
    with pytest.raises(RuntimeError):
        audit(requirements)
