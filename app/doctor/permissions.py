"""Whether other users of this machine can read what is secret, and whether this user can write."""

import os
import pwd
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from app.config import ROOT, Settings, secret_files
from app.doctor.findings import Finding, ok, wrong
from app.enos.setup import Setup
from app.store.database import Database

_SUBJECT = "permissions"
_OTHERS = stat.S_IRWXO
_COMPANIONS = ("-wal", "-shm", ".turn", ".drain")


def owner_fault(settings: Settings, database: Database) -> Finding | None:
    """What is wrong if SQLite's file or the spool is another user's: ours beside it would shut that out."""
    file = database.sqlite_file or settings.spool_path
    if not file.exists() or file.stat().st_uid == os.geteuid():
        return None
    owner = _name(file.stat().st_uid)
    named = f"DATABASE_URL=sqlite:///{file}" if database.sqlite_file else f"DATABASE_URL=… SPOOL_PATH={file}"
    return wrong(
        _SUBJECT,
        f"{file} belongs to {owner}, and this runs as {_name(os.geteuid())}: nothing more was looked at",
        f"Run it as {owner}: sudo -u {owner} env {named} .venv/bin/se3 doctor",
    )


def of_files(settings: Settings, setup: Setup | None, database: Database) -> Iterator[Finding]:
    """Files with secrets; SQLite's with their folder, which beside PostgreSQL are the spool's."""
    secret = {ROOT / ".env", *secret_files(), *_of_channels(settings, setup)}
    found = [*_open_to_others(secret), *_of_database(database.sqlite_file or settings.spool_path)]
    yield from found or [ok(_SUBJECT, "no other user can read the database's files, or those with secrets")]


def _open_to_others(files: set[Path]) -> Iterator[Finding]:
    for file in sorted(files):
        if file.is_file() and file.stat().st_mode & _OTHERS:
            yield wrong(
                _SUBJECT,
                f"every user of this machine can read {file}, which may hold a secret",
                f"chmod o-rwx {file}",
                partial(_close, file),
            )


def _of_database(file: Path) -> Iterator[Finding]:
    yield from _of_companions(file)
    folder = file.parent
    if not folder.is_dir():
        return
    mode = folder.stat().st_mode
    if not os.access(folder, os.W_OK):
        yield wrong(_SUBJECT, f"{folder} can't be written to", f"Give it to {_name(os.geteuid())}: chown")
    if mode & (stat.S_IWOTH | stat.S_IWGRP):
        is_ours = folder.stat().st_uid == os.geteuid() and not mode & stat.S_ISVTX
        yield wrong(
            _SUBJECT,
            f"others may write to {folder}, and so put another file in the database's place",
            f"Move the database to a folder of its own, or chmod go-w {folder}",
            (lambda: _keep_out(folder)) if is_ours else None,
        )
    if mode & stat.S_IXOTH:  # else nobody gets as far as the files
        yield from _open_to_others(set(folder.glob(f"{file.name}*")))


def _of_companions(file: Path) -> Iterator[Finding]:
    """Files beside SQLite's that another user's command has made, root's for instance."""
    for other in (file.with_name(file.name + end) for end in _COMPANIONS):
        if file.exists() and other.exists() and (uid := other.stat().st_uid) != file.stat().st_uid:
            yield wrong(
                _SUBJECT,
                f"{other} belongs to {_name(uid)}, and {file.name} to {_name(file.stat().st_uid)}",
                f"As root: chown --reference={file} {other}",
            )


def _of_channels(settings: Settings, setup: Setup | None) -> Iterator[Path]:
    """The files that the mapping file names, and itself if it holds a secret."""
    for entry in setup.mapping.channels if setup else ():
        named = (entry.product_secret_file, entry.password_file, entry.tls_key)
        yield from (file for file in named if file)
        if settings.enos_mapping and (entry.product_secret or entry.password):
            yield settings.enos_mapping


def _close(file: Path) -> str:
    file.chmod(stat.S_IMODE(file.stat().st_mode) & ~_OTHERS)
    return f"{file} is closed to other users"


def _keep_out(folder: Path) -> str:
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) & ~(stat.S_IWOTH | stat.S_IWGRP))
    return f"nobody else may write to {folder}"


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
