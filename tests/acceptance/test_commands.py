"""The se3 command where it needs no running product."""

import json
import re
import signal
from pathlib import Path

import click
import pytest

from app.cli.main import se3
from app.config import ROOT, Settings
from app.factory import create_receiver
from tests.support.mosquitto import Mosquitto
from tests.support.payloads import payload
from tests.support.ports import free_port
from tests.support.programs import Program, own_program


def run_se3(tmp_path: Path, *arguments: str, **settings: str) -> tuple[int | None, str]:
    """Run to the end; returns exit code and all that was printed."""
    with Program([own_program("se3"), *arguments], tmp_path / "out.log", env=settings) as program:
        program.wait_until(lambda: program.exit_code is not None, timeout=60)
        return program.exit_code, program.output()


def commands_of(group: click.Group) -> dict[str, click.Command]:
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def all_commands(group: click.Group, name: str = "se3") -> list[str]:
    names = []
    for command_name, command in commands_of(group).items():
        full = f"{name} {command_name}"
        names += all_commands(command, full) if isinstance(command, click.Group) else [full]
    return names


@pytest.mark.parametrize("name", all_commands(se3))
def test_every_command_has_help_and_a_place_in_the_reference(name: str) -> None:
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    assert f"`{name}" in page
    command: click.Command = se3
    for part in name.split()[1:]:
        assert isinstance(command, click.Group)
        command = commands_of(command)[part]
    assert command.help
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_no_command_is_documented_that_does_not_exist() -> None:
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    documented = {match.group(1) for match in re.finditer(r"^### `(se3 [a-z ]+[a-z])", page, re.MULTILINE)}
    assert documented == set(all_commands(se3))


def test_wrong_settings_stop_the_start_with_one_message(tmp_path: Path) -> None:
    code, output = run_se3(tmp_path, "run", MAX_BODY_MB="x", ENOS_QOS="3")
    assert code == 1
    assert "MAX_BODY_MB must be" in output
    assert "ENOS_QOS must be" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("command", [("run",), ("forward",), ("enos", "check")])
def test_a_channel_without_its_secret_stops_what_would_connect(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/se3.db",
        "RECEIVER_BIND": f"127.0.0.1:{free_port()}",
        "ENOS_MAPPING": str(tmp_path / "mapping.toml"),
    }
    (tmp_path / "mapping.toml").write_text(
        '[channels.gates]\nbroker_url = "mqtt://127.0.0.1:9"\nproduct_key = "pk"\n'
        f'product_secret_file = "{tmp_path}/gone"\n'
    )
    run_se3(tmp_path, "migrate", **settings)
    code, output = run_se3(tmp_path, *command, **settings)
    assert code == 1
    assert f"channels.gates.product_secret_file: the secret file {tmp_path}/gone can't be read" in output
    assert "Traceback" not in output


def test_a_port_in_use_is_an_error_not_a_loop(tmp_path: Path, mosquitto: Mosquitto) -> None:
    settings = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/se3.db",
        "RECEIVER_BIND": f"127.0.0.1:{mosquitto.port}",
    }
    code, output = run_se3(tmp_path, "run", **settings)
    assert code == 1
    assert "the receiver ended with status" in output


