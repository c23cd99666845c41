"""se3 person: all there is of one person is forgotten, handed over, or put on hold."""

from pathlib import Path

import click

from app.cli.asking import ask, yes_option
from app.cli.opening import at_the_terminal, local_time, open_store, show_table
from app.config import load_settings
from app.errors import Se3Error
from app.people.finding import Found, found_of
from app.people.forgetting import Forgotten
from app.people.forgetting import forget as forget_person
from app.people.handing_over import hand_over
from app.people.refused import not_looked_into
from app.people.spooled import count_spooled
from app.store.removal import holds

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
        found = found_of(database, settings, identity_id, count_spooled(settings, identity_id))
        _require_any(identity_id, found.events + found.bodies, found.unreadable)
        ask(f"{_in_words(found)} of {identity_id} will be removed for good", yes=yes)
        done = forget_person(database, settings, identity_id, at_the_terminal()) or Forgotten()
    click.echo(f"Removed {done.events} events, {done.pictures} pictures and {done.refused} refused bodies.")
    if done.unreadable:
        raise Se3Error(not_looked_into(done.unreadable))
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
    The audit log keeps the id and who did this.
    """
    settings = load_settings()
    with open_store() as database:
        found = found_of(database, settings, identity_id, count_spooled(settings, identity_id))
        _require_any(identity_id, found.events + found.bodies, found.unreadable)
        if not (found.held.events or found.refused):
            raise Se3Error(f"all there is of {identity_id} waits in the spool: try again once it is empty")
        hand_over(database, settings, identity_id, file, found, at_the_terminal())
    click.echo(f"{file}: {found.held.events} events, {file.stat().st_size / 1e6:,.1f} MB")
    if found.unreadable:
        raise Se3Error(not_looked_into(found.unreadable))


@person.command()
@_person
@_reason
def hold(identity_id: str, reason: str) -> None:
    """Keep the events of a person, whatever the retention says; forget refuses them.

    Refused bodies that name them are not kept longer than others.
    """
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


def _require_any(identity_id: str, number: int, unreadable: int) -> None:
    if not number:
        but = f"; {not_looked_into(unreadable)}" if unreadable else ""
        raise Se3Error(f"there is nothing of {identity_id}{but}")


def _in_words(found: Found) -> str:
    held = found.held
    spooled = f" and {found.spooled[0]} that wait in this machine's spool" if found.spooled[0] else ""
    return (
        f"{held.events} events, of which EnOS has not got {held.undelivered}, with as many outbox rows"
        f"{spooled},"
        f" {held.pictures - held.shared} pictures ({held.shared} more stay: others' events show them)"
        f" and {found.bodies} refused bodies"
    )
