"""se3 person: all there is of one person is forgotten, handed over, or put on hold."""

from pathlib import Path

import click

from app.cli.asking import ask, yes_option
from app.cli.opening import at_the_terminal, local_time, open_store, show_table
from app.config import load_settings
from app.errors import Se3Error
from app.people.forgetting import Forgotten
from app.people.forgetting import forget as forget_person
from app.people.handing_over import hand_over
from app.people.refused import refused_bodies_of
from app.store.removal import holds
from app.store.removal.people import Holding, held_of

_reason = click.option("--reason", required=True, help="Why, for those who look later.")


def _somebody(_context: click.Context, _parameter: click.Parameter, identity_id: str) -> str:
    if not identity_id:
        raise click.BadParameter("no id is the id of many, and of nobody")
    return identity_id


_person = click.argument("identity_id", metavar="ID", callback=_somebody)


@click.group()
def person() -> None:
    """Forget a person, hand over all there is of them, or put them on hold.

    ID is the identity_id that the boxes send, of somebody they know or of a stranger.
    """


@person.command()
@_person
@yes_option
def forget(identity_id: str, yes: bool) -> None:
    """Remove all there is of a person, for good.

    Events with their deliveries, pictures that no other person's event shows, and refused bodies that name
    them. Backups keep what they hold, and EnOS what it got. The audit log keeps the id and who did this.
    """
    settings = load_settings()
    with open_store() as database:
        with database.read() as connection:
            holds.require_none(connection, identity_id)
            found = held_of(connection, identity_id)
        refused = sum(1 for _ in refused_bodies_of(database, identity_id, settings.max_body_bytes))
        if not found.events and not refused:
            raise Se3Error(f"there is nothing of {identity_id}")
        ask(f"{_in_words(found, refused)} of {identity_id} will be removed for good", yes=yes)
        done = forget_person(database, settings, identity_id, at_the_terminal()) or Forgotten()
    click.echo(f"Removed {done.events} events, {done.pictures} pictures and {done.refused} refused bodies.")
    if done.unread:
        raise Se3Error(
            f"{done.unread} requests in {settings.spool_path} can't be read and stay; they may be theirs."
            " The receiver's log says why: spool_row_left. Once they are moved, forget again"
        )


@person.command()
@_person
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(identity_id: str, file: Path) -> None:
    """Write all there is of a person into a new FILE, a ZIP.

    Every event as it was sent, as a line of JSON, and as one of CSV; each picture as a file; the refused
    bodies that name them. Keep it as secret as the database: it shows a face.
    """
    settings = load_settings()
    with open_store() as database:
        with database.read() as connection:
            events = held_of(connection, identity_id).events
        hand_over(database, settings, identity_id, file)
    click.echo(f"{file}: {events} events, {file.stat().st_size / 1e6:,.1f} MB")


@person.command()
@_person
@_reason
def hold(identity_id: str, reason: str) -> None:
    """Keep all there is of a person, whatever the retention says; forget refuses them."""
    with open_store() as database, database.write() as connection:
        holds.hold(connection, identity_id, reason, at_the_terminal())


@person.command()
@_person
@_reason
def release(identity_id: str, reason: str) -> None:
    """End a person's hold."""
    with open_store() as database, database.write() as connection:
        holds.release(connection, identity_id, reason, at_the_terminal())


@person.command("holds")
def list_holds() -> None:
    """List who is on hold."""
    with open_store() as database, database.read() as connection:
        found = holds.listed(connection)
    rows = [[one.identity_id, local_time(one.since), one.user_name, one.reason] for one in found]
    show_table("people on hold", ["id", "since", "by", "reason"], rows)


def _in_words(found: Holding, refused: int) -> str:
    return (
        f"{found.events} events, of which EnOS has not got {found.undelivered}, with as many outbox rows,"
        f" {found.pictures - found.shared} pictures ({found.shared} more stay: others' events show them)"
        f" and {refused} refused bodies"
    )