def test_migrate_says_what_it_reached_and_status_needs_it(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/new/se3.db"}
    code, output = run_se3(tmp_path, "status", **settings)
    assert code == 1
    assert "se3 migrate" in output
    assert run_se3(tmp_path, "migrate", **settings)[0] == 0
    assert json.loads(run_se3(tmp_path, "status", "--json", **settings)[1])["events"] == 0


def test_without_enos_the_forwarder_waits_and_says_so_once(tmp_path: Path, sqlite_url: str) -> None:
    with Program(
        [own_program("se3"), "forward"], tmp_path / "out.log", env={"DATABASE_URL": sqlite_url}
    ) as program:
        program.wait_for_output("forwarder_idle")
        assert program.stop() == 0
        assert program.output().count("ENOS_BROKER_URL is not set") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_stops_all_it_started(tmp_path: Path, sqlite_url: str, number: signal.Signals) -> None:
    settings = {"DATABASE_URL": sqlite_url, "RECEIVER_BIND": f"127.0.0.1:{free_port()}"}
    with Program([own_program("se3"), "run"], tmp_path / "out.log", env=settings) as program:
        program.wait_for_output("forwarder_idle")
        program.wait_for_output("Listening at")
        assert "/HistoryEvent" in program.output()
        children = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
        assert program.stop(number, timeout=30) == 0
    assert len(children) == 3  # receiver, forwarder, console
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_enos_check_says_what_is_right_and_what_is_wrong(tmp_path: Path, mosquitto: Mosquitto) -> None:
    settings = {"ENOS_BROKER_URL": mosquitto.url, "ENOS_PRODUCT_KEY": "pk", "ENOS_PRODUCT_SECRET": "s"}
    code, output = run_se3(tmp_path, "enos", "check", **settings)
    assert code == 0
    assert "subscribed to sys/pk/integration/event/post_reply" in output
    mosquitto.stop()
    code, output = run_se3(tmp_path, "enos", "check", **settings)
    assert code == 1
    assert "can't reach 127.0.0.1" in output


def test_a_simulated_box_reports_what_the_receiver_said(tmp_path: Path) -> None:
    code, output = run_se3(tmp_path, "simulate", "box", f"http://127.0.0.1:{free_port()}", "--count", "2")
    assert code == 1
    assert "0 of 2 accepted" in output


def demo_ended_well(output: str) -> None:
    """All that was stored was delivered, and the last line says that and that nothing is left."""
    last = output.strip().splitlines()[-1]
    numbers = re.fullmatch(
        r"Ended: (\d+) accepted, (\d+) stored with \d+ pictures, 0 waiting, (\d+) delivered to EnOS\."
        r" All of it was deleted\.",
        last,
    )
    assert numbers, output
    assert numbers[2] == numbers[3]
    assert int(numbers[1]) > 0  # a box may have given up on one that was stored


def test_the_demo_delivers_what_it_stores(tmp_path: Path) -> None:
    code, output = run_se3(tmp_path, "demo", "--seconds", "15")
    assert code == 0
    demo_ended_well(output)


def test_the_demo_counts_from_when_the_receiver_is_ready_until_ctrl_c(tmp_path: Path) -> None:
    with Program([own_program("se3"), "demo"], tmp_path / "out.log") as program:
        program.wait_for_output("[1-9][0-9]* delivered", timeout=60)
        assert program.stop(signal.SIGINT, timeout=40) == 0
        output = program.output()
    demo_ended_well(output)
    assert output.count("0 accepted, 0 stored") <= 1


def test_refused_bodies_are_admitted_and_discarded_by_command(tmp_path: Path, sqlite_url: str) -> None:
    settings = {"DATABASE_URL": sqlite_url}
    body = payload("history-contract")
    wrong = {name: value for name, value in body.items() if name != "group_name"}
    receiver = create_receiver(Settings(database_url=sqlite_url)).test_client()
    wrong_id, broken_id, hopeless_id = (
        json.loads(receiver.post("/HistoryEvent", data=data).data)["quarantine"]
        for data in (json.dumps(wrong).encode(), b"{", b"{}")
    )
    receiver.application.extensions["writer"].close()
    receiver.application.extensions["database"].close()
    corrected = tmp_path / "corrected.json"
    corrected.write_text(json.dumps(body), encoding="utf-8")
    code, output = run_se3(tmp_path, "quarantine", "admit", broken_id, "--body", str(corrected), **settings)
    assert (code, "1 admitted, 0 still refused" in output) == (0, True)
    code, output = run_se3(tmp_path, "quarantine", "admit", "--all", **settings)
    assert code == 1
    assert "0 admitted, 2 still refused" in output
    assert f"{wrong_id}  group_name is missing" in output
    code, output = run_se3(tmp_path, "quarantine", "admit", "--all", VALIDATION="lenient", **settings)
    assert "1 admitted, 1 still refused" in output
    assert run_se3(tmp_path, "quarantine", "admit", hopeless_id, "--kind", "history", **settings)[0] == 1
    assert run_se3(tmp_path, "quarantine", "discard", "--all", "--status", "422", **settings)[0] == 0
    assert run_se3(tmp_path, "quarantine", "discard", hopeless_id, **settings)[0] == 1
    code, output = run_se3(tmp_path, "status", "--json", **settings)
    found = json.loads(output)
    assert (found["events"], found["quarantine"], found["warnings"]) == (2, 0, 2)
    warnings = run_se3(tmp_path, "events", "warnings", **settings)[1]
    assert "field_missing" in warnings
    assert "corrected" in warnings  # what a person changed stays on record
