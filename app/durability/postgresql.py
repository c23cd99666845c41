"""A PostgreSQL server of the scratch instance's own, from the programs that are installed."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

from app.errors import Se3Error, StoreUnavailable
from app.store.database import Database

_INSTALLED = "/usr/lib/postgresql"  # where Debian has them, by version, off the PATH


class OwnPostgreSQL:
    """Its files, its address and the command that runs it."""

    def __init__(self, folder: Path, port: int) -> None:
        """Make a cluster in `folder`, which is empty.

        Raises:
            Se3Error: PostgreSQL's programs are not there, or could not make it.
        """
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        self.options = _another_user(folder)
        programs = _programs()
        arguments = [
            str(programs / "initdb"),
            "-D",
            str(folder / "data"),
            "--username=postgres",
            "--auth=trust",
        ]
        arguments += ["--encoding=UTF8", "--no-locale"]
        made = subprocess.run(  # noqa: S603 - found by us
            arguments, cwd=folder, capture_output=True, text=True, check=False, **self.options
        )
        if made.returncode:
            raise Se3Error(f"initdb could not make a PostgreSQL cluster: {made.stderr.strip()}")
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder}
        self.command = [str(programs / "postgres"), "-D", str(folder / "data")]
        self.command += [f"--{name}={value}" for name, value in settings.items()]

    def is_ready(self) -> bool:
        """Whether it takes connections."""
        database = Database(self.url)
        try:
            with database.read():
                return True
        except StoreUnavailable:
            return False
        finally:
            database.close()


def _programs() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent  # a link on the PATH may stand there alone
    folders = [folder for folder in Path(_INSTALLED).glob("*/bin") if (folder / "initdb").exists()]
    if not folders:
        raise Se3Error(
            "PostgreSQL's programs are not installed here; on Debian: sudo apt-get install postgresql"
        )
    return max(folders, key=lambda folder: float(folder.parent.name))


def _another_user(folder: Path) -> dict[str, Any]:
    """How subprocess starts it: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    users = {user.pw_name: user for user in pwd.getpwall()}
    user = users.get("postgres") or users["nobody"]
    shutil.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
