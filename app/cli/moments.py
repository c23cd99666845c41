"""Instants as people type them."""

from datetime import datetime
from typing import Any

import click


class Moment(click.ParamType[datetime]):
    """A date, or date and time; in this machine's zone unless it says another."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read ISO 8601 as an aware instant."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(value).astimezone()
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time such as 2026-11-22, '2026-11-22 08:00' or 2026-11-22T08:00+08:00",
                param,
                ctx,
            )
