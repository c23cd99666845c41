"""The channel over TLS: what connects, and in which words the rest is refused."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.config import Settings
from app.enos.messages import encode_element, post
from app.enos.mode import Mode
from app.errors import ChannelError
from app.simulators.enos.hub import Hub
from tests.support.certificates import EXPIRED, Authority, Pair, openssl
from tests.support.channels import channel_for
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port

ELEMENT = {"deviceKey": "gate-7", "time": 1_566_016_554_000, "events": {"HistoryEvent": {"score": 90.5}}}


@dataclass(frozen=True, slots=True)
class Site:
    """An authority, another one that nobody trusts, and a broker with a port for each way of TLS."""

    authority: Authority
    stranger: Authority
    client: Pair
    ports: dict[str, int]
    broker: Mosquitto

    def settings(self, port: str, *, scheme: str = "mqtts", pair: Pair | None = None) -> Settings:
        """What a site sets that trusts the authority."""
        return Settings(
            enos_broker_url=f"{scheme}://127.0.0.1:{self.ports[port]}",
            enos_product_key="pk",
            enos_product_secret="secret",
            enos_tls_ca=self.authority.ca,
            enos_tls_cert=pair.cert if pair else None,
            enos_tls_key=pair.key if pair else None,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = Authority(folder, "ca"), Authority(folder, "stranger")
    server = authority.issue("server", "IP:127.0.0.1")
    ports = {name: free_port() for name in ("strict", "open", "elsewhere", "expired")}
    lines = [
        listener(ports["strict"], authority, server) + "require_certificate true\n",
        listener(ports["open"], authority, server),
        listener(ports["elsewhere"], authority, authority.issue("elsewhere", "DNS:broker.example")),
        listener(ports["expired"], authority, authority.issue("old", "IP:127.0.0.1", days=EXPIRED)),
    ]
    broker = Mosquitto(folder, "".join(lines))
    broker.start()
    client = authority.issue("client", "DNS:forwarder.example")
    yield Site(authority, stranger, client, ports | {"plain": broker.port}, broker)
    broker.stop()


def listener(port: int, authority: Authority, pair: Pair) -> str:
    files = f"cafile {authority.ca}\ncertfile {pair.cert}\nkeyfile {pair.key}\n"
    return f"listener {port} 127.0.0.1\n{files}"


def connect(settings: Settings) -> None:
    channel = channel_for(settings)
    try:
        channel.open()
    finally:
        channel.close()


def refusal(settings: Settings) -> str:
    with pytest.raises(ChannelError) as raised:
        connect(settings)
    return str(raised.value)


def test_a_message_goes_and_its_reply_comes_with_certificates_on_both_sides(site: Site) -> None:
    channel = channel_for(site.settings("strict", pair=site.client))
    with Hub(site.broker.url) as hub:
        channel.open()
        assert channel.post(post("1", Mode.EVENT, [encode_element(ELEMENT)]))
        [reply] = channel.replies(10)
        channel.close()
        assert (reply.id, reply.code) == ("1", 200)
        assert hub.received == [ELEMENT]


def test_the_environment_names_the_authority_where_no_setting_does(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = dataclasses.replace(site.settings("open"), enos_tls_ca=None)
    assert "ENOS_TLS_CA" in refusal(settings)
    monkeypatch.setenv("SSL_CERT_FILE", str(site.authority.ca))
    connect(settings)


def test_with_an_authority_of_its_own_a_site_trusts_no_other(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(site.authority.ca))
    settings = dataclasses.replace(site.settings("open"), enos_tls_ca=site.stranger.ca)
    assert "from an authority that is not trusted here: name its file in ENOS_TLS_CA" in refusal(settings)


def test_another_name_is_refused_unless_the_name_does_not_matter(site: Site) -> None:
    settings = site.settings("elsewhere")
    assert "does not name the address that is in the broker's URL" in refusal(settings)
    connect(dataclasses.replace(settings, enos_tls_verify_hostname=False))


def test_the_authority_matters_even_if_the_name_does_not(site: Site) -> None:
    settings = dataclasses.replace(
        site.settings("elsewhere"), enos_tls_ca=site.stranger.ca, enos_tls_verify_hostname=False
    )
    assert "from an authority that is not trusted here" in refusal(settings)


def test_an_expired_broker_is_refused(site: Site) -> None:
    assert "the broker's certificate has expired" in refusal(site.settings("expired"))


def test_a_broker_that_asks_for_a_certificate_says_so(site: Site) -> None:
    assert "asks for a client certificate: set ENOS_TLS_CERT" in refusal(site.settings("strict"))


def test_a_broker_that_does_not_know_our_authority_says_so(site: Site) -> None:
    pair = site.stranger.issue("client", "DNS:forwarder.example")
    assert "an authority that the broker does not know" in refusal(site.settings("strict", pair=pair))


def test_a_client_certificate_that_has_expired_is_noticed(site: Site) -> None:
    pair = site.authority.issue("late", "DNS:forwarder.example", days=EXPIRED)
    assert "the client certificate has expired" in refusal(site.settings("strict", pair=pair))


def test_the_wrong_kind_of_port_is_recognised(site: Site) -> None:
    assert "does not seem to speak TLS" in refusal(site.settings("plain"))
    assert "may speak TLS: try mqtts://" in refusal(site.settings("open", scheme="mqtt"))


def test_a_key_of_another_certificate_is_named(site: Site, tmp_path: Path) -> None:
    other = site.authority.issue("other", "DNS:forwarder.example")
    of_another_kind = tmp_path / "rsa.key"
    openssl("genpkey", "-algorithm", "RSA", "-out", of_another_kind)
    for key in (other.key, of_another_kind):
        words = refusal(site.settings("strict", pair=Pair(site.client.cert, key)))
        assert f"the key {key} does not fit the client certificate {site.client.cert}" in words


def test_an_encrypted_key_is_refused_without_a_question(site: Site, tmp_path: Path) -> None:
    key = tmp_path / "encrypted.key"
    openssl("pkey", "-in", site.client.key, "-aes256", "-passout", "pass:secret", "-out", key)
    words = refusal(site.settings("strict", pair=Pair(site.client.cert, key)))
    assert f"the key {key} is encrypted" in words


def test_a_file_of_another_kind_is_named(site: Site, tmp_path: Path) -> None:
    settings, good = site.settings("strict"), site.client
    binary = tmp_path / "client.der"
    openssl("x509", "-in", good.cert, "-outform", "DER", "-out", binary)
    assert f"{binary} is no certificate in PEM form" in refusal(
        site.settings("strict", pair=Pair(binary, good.key))
    )
    assert f"{good.cert} holds no private key" in refusal(
        site.settings("strict", pair=Pair(good.cert, good.cert))
    )
    assert f"{good.key} holds no certificate" in refusal(dataclasses.replace(settings, enos_tls_ca=good.key))
    missing = tmp_path / "gone.pem"
    assert f"{missing} can't be read: No such file" in refusal(
        dataclasses.replace(settings, enos_tls_ca=missing)
    )


def test_a_renewed_certificate_needs_no_restart(site: Site, tmp_path: Path) -> None:
    pair = Pair(tmp_path / "client.pem", tmp_path / "client.key")
    channel = channel_for(site.settings("strict", pair=pair))
    for name, days in (("first", EXPIRED), ("renewed", 2)):
        issued = site.authority.issue(name, "DNS:forwarder.example", days)
        pair.cert.write_bytes(issued.cert.read_bytes())
        pair.key.write_bytes(issued.key.read_bytes())
        if days == EXPIRED:
            with pytest.raises(ChannelError, match="expired"):
                channel.open()
    channel.open()
    channel.close()
