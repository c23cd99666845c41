"""Field names of a form that reach into an object: `ext_data[info][age]`, `ext_data.device_ip`."""

import re
from collections.abc import Iterable
from typing import Any

from app.domain.firmware import CONTAINERS

Pair = tuple[str, Any]

_BRACKETED = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_DOTTED = re.compile(rf"(?:{'|'.join(sorted(CONTAINERS))})(?:\.[^.\[\]]+)+")
_MOST_STEPS = 20


def gather(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Build a document of a form's pairs.

    Objects and lists are built from names that reach into them, in the order in which they come. A name that
    comes twice becomes a list, so that nothing is dropped.
    """
    root = _Branch()
    for name, value in pairs:
        root.add(steps(name), value)
    return {name: _plain(value) for name, value in root.items()}


class _Branch(dict[str, Any]):
    """An object or list under construction."""

    def add(self, path: list[str], value: Any) -> None:
        """Put `value` at the end of `path`; an empty step is a list's next index."""
        step = path[0] or str(len(self))
        if len(path) == 1:
            self[step] = _Repeated([*_repeated(self[step]), value]) if step in self else value
        elif isinstance(inner := self._inner(step), _Branch):
            inner.add(path[1:], value)
        else:  # `a=1&a[b]=2`: both stay, each under the name it came with
            self.add([step + "".join(f"[{rest}]" for rest in path[1:])], value)

    def _inner(self, step: str) -> Any:
        """What stands at `step`, or a new branch; an object that came as text can be added to."""
        inner = self.setdefault(step, _Branch())
        if isinstance(inner, dict) and not isinstance(inner, _Branch):
            inner = self[step] = _Object(inner)
        return inner


class _Object(_Branch):
    """An object that came as text, and so is no list even if its keys count from 0."""


class _Repeated(list[Any]):
    """The values of a name that came more than once."""


def _repeated(value: Any) -> list[Any]:
    return value if isinstance(value, _Repeated) else [value]


def steps(name: str) -> list[str]:
    """The keys that a field's name leads through; one that reaches into nothing is one step."""
    if _DOTTED.fullmatch(name):
        found = name.split(".")
    elif match := _BRACKETED.fullmatch(name):
        found = [match[1], *match[2][1:-1].split("][")]
    else:
        return [name]
    return found if len(found) <= _MOST_STEPS else [name]


def _plain(value: Any) -> Any:
    """Plain values of a branch."""
    if isinstance(value, _Repeated):
        return list(value)
    if not isinstance(value, _Branch):
        return value
    if not isinstance(value, _Object) and list(value) == [str(index) for index in range(len(value))]:
        return [_plain(item) for item in value.values()]
    return {name: _plain(item) for name, item in value.items()}
