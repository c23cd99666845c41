"""se3 enos check: does each channel work, and if not, what is wrong?"""

import math
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from uuid import UUID

import click

from app.cli.asking import ask, yes_option
from app.cli.enos_sample import Sample, made_up_sample, stored_sample
from app.cli.enos_trial import try_channel
from app.config import Settings, load_settings
from app.domain.forwarders import Forwarder
from app.enos.setup import Setup, load_setup
from app.errors import ChannelError, Se3Error, SettingsError, StoreUnavailable
from app.forwarder.pacing import MOST_CONNECTS, NOTED_SPACING_SECONDS, seconds_until_room
from app.store import channels
from app.store.database import Database
from app.store.schema import require_current


@dataclass(frozen=True, slots=True)
class Wish:
    """What to send, if anything: a made-up event of a device, this stored event, or the newest that fits."""

    send: bool
    event_id: UUID | None
    device_key: str | None


@click.command()
@click.option("--channel", help="Only this channel of the mapping file.")
@click.option("--send", is_flag=True, help="Also post one event, and explain EnOS's reply.")
@click.option(
    "--event", "event_id", type=click.UUID, help="With --send: this stored event, not the newest that fits."
)
@click.option("--device-key", help="With --send: a made-up event of this device, not a stored one.")
@yes_option
def check(channel: str | None, send: bool, event_id: UUID | None, device_key: str | None, yes: bool) -> None:
    """Connect with the site's credentials, subscribe, and say what is right or wrong.

    It takes a channel's one connection: a running forwarder is pushed out and comes back by itself.
    """
    if (event_id or device_key) and not send:
        raise click.UsageError("--event and --device-key say what to send: add --send")
    if event_id and device_key:
        raise click.UsageError("say --event or --device-key, not both")
    settings = load_settings()
    setup = load_setup(settings)
    names = _chosen(setup, channel)
    click.echo(f"ok    settings{' and mapping file' if settings.enos_mapping else ''}")
    with _store(settings) as database:
        checks = Checks(settings, setup, database, Wish(send, event_id, device_key), yes=yes)
        _raise_all([fault for name in names if (fault := checks.fault_of(name))])


def _chosen(setup: Setup, channel: str | None) -> list[str]:
    if not setup.channels:
        raise SettingsError("ENOS_BROKER_URL is not set; docs/how-to/connect-enos.md tells what EnOS needs")
    if channel and channel not in setup.channels:
        raise Se3Error(f"there is no channel {channel}; there are: {', '.join(setup.channels)}")
    return [channel] if channel else list(setup.channels)


@contextmanager
def _store(settings: Settings) -> Iterator[Database | None]:
    """The database; None where it can't be used: EnOS can be checked before there is one."""
    with closing(Database(settings.database_url)) as database:
        try:
            require_current(database)
        except StoreUnavailable as error:
            click.echo(f"note  earlier connects are not known, so wait half a minute between checks: {error}")
            yield None
        else:
            yield database


def _raise_all(faults: list[str]) -> None:
    if faults:
        raise ChannelError("\n".join(faults))


class Checks:
    """Checks channels, one at a time."""

    def __init__(
        self, settings: Settings, setup: Setup, database: Database | None, wish: Wish, *, yes: bool
    ) -> None:
        """`database`: None where it can't be used. `yes`: do not ask."""
        self._settings = settings
        self._setup = setup
        self._database = database
        self._wish = wish
        self._yes = yes

    def fault_of(self, channel: str) -> str:
        """Check a channel and print what is right; returns what is wrong with it, "" if nothing is.

        Raises:
            Se3Error: there is nothing to send, or nobody agreed.
        """
        sample = self._sample(channel) if self._wish.send else None
        try:
            self._agree(channel, sample)
            try_channel(self._setup.channels[channel], sample)
        except ChannelError as error:
            return f"channel {channel}: {error}" if len(self._setup.channels) > 1 else str(error)
        return ""

    def _sample(self, channel: str) -> Sample:
        if self._wish.device_key:
            return made_up_sample(self._settings, self._setup, self._wish.device_key)
        if self._database is None:
            raise Se3Error("no stored event can be read; name a device for a made-up one: --device-key KEY")
        return stored_sample(self._database, self._settings, self._setup, channel, self._wish.event_id)

    def _agree(self, channel: str, sample: Sample | None) -> None:
        """See that a connect does no harm, or that a person wants what it does; then note it for others."""
        holder = self._holder(channel)
        effects = []
        if holder:
            effects.append(
                f"pushes out the forwarder on {holder.host}, process {holder.pid}, which comes back"
            )
        if sample:
            click.echo(f"      {sample.payload.decode()}")
            effects.append(f"posts {sample.event} to EnOS, as one of device {sample.device_key}")
        if effects:
            ask(f"the check {' and '.join(effects)}", yes=self._yes)
        if self._database:
            with self._database.write() as connection:
                channels.note_connect(connection, channel)

    def _holder(self, channel: str) -> Forwarder | None:
        """The forwarder that holds the channel now, if one is known.

        Raises:
            ChannelError: a connect now, or the forwarder's own after it, might make EnOS lock it out.
        """
        if self._database is None:
            return None
        with self._database.read() as connection:
            holder = channels.holder_of(connection, channel)
            ages = channels.connect_ages(connection, channel)
        _await_room(ages, 2 if holder else 1)
        return holder


def _await_room(ages: list[float], connects: int) -> None:
    wait = seconds_until_room(ages, connects)
    if wait <= NOTED_SPACING_SECONDS:
        time.sleep(wait)
        return
    returning = ", and the forwarder needs one of them to come back" if connects > 1 else ""
    raise ChannelError(
        "a connect now might make EnOS lock the channel out for five minutes: it takes"
        f" {MOST_CONNECTS} in two minutes{returning}. Check again in {math.ceil(wait)} s"
    )
