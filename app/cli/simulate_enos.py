"""se3 simulate enos: EnOS's side, strict, with faults on demand."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import click

from app.cli.notices import Notices
from app.cli.processes import stop_on_signals
from app.simulators.broker import EmbeddedBroker
from app.simulators.enos.checks import ACCEPTED, Verdict
from app.simulators.enos.front.rules import Rules
from app.simulators.enos.model import load_model
from app.simulators.enos.strict_hub import StrictHub

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SECONDS = click.FloatRange(0, min_open=True)


def _products(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if not all(key and secret for key, _, secret in pairs):
        raise click.BadParameter("must look like KEY=SECRET")
    return {key: secret for key, _, secret in pairs}


def _devices(
    _context: click.Context, _parameter: click.Parameter, path: Path | None
) -> frozenset[str] | None:
    if path is None:
        return None
    try:
        return frozenset(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("broker_url", required=False)
@click.option("--bind", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Where to serve.")
@click.option(
    "--port", default=11883, show_default=True, type=click.IntRange(1, 65535), help="Port to serve on."
)
@click.option(
    "--product",
    "products",
    metavar="KEY=SECRET",
    multiple=True,
    callback=_products,
    help="A product that may log in; may be repeated. Without any, each may, whatever its secret.",
)
@click.option("--model", "model_path", type=_FILE, help="Thing model as JSON that values must fit.")
@click.option("--devices", type=_FILE, callback=_devices, help="File of registered device keys, one a line.")
@click.option(
    "--code",
    type=click.IntRange(0, 9999),
    show_default=str(ACCEPTED),
    help="Answer every message with this code.",
)
@click.option("--silent", is_flag=True, help="Answer nothing.")
@click.option(
    "--silence",
    metavar="PERCENT",
    default=0.0,
    type=click.FloatRange(0, 100),
    help="Accept this share of messages, by chance, without an answer.",
)
@click.option(
    "--late", metavar="SECONDS", default=0.0, type=click.FloatRange(0), help="Answer so much later."
)
@click.option("--numeric-ids", is_flag=True, help="Give ids back as JSON numbers.")
@click.option(
    "--restrict",
    metavar="SECONDS",
    default=0.0,
    type=click.FloatRange(0),
    help="Answer all with 1274, flow restricted, for so long from the start.",
)
@click.option(
    "--restart-every", metavar="SECONDS", type=_SECONDS, help="Drop all connections again and again."
)
@click.option(
    "--time-scale",
    default=1.0,
    show_default=True,
    type=_SECONDS,
    help="Multiplies the periods of the limit on connects.",
)
def enos(
    broker_url: str | None,
    bind: str,
    port: int,
    products: dict[str, str],
    model_path: Path | None,
    devices: frozenset[str] | None,
    code: int | None,
    silent: bool,
    silence: float,
    late: float,
    numeric_ids: bool,
    restrict: float,
    restart_every: float | None,
    time_scale: float,
) -> None:
    """Play EnOS until Ctrl-C, and hold clients to what it demands.

    The MQTT broker behind is one of its own, or the one at BROKER_URL.
    """
    if silent and code is not None:
        raise click.UsageError("say --code or --silent, not both: what is silent answers no code")
    stop = stop_on_signals()
    rules = Rules(products, load_model(model_path) if model_path else None, devices, time_scale)
    with _broker(broker_url) as url, closing(Notices()) as notices:
        hub = StrictHub(
            url, rules, address=(bind, port), on_message=_tell_to(notices, silent), on_notice=notices.print
        )
        hub.code, hub.silent, hub.silence_share = ACCEPTED if code is None else code, silent, silence / 100
        hub.late_seconds, hub.numeric_ids = late, numeric_ids
        hub.restrict(restrict)
        with hub:
            _run(hub, stop, restart_every)
    click.echo(_summary(hub))


@contextmanager
def _broker(url: str | None) -> Iterator[str]:
    if url:
        yield url
        return
    with EmbeddedBroker() as broker:
        yield broker.url


def _tell_to(notices: Notices, silent: bool) -> Callable[[str, Verdict], None]:
    def tell(_topic: str, verdict: Verdict) -> None:
        if silent:
            notices.print(f"message {verdict.id} came and was not answered")
        elif verdict.code != ACCEPTED:
            notices.print(f"message {verdict.id} refused with {verdict.code}: {verdict.reason}")

    return tell


def _run(hub: StrictHub, stop: threading.Event, restart_every: float | None) -> None:
    click.echo(f"Playing EnOS on {hub.url}; Ctrl-C ends.", err=True)
    while not stop.wait(restart_every):
        hub.restart()
        click.echo("restarted", err=True)


def _summary(hub: StrictHub) -> str:
    found = hub.counters
    return (
        f"{hub.events} events accepted; {hub.refused} of {hub.messages} messages refused.\n"
        f"{found.connects} logins: {found.refused_logins} refused, {found.lockouts} lock-outs,"
        f" {found.pushed_out} pushed another out.\n"
        f"At most {found.most_bytes_in_a_second} bytes in a second: {found.over_rate} messages beyond 1 MB a"
        f" second, {found.oversize} beyond 512 KB, {found.unheard} from who had not subscribed."
    )
