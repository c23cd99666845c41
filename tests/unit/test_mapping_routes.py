"""Which events the mapping lets pass, and which channel takes them."""

from pathlib import Path
from typing import Any

import pytest

from app import setting_values
from app.domain.events import Kind
from app.enos.mapping.mapping import DEFAULT_CHANNEL, DEFAULT_MAPPING
from tests.support.mapping_files import faults, mapping_of
from tests.support.new_events import new_event

PERSON_TYPES = "must be 1 (employee), 2 (visitor), 3 (blacklist), 4 (stranger) or 5 (VIP)"
BOX = {"dev_sno": "BOX1", "device_ip": "10.1.0.5"}
GATES = """
[channels.gates]
broker_url = "mqtts://one.example"
product_key = "gates"
product_secret_file = "gates.secret"
"""
REST = """
[channels.rest]
broker_url = "mqtt://two.example:1883"
product_key = "rest"
client_id = "c"
username = "u"
password_file = "rest.password"
"""


@pytest.fixture(autouse=True)
def _root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_values, "ROOT", tmp_path)


@pytest.mark.parametrize(
    ("condition", "changes", "passes"),
    [
        ("person_types = [2, 3]", {"ext_data": {**BOX, "person_type": 3}}, True),
        ("person_types = [2, 3]", {"ext_data": {**BOX, "person_type": 4}}, False),
        ("person_types = [1]", {"ext_data": BOX}, True),
        ("person_types = [2]", {"ext_data": BOX}, False),
        ("person_types = [5]", {"form": "history-v6", "user_type": "vip"}, True),
        ("person_types = [1]", {"form": "history-v6", "user_type": "car"}, False),
        ('groups = ["staff", "guests"]', {"group_name": "guests"}, True),
        ('groups = ["staff"]', {"group_name": "Staff"}, False),
        ('groups = ["staff"]', {"form": "history-v6"}, False),
        ("min_score = 80", {"score": 80}, True),
        ("min_score = 80", {"score": 79.9}, False),
        ("max_score = 0.5", {"score": 0.5}, True),
        ("max_score = 0.5", {"score": 0.51}, False),
        ("min_score = 10\nmax_score = 20", {"score": 21}, False),
        ('kinds = ["realtime"]', {"kind": Kind.REALTIME}, True),
        ('kinds = ["realtime"]', {}, False),
        ('devices = ["10.1.*", "BOX?"]', {"ext_data": BOX}, True),
        ('devices = ["10.1.*"]', {"ext_data": BOX}, False),
        ('devices = ["*"]', {"ext_data": {"dev_sno": "A"}}, False),
        ('devices = ["BOX1"]\nperson_types = [1]', {"ext_data": BOX}, True),
        ('devices = ["BOX1"]\nperson_types = [4]', {"ext_data": BOX}, False),
    ],
)
def test_only_what_meets_all_conditions_passes(
    tmp_path: Path, condition: str, changes: dict[str, Any], passes: bool
) -> None:
    event = new_event(**changes).event
    filtered = mapping_of(tmp_path, f"[filter]\n{condition}")
    routed = mapping_of(tmp_path, f"{GATES}\n[channels.gates.when]\n{condition}")
    assert (filtered.reason_to_skip(event) is None) is passes
    assert (routed.channel_of(event) == "gates") is passes


def test_the_reason_names_the_condition(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, "[filter]\nmin_score = 80")
    assert (
        mapping.reason_to_skip(new_event(score=1).event)
        == "filter.min_score of the mapping file leaves it out"
    )


def test_without_a_filter_and_channels_every_event_goes_by_the_settings_channel(tmp_path: Path) -> None:
    for mapping in (DEFAULT_MAPPING, mapping_of(tmp_path, "")):
        assert mapping.reason_to_skip(new_event().event) is None
        assert mapping.channel_of(new_event().event) == DEFAULT_CHANNEL
        assert mapping.channels == ()


