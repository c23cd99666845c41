"""se3 simulate enos, as a program."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from tests.simulators.logins import credentials, log_in
from tests.simulators.models import member, model
from tests.simulators.sender import SECONDS, TOPIC, Sender, element, payload
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.programs import Program, own_program


@contextmanager
def enos(folder: Path, *arguments: str | Path) -> Iterator[tuple[Program, str]]:
    """The program, once it serves, and where."""
    port = free_port()
    args = [own_program("se3"), "simulate", "enos", "--port", str(port), *arguments]
    with Program(args, folder / "enos.log") as program:
        program.wait_until(lambda: "Playing EnOS on" in program.output(), timeout=30)
        yield program, f"mqtt://127.0.0.1:{port}"


def ended(program: Program) -> list[str]:
    """Press Ctrl-C, and give what was printed."""
    assert program.stop(signal.SIGINT) == 0
    return program.output().splitlines()


def test_it_needs_no_broker_and_tells_what_it_refuses_and_counts(tmp_path: Path) -> None:
    pytest.importorskip("amqtt", reason="amqtt is not installed; pip install '.[demo]'")
    (tmp_path / "model.json").write_bytes(orjson.dumps(model(member("level", "INT"))))
    (tmp_path / "devices").write_text("device1\n\ndevice2\n")
    files = "--model", tmp_path / "model.json", "--devices", tmp_path / "devices"
    with enos(tmp_path, "--product", "key=secret", *files, "--time-scale", "0.000001") as (program, url):
        with Sender(url, login=credentials()) as sender:
            assert sender.ask(payload(params=[element(), element(deviceKey="device2")]))["code"] == 200
            assert sender.ask(payload(id="9", params=[element(deviceKey="device3")]))["code"] == 1257
            assert sender.ask(payload(id="10", params=[element(events={"x": {}})]))["code"] == 1204
        log_in(url, credentials(password="0" * 64))
        lines = ended(program)
    assert lines == [
        f"Playing EnOS on {url}; Ctrl-C ends.",
        "message 9 refused with 1257: params[0].deviceKey: no device device3 is registered",
        "message 10 refused with 1204: params[0].events.x is not in the model",
        "login refused: the password does not sign this client id with the product's secret",
        "2 events accepted; 2 of 3 messages refused.",
        "2 logins: 1 refused, 0 lock-outs, 0 pushed another out.",
        lines[-1],
    ]
    assert lines[-1].endswith(
        "0 messages beyond 1 MB a second, 0 beyond 512 KB, 0 from who had not subscribed."
    )


@pytest.mark.parametrize(
    ("option", "reply"),
    [
        (["--code", "500"], {"id": "7", "code": 500}),
        (["--restrict", "3600"], {"id": "7", "code": 1274}),
        (["--numeric-ids"], {"id": 7, "code": 200}),
        (["--late", "0.1"], {"id": "7", "code": 200}),
    ],
)
def test_its_answers_can_be_chosen(
    tmp_path: Path, mosquitto: Mosquitto, option: list[str], reply: dict[str, object]
) -> None:
    with enos(tmp_path, *option, mosquitto.url) as (_, url), Sender(url, login=credentials()) as sender:
        answer = sender.ask(payload(id="7"))
        assert {name: answer[name] for name in reply} == reply


@pytest.mark.parametrize("option", [["--silent"], ["--silence", "100"]])
def test_it_can_be_silent(tmp_path: Path, mosquitto: Mosquitto, option: list[str]) -> None:
    with enos(tmp_path, *option, mosquitto.url) as (program, url):
        with Sender(url, login=credentials()) as sender:
            sender.client.publish(TOPIC, payload(id="7"), qos=1).wait_for_publish(SECONDS)
        lines = ended(program)
    assert "1 events accepted; 0 of 1 messages refused." in lines
    assert ("message 7 came and was not answered" in lines) == ("--silent" in option)
    assert sender.replies.empty()


def test_it_can_drop_its_clients_again_and_again(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with (
        enos(tmp_path, "--restart-every", "0.5", mosquitto.url) as (program, url),
        Sender(url, login=credentials()) as sender,
    ):
        assert sender.ended.wait(SECONDS)
        assert "restarted" in ended(program)


def test_a_flood_of_refusals_prints_few_lines(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with enos(tmp_path, "--code", "500", mosquitto.url) as (program, url):
        with Sender(url, login=credentials()) as sender:
            for number in range(500):
                sender.send(payload(id=str(number)))
            for _ in range(500):
                sender.replies.get(timeout=SECONDS)
        lines = ended(program)
    assert "0 events accepted; 500 of 500 messages refused." in lines
    told = [line for line in lines if line.startswith("message ")]
    left_out = sum(int(line.split()[2]) for line in lines if line.startswith("... and "))
    assert len(told) + left_out == 500
    assert len(told) <= 100


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--product", "key"], "must look like KEY=SECRET"),
        (["--model", "no.json"], "does not exist"),
        (["--code", "10000"], "not in the range 0<=x<=9999"),
        (["--code", "-1"], "not in the range 0<=x<=9999"),
        (["--silent", "--code", "200"], "say --code or --silent, not both"),
        (["--model", __file__], "can't be used"),
    ],
)
def test_wrong_options_are_said(tmp_path: Path, arguments: list[str], reason: str) -> None:
    with Program([own_program("se3"), "simulate", "enos", *arguments], tmp_path / "log") as program:
        program.wait_until(lambda: program.exit_code is not None, timeout=30)
        assert program.exit_code != 0
        assert reason in program.output()
        assert "Traceback" not in program.output()
