"""HTTPS without a proxy: gunicorn speaks it itself, for boxes and for people."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from app.simulators.encodings import encode
from tests.acceptance.conftest import Product
from tests.support.certificates import Authority
from tests.support.payloads import payload
from tests.support.ports import free_port


class TlsProduct(Product):
    """`se3 run` with a certificate of its own authority."""

    def __init__(self, folder: Path, url: str) -> None:
        self.authority = Authority(folder)
        pair = self.authority.issue("faces", "IP:127.0.0.1")
        self.console = f"https://127.0.0.1:{free_port()}"
        super().__init__(
            folder,
            {
                "DATABASE_URL": url,
                "CONSOLE_BIND": self.console.removeprefix("https://"),
                "GUNICORN_CMD_ARGS": f"--certfile={pair.cert} --keyfile={pair.key}",
            },
        )

    def _is_ready(self) -> bool:
        self.url = self.url.replace("http:", "https:")
        self.http = urllib3.PoolManager(ca_certs=str(self.authority.ca), retries=False, timeout=10)
        try:
            addresses = (f"{self.url}/readyz", f"{self.console}/login")
            return all(self.http.request("GET", one).status == 200 for one in addresses)
        except urllib3.exceptions.HTTPError:
            return False


@pytest.fixture
def site(tmp_path: Path, sqlite_url: str) -> Iterator[TlsProduct]:
    site = TlsProduct(tmp_path, sqlite_url)
    yield site
    site.close()


def test_boxes_and_people_are_served_by_https_alone(site: TlsProduct) -> None:
    body, headers = encode(payload("history-contract"), "json")
    url = f"{site.url}/HistoryEvent"
    with socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2]))):  # says nothing
        assert site.http.request("POST", url, body=body, headers=headers).status == 200
        trusting = urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False, timeout=10)  # as a box may be
        with pytest.warns(urllib3.exceptions.InsecureRequestWarning):
            assert trusting.request("POST", url, body=body, headers=headers).json()["data"]["duplicate"]
    with pytest.raises(urllib3.exceptions.HTTPError):
        urllib3.request("POST", url.replace("https:", "http:"), body=body, headers=headers, retries=False)
    output = site.program.output()
    assert re.search(r"^  https://\S+/HistoryEvent$", output, re.MULTILINE)
    assert f"  {site.console}\n" in output
    password = re.search(r"choose another: (\S+)", output)
    assert password
    reply = site.http.request(
        "POST",
        f"{site.console}/login",
        fields={"name": "admin", "password": password[1]},
        encode_multipart=False,
        headers={"Origin": site.console},
        redirect=False,
    )
    assert "; Secure" in reply.headers["Set-Cookie"]
