"""se3 doctor: what is wrong, what a person should know, and what to do about it."""

import sys
from collections.abc import Callable
from dataclasses import replace

import click

from app import jsontext
from app.doctor.examination import examine
from app.doctor.findings import Finding, Level
from app.errors import Se3Error


@click.command()
@click.option("--fix", is_flag=True, help="Also mend what can be mended safely, and say what was done.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a finding, for scripts.")
def doctor(fix: bool, as_json: bool) -> None:
    """Look at everything, and say what is wrong and what to do.

    Settings, who may send, the receiver, permissions, schema, the database itself, disk, clocks, users,
    leftovers, EnOS. Where a channel has no forwarder it logs in to EnOS once. Exit status 1 if something is
    wrong. Run it as the user who runs the receiver.
    """
    is_wrong = False
    for finding in examine():
        word, said = (
            _mended(finding, finding.mend) if fix and finding.mend else (finding.level.value, finding)
        )
        is_wrong = is_wrong or word == Level.WRONG
        click.echo(_json(word, said) if as_json else _line(word, said))
    sys.exit(is_wrong)


def _mended(finding: Finding, mend: Callable[[], str]) -> tuple[str, Finding]:
    """What was done about it; the finding itself where that failed."""
    try:
        return "fixed", Finding(Level.OK, finding.subject, mend())
    except (Se3Error, OSError) as error:
        return finding.level.value, replace(finding, text=f"{finding.text}; mending it failed: {error}")


def _line(word: str, said: Finding) -> str:
    advice = f"\n         {said.advice}" if said.advice else ""
    return f"{word:<8} {said.subject}: {said.text}{advice}"


def _json(word: str, said: Finding) -> str:
    return jsontext.dump({"is": word, "about": said.subject, "text": said.text, "advice": said.advice})
