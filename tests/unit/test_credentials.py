"""The login that EnOS documents, to the letter."""

from app.config import Settings
from app.enos.channel_entry import ChannelEntry
from app.enos.credentials import Credentials, computed_credentials, credentials
from app.enos.mode import Mode
from app.enos.topics import topics


def test_worked_example_of_the_documents() -> None:
    """EnOS protocol, section 1."""
    assert computed_credentials("prodKey01", "prodSecret01", 1548753362502) == Credentials(
        client_id="prodKey01|securemode=4,signmethod=sha256,timestamp=1548753362502|",
        username="%channel%&prodKey01",
        password="D6A5AD1C6581BC35E7916F0FE159F882EDCA93087A730F4B7DCDAC28D66DD77D",
    )


def test_a_ready_made_login_is_used_as_it_is() -> None:
    entry = ChannelEntry(
        name="n", broker_url="mqtt://h", product_key="p", client_id="a", username="b", password="c"
    )
    assert credentials(entry, 1) == Credentials("a", "b", "c")


def test_an_empty_ready_made_login_is_no_computed_one() -> None:
    entry = ChannelEntry(
        name="n", broker_url="mqtt://h", product_key="p", client_id="", username="b", password="c"
    )
    assert credentials(entry, 1) == Credentials("", "b", "c")


def test_topics_of_documents_and_of_sdks() -> None:
    assert topics("pk", Mode.EVENT, leading_slash=False).post == "sys/pk/integration/event/post"
    assert (
        topics("pk", Mode.MEASUREPOINT, leading_slash=True).reply
        == "/sys/pk/integration/measurepoint/post_reply"
    )


def test_the_password_stays_out_of_representations() -> None:
    login = computed_credentials("k", "verysecret", 1)
    assert login.password not in repr(login)
    assert "verysecret" not in repr(Settings(enos_product_secret="verysecret"))
