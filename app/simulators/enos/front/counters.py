"""What happened at the front."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Written by the front alone, to be read at any time.

    `connects` all logins that came and `refused_logins` those of them that were refused, for whatever
    reason; `lockouts` how often a lock-out began; `pushed_out` connections that a second one of the same
    product ended, and `most_connections_at_once` by product key, which is 2 where that happened.

    Of messages: `oversize` those beyond 524,288 bytes and `over_rate` those that made more than 1 MB a
    second; `most_bytes_in_a_second` of one product, headers included; `wrong_topics` those on a topic that
    is not the product's own; `unheard` those that got no reply because their sender had not subscribed.

    `refused_subscriptions` to topics that are not the product's own; `violations` connections ended for what
    no answer exists: QoS 2, retained messages, broken packets.
    """

    connects: int = 0
    refused_logins: int = 0
    lockouts: int = 0
    pushed_out: int = 0
    most_connections_at_once: dict[str, int] = field(default_factory=dict)
    oversize: int = 0
    over_rate: int = 0
    most_bytes_in_a_second: int = 0
    wrong_topics: int = 0
    unheard: int = 0
    refused_subscriptions: int = 0
    violations: int = 0
