"""Every text of the console is there in Chinese."""

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.config import ROOT

CONSOLE = ROOT / "app" / "console"
CHINESE = CONSOLE / "translations" / "zh" / "LC_MESSAGES"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def catalog() -> Catalog:
    with (CHINESE / "messages.po").open("rb") as file:
        return read_po(file, locale="zh")


def test_every_text_is_translated_and_none_is_left_over() -> None:
    found = extract_from_dir(CONSOLE, METHODS, keywords={"gettext": None, "ngettext": (1, 2), "_": None})
    used = {message if isinstance(message, str) else message[0] for _, _, message, _, _ in found}
    messages = [message for message in catalog() if message.id]
    assert {message.id if isinstance(message.id, str) else message.id[0] for message in messages} == used
    assert all(message.string and not message.fuzzy for message in messages)
    assert all(not list(message.check(catalog())) for message in messages)


def test_what_is_compiled_is_what_is_written() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, catalog())
    assert compiled.getvalue() == Path(CHINESE / "messages.mo").read_bytes(), "run make translations"
