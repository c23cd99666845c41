"""What the strict hub knows, and so can hold its clients to."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from app.simulators.enos.model import Model


@dataclass(frozen=True, slots=True)
class Rules:
    """`products`: the secrets by product key. Without any, every product may log in and signs as it likes.

    `model`: events and measure points with their types; without one only the messages' shape is checked.
    `devices`: keys of the registered devices; without them every key is one.
    `time_scale`: what the periods of the connect limit are multiplied by, for tests.
    """

    products: Mapping[str, str] = field(default_factory=dict, repr=False)
    model: Model | None = None
    devices: AbstractSet[str] | None = None
    time_scale: float = 1.0
