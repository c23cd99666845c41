"""se3 enos check: does each channel work, and if not, what is wrong?"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from uuid import UUID

import click

from app.cli.asking import ask, yes_option
from app.cli.enos_sample import Sample, channel_of_made_up, made_up_sample, stored_sample
from app.cli.enos_trial import try_channel
from app.config import Settings, load_settings
from app.domain.forwarders import CONNECTED, Forwarder
from app.enos.setup import Setup, load_setup
from app.errors import ChannelError, Se3Error, SettingsError, StoreUnavailable
from app.forwarder.room import note_connect, present_holder
from app.store.database import Database
from app.store.schema import require_current

_SHORTEST_KEY, _LONGEST_KEY = 4, 64  # characters (EnOS protocol, section 4)


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
    if (event_id or device_key is not None) and not send:
        raise click.UsageError("--event and --device-key say what to send: add --send")
    if event_id and device_key is not None:
        raise click.UsageError("say --event or --device-key, not both")
    if device_key is not None and not _SHORTEST_KEY <= len(device_key) <= _LONGEST_KEY:
        raise click.UsageError(f"--device-key must have {_SHORTEST_KEY} to {_LONGEST_KEY} characters")
    settings = load_settings()
    setup = load_setup(settings)
    names = _chosen(setup, channel)
    if device_key is not None:
        names = [_taking(settings, setup, device_key, names)]
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


def _taking(settings: Settings, setup: Setup, device_key: str, names: list[str]) -> str:
    """The one of these channels that takes a made-up event of this device: the others must not get it."""
    taking = channel_of_made_up(settings, setup, device_key)
    if taking is None:
        raise Se3Error(
            f"no channel of the mapping file takes a made-up event of device {device_key};"
            " name a stored event that goes: --event ID"
        )
    if taking not in names:
        raise Se3Error(f"a made-up event of device {device_key} goes by channel {taking}")
    return taking


@contextmanager
def _store(settings: Settings) -> Iterator[Database | None]:
    """The database; None where it can't be used: EnOS can be checked before there is one."""
    with closing(Database.of(settings)) as database:
        try:
            require_current(database)
        except StoreUnavailable as error:
            click.echo(f"note  earlier connects are not known, so wait 40 seconds between checks: {error}")
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

        Where there is nothing to send, that is what is wrong.

        Raises:
            Se3Error: nobody agreed.
            StoreUnavailable: the database can't be used any more.
        """
        several = len(self._setup.channels) > 1
        try:
            sample = self._sample(channel) if self._wish.send else None
        except StoreUnavailable:
            raise
        except Se3Error as error:
            return f"channel {channel}: {error}" if several else str(error)
        try:
            self._agree(channel, sample)
            try_channel(self._setup.channels[channel], sample, f"{channel}: " if several else "")
        except ChannelError as error:
            return f"channel {channel}: {error}" if several else str(error)
        return ""

    def _sample(self, channel: str) -> Sample:
        if self._wish.device_key is not None:
            return made_up_sample(self._settings, self._setup, self._wish.device_key)
        if self._database is None:
            raise Se3Error("no stored event can be read; name a device for a made-up one: --device-key KEY")
        return stored_sample(self._database, self._settings, self._setup, channel, self._wish.event_id)

    def _agree(self, channel: str, sample: Sample | None) -> None:
        """See that a connect does no harm, or that a person wants what it does; then note it for others."""
        holder = present_holder(self._database, channel) if self._database else None
        effects = _effects(holder, sample)
        if effects:
            ask(f"the check {' and '.join(effects)}", yes=self._yes)
        if self._database:
            note_connect(self._database, channel)


def _effects(holder: Forwarder | None, sample: Sample | None) -> list[str]:
    """What a check does to others, in words; prints what it would post, and what may disturb it."""
    effects = []
    if holder and holder.state in CONNECTED:
        effects.append(f"pushes out the forwarder on {holder.host}, process {holder.pid}, which comes back")
    elif holder:
        click.echo(
            f"note  the forwarder on {holder.host}, process {holder.pid} is {holder.state}:"
            " should it connect meanwhile, it pushes the check out"
        )
    if sample:
        click.echo(f"      {sample.payload.decode()}")
        effects.append(f"posts {sample.event} to EnOS, as one of device {sample.device_key}")
    return effects
