"""What EnOS is sent of an event, for its page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from flask_babel import gettext

from app.config import Settings
from app.console.reasons.translating import translated
from app.domain.events import FaceEvent
from app.domain.sightings import reason_to_skip
from app.enos.preview import Preview, preview_of
from app.enos.setup import load_draft
from app.errors import MappingError, SettingsError


@dataclass(frozen=True, slots=True)
class EnosMessage:
    """`preview` is None where there can be no message; `note` then says why, or else why it does not go."""

    preview: Preview | None
    note: str | None


def enos_message(settings: Settings, event: FaceEvent, shown: Iterable[tuple[str, bytes]]) -> EnosMessage:
    """Make the message by the mapping as it is now. A forwarder goes by what it read when it started."""
    try:
        setup = load_draft(settings)
        preview = preview_of(setup, event, shown, datetime.now(UTC))
    except (MappingError, SettingsError) as error:
        return EnosMessage(None, translated(str(error)))
    reason = reason_to_skip(event, settings.enos_events) or setup.mapping.reason_to_skip(event)
    note = gettext("It does not go: %(reason)s", reason=translated(reason)) if reason else None
    return EnosMessage(preview, note)