def test_the_first_channel_that_fits_takes_an_event_and_the_last_resort_the_rest(tmp_path: Path) -> None:
    score = f"{GATES.replace('gates]', 'score]').replace('one', 'three')}when.min_score = 50"
    mapping = mapping_of(tmp_path, f'{REST}\n{GATES}when.devices = ["BOX*"]\n{score}')
    assert [channel.name for channel in mapping.channels] == ["rest", "gates", "score"]
    assert mapping.channel_of(new_event(score=90, ext_data=BOX).event) == "gates"
    assert mapping.channel_of(new_event(score=90).event) == "score"
    assert mapping.channel_of(new_event(score=1).event) == "rest"
    assert mapping.reason_to_skip(new_event(score=1).event) is None


def test_what_no_channel_takes_is_skipped(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, f"{GATES}when.min_score = 50")
    event = new_event(score=1).event
    assert mapping.channel_of(event) is None
    assert mapping.reason_to_skip(event) == "no channel of the mapping file takes it"


def test_channels_have_what_the_file_says(tmp_path: Path) -> None:
    mapping = mapping_of(tmp_path, f'{GATES}tls_ca = "ca.pem"\nwhen.min_score = 1\n{REST}')
    gates, rest = mapping.channels
    assert (gates.broker_url, gates.address) == ("mqtts://one.example", ("one.example", 18883))
    assert (gates.product_key, gates.product_secret_file, gates.tls_ca) == (
        "gates",
        tmp_path / "gates.secret",
        tmp_path / "ca.pem",
    )
    assert (rest.client_id, rest.username, rest.password_file) == ("c", "u", tmp_path / "rest.password")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            GATES.replace("product_secret_file", "product_secret"),
            [
                "line 2: channels.gates.product_secret_file: is missing;"
                " or else client_id, username, password_file are",
                "line 5: channels.gates.product_secret: must not stand in this file:"
                " put it into a file of its own, and name that as product_secret_file",
            ],
        ),
        (
            REST.replace('username = "u"\n', ""),
            ["line 2: channels.rest.username: is missing beside client_id"],
        ),
        (
            f'{GATES}username = "u"',
            ["line 6: channels.gates.username: has no use beside product_secret_file"],
        ),
        (
            GATES.replace('"gates.secret"', "5").replace("mqtts:", "http:"),
            [
                "line 3: channels.gates.broker_url: must look like mqtt://host:11883 or mqtts://host:18883",
                "line 5: channels.gates.product_secret_file: must be text",
            ],
        ),
        (
            GATES.replace("one.example", "user:secret@one.example"),
            [
                "line 3: channels.gates.broker_url: must hold no user and password:"
                " username and password_file do"
            ],
        ),
        ('[filter]\nmin_score = "80"', ["line 2: filter.min_score: must be a number"]),
        ("[filter]\nmax_score = true", ["line 2: filter.max_score: must be a number"]),
        ("[filter]\nmax_score = inf", ["line 2: filter.max_score: must be a number"]),
        (
            '[filter]\nperson_types = [1, "2", 3.0, true, 0, 9]',
            [
                "line 2: filter.person_types.1: must be a whole number",
                "line 2: filter.person_types.2: must be a whole number",
                "line 2: filter.person_types.3: must be a whole number",
                f"line 2: filter.person_types.4: {PERSON_TYPES}",
                f"line 2: filter.person_types.5: {PERSON_TYPES}",
            ],
        ),
        (
            f'{GATES}tls_cert = "ca.pem"',
            ["line 2: channels.gates.tls_key: is missing: each needs the other"],
        ),
        (
            f'{REST}tls_ca = "ca.pem"',
            ["line 8: channels.rest.tls_ca: is for a broker_url that begins with mqtts: only"],
        ),
        (
            f"{GATES}when.min_score = 1"
            + GATES.replace("gates]", "again]").replace("example", "example:18883"),
            ["line 7: channels.again: has the same broker and product as gates"],
        ),
        (
            GATES + REST,
            ["line 7: channels.rest: gets nothing without `when`: gates takes all that is left"],
        ),
        (
            GATES.replace("channels.gates", "channels.'a b'"),
            ["line 2: channels.a b: must be 1 to 40 letters, digits, hyphens or underscores"],
        ),
        (
            f'{GATES}when = {{ device = ["a"], groups = [] }}',
            [
                "line 6: channels.gates.when.groups: must not be empty",
                "line 6: channels.gates.when.device: is not known; did you mean devices?",
            ],
        ),
    ],
)
def test_a_wrong_channel_is_refused(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert faults(tmp_path, text) == expected
