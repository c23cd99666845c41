"""Finds the texts for people that modules make, in their source."""

import ast
from collections.abc import Iterator
from pathlib import Path

from app.config import ROOT

_ARGUMENT = {  # of these calls it is a text for people
    "Problem": 1,
    "EventWarning": 2,
    "ValidationError": 0,
    "UnknownPath": 0,
    "WrongMethod": 0,
    "OwnFault": 0,
    "UnsupportedMedia": 0,
    "Unreadable": 0,
    "parked": 2,
    "skipped": 1,
    "_failed": 2,
    "append": 0,
}
_VARIABLES = ("MISSING", "NO_OBJECT", "error_messages", "default_error_messages", "detail")
_TABLES = ("_PARK", "_PAUSE", "_RETRY")
_MAKERS = ("reason_to_skip", "_without_content", "_reason", "explain")
_FILLER = "7"


def messages_of(*paths: str) -> set[str]:
    """The texts that modules and folders below app/ raise, warn of, refuse or park with; values are "7"."""
    files = [file for path in paths for file in _files(ROOT / "app" / path)]
    return {text for file in files for text in _Module(ast.parse(file.read_text(encoding="utf-8"))).texts()}


def _files(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


class _Module:
    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def texts(self) -> Iterator[str]:
        for node in ast.walk(self._tree):
            for message in self._messages(node):
                yield from self._read(message)

    def _messages(self, node: ast.AST) -> Iterator[ast.expr]:
        """The expressions of messages that a node holds."""
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            yield from node.exc.args[:1]
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            yield from node.args[_ARGUMENT[name] :][:1] if name in _ARGUMENT else ()
            yield from (word.value for word in node.keywords if word.arg == "error")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if {getattr(target, "id", "") for target in targets} & {*_VARIABLES, *_TABLES}:
                yield node.value
        elif isinstance(node, ast.FunctionDef) and node.name in _MAKERS:
            yield from (made.value for made in ast.walk(node) if isinstance(made, ast.Return) and made.value)

    def _read(self, node: ast.expr) -> Iterator[str]:
        """What an expression would read as; nothing if it is no text of this module's own."""
        if isinstance(node, ast.Name) and node.id in self._constants:
            yield from self._read(self._constants[node.id])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else _FILLER for part in node.values)
            yield "".join(map(str, parts))
        elif isinstance(node, ast.IfExp):
            yield from (*self._read(node.body), *self._read(node.orelse))
        elif isinstance(node, ast.Dict):
            for value in node.values:
                yield from self._read(value)
