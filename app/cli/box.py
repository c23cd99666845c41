"""se3 box: look at and set where a box sends its reports, without its web UI."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import click

from app import jsontext
from app.boxes.reports import REPORTS, Report, ReportSettings, Wish
from app.boxes.settings import BoxSettings
from app.errors import BoxError, Se3Error

_host = click.option(
    "--host", required=True, metavar="HOST[:PORT]", help="The box; its API's port is 5555 if not given."
)


@click.group()
def box() -> None:
    """Look at and set where a box sends its reports; se3 boxes shows what they report."""


@box.command()
@_host
@click.option("--receiver", required=True, metavar="URL", help="The receiver, as http://192.168.1.10:9528.")
@click.option(
    "--content-type",
    type=click.Choice(["json", "form-data"]),
    help="How events are encoded; status reports are always JSON.",
)
@click.option(
    "--period",
    type=click.IntRange(1, 20),
    help="Seconds between rounds of history events, and between status reports.",
)
@click.option(
    "--library-photos/--without-library-photos",
    default=None,
    help="Whether events come with the person's photo from the library.",
)
@click.option("--only", is_flag=True, help="Remove all other addresses that the box has.")
def configure(
    host: str,
    receiver: str,
    content_type: str | None,
    period: int | None,
    library_photos: bool | None,
    only: bool,
) -> None:
    """Have a box send its reports to a receiver, and read back whether it took that.

    What no option names stays as it is; addresses that the box has already stay, unless --only is given.
    """
    receiver_address = _receiver(receiver)
    wish = Wish(content_type, period, library_photos, only)
    with _open_box(host) as api:
        done = [_configure(api, report, wish, _address(receiver_address, report)) for report in REPORTS]
    if not all(done):
        raise BoxError("the box has room for one address only where it says kept; --only replaces that")


@box.command()
@_host
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for scripts.")
def show(host: str, as_json: bool) -> None:
    """Show where a box sends its reports, and how."""
    with _open_box(host) as api:
        found = {report: api.read(report) for report in REPORTS}
    if as_json:
        click.echo(jsontext.dump({report.key: _as_dict(settings) for report, settings in found.items()}))
    else:
        for report, settings in found.items():
            _show(report, settings)


@contextmanager
def _open_box(host: str) -> Iterator[BoxSettings]:
    api = BoxSettings(host)
    try:
        yield api
    finally:
        api.close()


def _configure(api: BoxSettings, report: Report, wish: Wish, url: str) -> bool:
    """Set one kind of report; returns whether there was room for `url`."""
    found = api.read(report)
    if report.single and found.urls not in ((), (url,)) and not wish.only:
        click.echo(f"kept  {report.name} go to {found.urls[0]}")
        return False
    target = wish.applied_to(found, report, url)
    api.write(report, target)
    taken = api.read(report)
    if taken != target:
        raise BoxError(
            f"the box did not take the settings for {report.name}:"
            f" it has {_words(taken)} instead of {_words(target)}"
        )
    click.echo(f"ok    {report.name} go to {url}")
    for other in target.urls[:-1]:
        click.echo(f"      and still to {other}")
    for other in sorted({*found.urls} - {*target.urls}):
        click.echo(f"      and no more to {other}")
    return True


def _receiver(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 0) >= 0
    except ValueError:
        fits = False
    if not fits:
        raise Se3Error(f"{text!r} is no address of a receiver; it must look like http://192.168.1.10:9528")
    return text


def _address(receiver: str, report: Report) -> str:
    parts = urlsplit(receiver)
    return parts._replace(path=parts.path.rstrip("/") + report.receiver_path).geturl()


def _as_dict(settings: ReportSettings) -> dict[str, object]:
    return {
        "urls": list(settings.urls),
        "content_type": settings.content_type,
        "period": settings.period,
        "library_photos": settings.library_photos,
    }


def _show(report: Report, settings: ReportSettings) -> None:
    click.echo(report.name)
    for url in settings.urls or ("none",):
        click.echo(f"  {'address':<16}{url}")
    click.echo(f"  {'content type':<16}{settings.content_type}")
    if report.period:
        click.echo(f"  {'period':<16}{settings.period} s")
    if report.library_photos:
        click.echo(f"  {'library photos':<16}{'yes' if settings.library_photos else 'no'}")


def _words(settings: ReportSettings) -> str:
    return ", ".join(f"{name} {value}" for name, value in _as_dict(settings).items() if value is not None)
