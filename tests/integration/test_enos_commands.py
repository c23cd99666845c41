"""se3 enos model and se3 enos preview, over a real database."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli.main import se3
from app.config import ROOT
from app.domain.events import NewEvent
from app.enos.mapping.thing_model import thing_model
from app.enos.mapping_file.reading import load_mapping
from app.enos.messages import encode_element
from app.errors import MappingError, Se3Error
from app.simulators.enos.model import read_model
from app.store import events
from app.store.database import Database
from tests.support.model_check import misfits
from tests.support.new_events import new_event

EnosCommand = Callable[..., Result]
CHANNEL = """
[channels.gates]
broker_url = "mqtt://gates.example"
product_key = "gateProduct"
client_id = "c"
username = "u"
password_file = "var/not-there.password"
when.min_score = 50
"""

ONE_CHANNEL = {
    "ENOS_BROKER_URL": "mqtt://broker.example",
    "ENOS_PRODUCT_KEY": "pk",
    "ENOS_PRODUCT_SECRET": "secret",
}


@pytest.fixture
def enos(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> EnosCommand:
    """Run an `se3 enos` command with these settings."""

    def run(*arguments: str, **settings: str) -> Result:
        for name, value in {"DATABASE_URL": sqlite_url, **settings}.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(se3, ["enos", *arguments])

    return run


@pytest.fixture
def recorded(sqlite_url: str) -> Callable[[NewEvent], str]:
    """Record an event; gives its id."""

    def record(new: NewEvent) -> str:
        database = Database(sqlite_url)
        with database.write() as connection:
            [done] = events.record(connection, [new])
        database.close()
        return str(done.id)

    return record


def mapping_file(folder: Path, text: str) -> str:
    path = folder / "mapping.toml"
    path.write_text(text)
    return str(path)


def told(result: Result) -> dict[str, str]:
    """What stands on standard error, by the first word of each line."""
    return dict(line.split(maxsplit=1) for line in result.stderr.splitlines())


def test_the_model_to_import_has_what_the_default_mapping_sends(enos: EnosCommand) -> None:
    result = enos("model", "--json")
    model = json.loads(result.stdout)
    assert [event["identifier"] for event in model["events"]] == ["HistoryEvent", "RealTimeEvent"]
    assert model["measurepoints"] == []
    outputs = {output["identifier"]: output["dataType"] for output in model["events"][0]["outputData"]}
    assert outputs["score"] == {"type": "FLOAT", "specs": {}}
    assert outputs["identity_id"] == {"type": "STRING", "specs": {"length": 1024}}
    assert outputs["timestamp"] == {"type": "TIMESTAMP", "specs": {}}
    assert outputs["person_type"] == {"type": "INT", "specs": {}}


def test_the_model_describes_structs_arrays_and_linked_pictures(enos: EnosCommand, tmp_path: Path) -> None:
    text = """
    pictures = "link"
    filter.kinds = ["history"]
    [members]
    box = { type = "array", item = "int", length = 4, field = "info.box" }
    info = { type = "struct", members = { age = { type = "string", length = 10 } } }
    site = { type = "string", const = "north" }
    """
    settings = {"ENOS_MAPPING": mapping_file(tmp_path, text)}
    [event] = json.loads(enos("model", "--json", **settings).stdout)["events"]
    assert event["identifier"] == "HistoryEvent"
    assert event["outputData"][:2] == [
        {
            "identifier": "box",
            "name": "box",
            "dataType": {"type": "ARRAY", "specs": {"size": 4, "item": {"type": "INT", "specs": {}}}},
        },
        {
            "identifier": "info",
            "name": "info",
            "dataType": {
                "type": "STRUCT",
                "specs": {
                    "members": [
                        {
                            "identifier": "age",
                            "name": "age",
                            "dataType": {"type": "STRING", "specs": {"length": 10}},
                        }
                    ]
                },
            },
        },
    ]
    names = ["site", "reg_pic", "spot_pic", "recognize_face", "ir_pic"]
    assert [output["identifier"] for output in event["outputData"][2:]] == names
    table = enos("model", **settings).stdout
    for row in ("box ARRAY up to 4 of INT info.box", "info.age STRING up to 10 bytes info.age"):
        assert row in " ".join(table.split())
    assert 'site STRING up to 1024 bytes always "north"' in " ".join(table.split())


def test_the_model_of_measure_points_has_no_events(enos: EnosCommand, tmp_path: Path) -> None:
    settings = {"ENOS_MAPPING": mapping_file(tmp_path, 'mode = "measurepoint"\n[members]\nscore = "float"')}
    score = {"identifier": "score", "name": "score", "dataType": {"type": "FLOAT", "specs": {}}}
    assert json.loads(enos("model", "--json", **settings).stdout) == {"events": [], "measurepoints": [score]}


@pytest.mark.parametrize("file", [None, ROOT / "docs/examples/mapping.toml"])
@pytest.mark.parametrize("form", ["history-contract", "history-v2r4", "history-v6", "history-flat-v5r7"])
def test_the_simulated_enos_takes_the_model_and_what_fits_it(file: Path | None, form: str) -> None:
    mapping = load_mapping(file)
    element = json.loads(encode_element(mapping.element(new_event(form=form).event)))
    model = read_model(json.loads(json.dumps(thing_model(mapping))))
    [(identifier, values)] = element["events"].items()
    assert values
    assert model.events[identifier](values) == ""


def test_the_model_needs_no_secrets(enos: EnosCommand) -> None:
    result = enos("model", ENOS_MAPPING=str(ROOT / "docs/examples/two-channels.toml"))
    assert result.exit_code == 0, result.exception
    assert "reg_pic" in result.stdout


def test_the_preview_is_the_message_and_says_where_it_goes(
    enos: EnosCommand, recorded: Callable[[NewEvent], str]
) -> None:
    event_id = recorded(new_event(score=94))
    result = enos("preview", event_id, **ONE_CHANNEL)
    assert result.exit_code == 0
    message = json.loads(result.stdout)
    assert (message["version"], message["method"]) == ("1.0", "integration.event.post")
    [element] = message["params"]
    assert element["deviceKey"] == "AKOPKKKKK__192.168.1.25"
    assert '"score":94.0' in result.stdout
    assert misfits(json.loads(enos("model", "--json").stdout), element) == []
    assert told(result) == {
        "channel": "enos",
        "topic": "sys/pk/integration/event/post",
        "bytes": f"{len(result.stdout.encode()) - 1} of 524288",
    }


def test_the_preview_knows_channels_and_measure_points(
    enos: EnosCommand, recorded: Callable[[NewEvent], str], tmp_path: Path
) -> None:
    text = f'mode = "measurepoint"\n{CHANNEL}'
    settings = {"ENOS_MAPPING": mapping_file(tmp_path, text), "ENOS_TOPIC_SLASH": "true"}
    high = enos("preview", recorded(new_event(score=94)), **settings)
    assert told(high)["channel"] == "gates"
    assert told(high)["topic"] == "/sys/gateProduct/integration/measurepoint/post"
    assert json.loads(high.stdout)["params"][0]["measurepoints"]["score"] == 94.0
    low = enos("preview", recorded(new_event(1, score=1)), **settings)
    assert told(low)["skipped"] == "it would not go: no channel of the mapping file takes it"
    assert "topic" not in told(low)


def test_the_preview_says_what_keeps_an_event_from_enos(
    enos: EnosCommand, recorded: Callable[[NewEvent], str], tmp_path: Path
) -> None:
    event_id = recorded(new_event())
    skipped = enos("preview", event_id, ENOS_EVENTS="realtime")
    assert skipped.exit_code == 0
    assert told(skipped)["skipped"] == "it would not go: ENOS_EVENTS is realtime"
    assert json.loads(skipped.stdout)["params"]
    text = '[members]\nidentity_name = "int"'
    parked = enos("preview", event_id, ENOS_MAPPING=mapping_file(tmp_path, text))
    assert isinstance(parked.exception, MappingError)
    assert str(parked.exception) == (
        "the event would be parked: member identity_name: field identity_name is no number"
    )
    assert parked.stdout == ""


def test_the_preview_has_a_link_to_each_picture(
    enos: EnosCommand, recorded: Callable[[NewEvent], str], tmp_path: Path
) -> None:
    new = new_event()
    event_id = recorded(new)
    settings = {"ENOS_MAPPING": mapping_file(tmp_path, 'pictures = "link"')}
    assert isinstance(enos("preview", event_id, **settings).exception, Se3Error)
    settings |= {"PICTURE_BASE_URL": "https://faces.example", "PICTURE_LINK_SECRET": "s" * 32}
    [element] = json.loads(enos("preview", event_id, **settings).stdout)["params"]
    values = element["events"]["HistoryEvent"]
    assert misfits(json.loads(enos("model", "--json", **settings).stdout), element) == []
    assert {use.field for use in new.pictures} == {"reg_pic", "spot_pic"}
    for use in new.pictures:
        assert values[use.field].startswith(f"https://faces.example/pictures/{use.picture.sha256.hex()}?")


def test_there_is_no_preview_of_an_event_that_is_not_there(enos: EnosCommand) -> None:
    result = enos("preview", "01890000-0000-7000-8000-000000000000")
    assert "there is no event 01890000" in str(result.exception)
