"""What deploy/docker holds, as far as it can be tried without Docker: its files, and how its program runs."""

import json
import os
import re
import shutil
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import urllib3
import yaml

from app.config import ROOT, variables
from app.simulators.encodings import encode
from tests.support.payloads import payload
from tests.support.ports import free_port
from tests.support.programs import Program
from tests.support.waiting import wait_until

FOLDER = ROOT / "deploy" / "docker"
USER = "9528"  # the image's
SETTINGS = {field.name.upper() for field in variables()}
OTHERS = {
    "POSTGRES_USER",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "POSTGRES_INITDB_ARGS",
    "PYTHONDONTWRITEBYTECODE",
}
AS_IN_A_CONTAINER = """
    mount --bind / / && mount --bind "$DATA" "$DATA" && mount --bind "$TMPDIR" "$TMPDIR" &&
    mount --bind "$BASE" "$PYTHONHOME" && mount --bind "$PACKAGES" "$PLACE_OF_PACKAGES" &&
    mount -o remount,bind,ro / && cd "$TREE" &&
    exec setpriv --reuid "$AS" --regid "$AS" --clear-groups --bounding-set=-all --no-new-privs "$@"
"""


def instructions() -> list[tuple[str, str]]:
    """Each of the Dockerfile, with what follows it."""
    text = re.sub(r"^#.*\n", "", (FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines if line)]


def said(instruction: str) -> list[str]:
    return [rest for word, rest in instructions() if word == instruction]


def environment() -> dict[str, str]:
    [text] = said("ENV")
    return dict(re.findall(r"(\w+)=(\S+)", text))


def copied() -> list[str]:
    return [name for rest in said("COPY") if "--from" not in rest for name in rest.split()[:-1]]


def compose() -> Any:
    return yaml.safe_load((FOLDER / "compose.yaml").read_text())


def test_every_variable_is_a_setting() -> None:
    named = set(environment())
    for service in compose()["services"].values():
        named |= set(service.get("environment", {}))
    assert {name.removesuffix("_FILE") for name in named} <= SETTINGS | OTHERS


def test_what_the_image_is_built_from_is_there_and_reaches_whoever_builds_it() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied()
    for name in copied():
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    assert not {"!.env", "!var"} & set(ignored)


def test_the_image_runs_as_nobody_else_and_holds_no_tools_to_build() -> None:
    assert [rest.split()[0] for rest in said("FROM")] == ["python:3.11.14-slim-bookworm"] * 2
    assert said("USER") == ["se3"]
    assert f"--uid {USER} " in " ".join(said("RUN"))
    assert "uninstall --yes setuptools pip" in " ".join(said("RUN"))


def test_services_can_write_nowhere_and_gain_nothing() -> None:
    file = compose()
    for name in ("se3", "enos"):
        service = file["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
    for service in file["services"].values():
        assert "no-new-privileges:true" in service.get("security_opt", []) or "profiles" in service
        assert set(service.get("secrets", [])) <= set(file["secrets"])
    assert "127.0.0.1:9529:9529" in file["services"]["se3"]["ports"]


def test_what_runs_is_pinned_as_what_was_tested() -> None:
    pin = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)
    tested = dict(pin.findall((ROOT / "requirements.lock").read_text()))
    run = dict(pin.findall((ROOT / "requirements-run.lock").read_text()))
    assert run.items() <= tested.items(), "renew it: make lock"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {re.split(r"[\[>]", name)[0] for name in project["dependencies"]}
    assert needed <= run.keys(), "renew it: make lock"
    assert not {"pytest", "mypy", "playwright"} & run.keys()


class Container:
    """The image's program, in a tree that nobody can write to, as the image's user, without rights."""

    def __init__(self, folder: Path) -> None:
        """`folder`: others may come through it."""
        self.tree, self._log = folder / "opt", folder / "log"
        places = {
            name: folder / name.lower() for name in ("DATA", "TMPDIR", "PYTHONHOME", "PLACE_OF_PACKAGES")
        }
        for place in places.values():
            place.mkdir()
            os.chown(place, int(USER), int(USER))
        _make(self.tree, places["PYTHONHOME"])
        self.port = free_port()
        settings = {
            name: value.replace("/var/lib/se3", str(places["DATA"])).replace(":9528", f":{self.port}")
            for name, value in environment().items()
        }
        own = {
            "CONSOLE_BIND": f"127.0.0.1:{free_port()}",
            "DISK_FLOOR_MB": "0",
            "TREE": str(self.tree),
            "AS": USER,
            "BASE": sys.base_prefix,  # which others may not come to, where it is in root's home
            "LD_LIBRARY_PATH": f"{places['PYTHONHOME']}/lib",
            "PACKAGES": sysconfig.get_path("purelib"),
            "PYTHONPATH": f"{self.tree}:{places['PLACE_OF_PACKAGES']}",
        }
        self._environment = settings | {name: str(place) for name, place in places.items()} | own

    def run(self, *command: str) -> Program:
        """Start a command in it."""
        wrapper = ["unshare", "--mount", "--propagation", "private", "sh", "-c", AS_IN_A_CONTAINER, "sh"]
        return Program([*wrapper, *command], self._log, env=self._environment)


def _make(tree: Path, python_home: Path) -> None:
    """What the image has in /opt/se3, but for Python's packages."""
    for name in copied():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    programs = tree / ".venv" / "bin"
    programs.mkdir(parents=True)
    python = python_home / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    (programs / "python").symlink_to(python)
    (programs / "se3").write_text(f"#!{python}\nfrom app.cli.main import main\n\nmain()\n")
    (programs / "se3").chmod(0o755)


@pytest.fixture
def container() -> Iterator[Container]:
    if os.geteuid() != 0:
        pytest.skip("only root can become the image's user and lock the tree")
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        container = Container(Path(folder))
        probe = container.run(".venv/bin/python", "-c", "import flask")
        wait_until(lambda: probe.exit_code is not None)
        if probe.exit_code:
            pytest.skip(f"no such namespaces here, or no Python for others: {probe.output()}")
        yield container


def answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def test_its_command_takes_events_in_a_locked_tree_and_its_health_check_agrees(container: Container) -> None:
    [entry], [command], [check] = said("ENTRYPOINT"), said("CMD"), said("HEALTHCHECK")
    health = json.loads(check[check.index("[") :].replace("9528", str(container.port)))
    with container.run(*health) as before:
        wait_until(lambda: before.exit_code is not None)
        assert before.exit_code == 1
    with container.run(*json.loads(entry), *json.loads(command)) as program:
        url = f"http://127.0.0.1:{container.port}"
        program.wait_until(lambda: answers(f"{url}/readyz"), timeout=30)
        body, headers = encode(payload("history-contract"), "json")
        assert urllib3.request("POST", f"{url}/HistoryEvent", body=body, headers=headers).status == 200
        assert re.search(
            rf"^Uid:\s+{USER}\s+{USER}", Path(f"/proc/{program.pid}/status").read_text(), re.MULTILINE
        )
        with container.run(*health) as after, container.run("touch", "app/changed") as change:
            wait_until(lambda: None not in (after.exit_code, change.exit_code))
            assert (after.exit_code, change.exit_code) == (0, 1)
        assert program.stop(timeout=40) == 0
