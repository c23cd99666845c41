"""What EnOS's codes mean, and what to do about each (EnOS protocol, section 3)."""

from app.domain.delivery import Decision

_PARK = {
    1008: "the message is larger than EnOS takes",
    1202: "EnOS does not understand the message",
    1204: "the event does not fit the thing model in EnOS: compare identifiers and types",
    1220: "EnOS does not understand the message",
    1250: "EnOS does not understand the message",
    1251: "EnOS does not understand the message",
    1257: "EnOS knows no device with this key: register it there",
    1260: "EnOS does not understand the message",
    400: "EnOS does not understand the message",
    460: "EnOS does not understand the message",
}
_PAUSE = {
    1009: "EnOS does not let this channel post events: check the product's permissions",
    401: "EnOS does not take the login: check product key and secret",
    402: "EnOS does not let this channel use the topic: check ENOS_PRODUCT_KEY and ENOS_TOPIC_SLASH",
}
FLOW_CODES = frozenset({1274, 429})
"""EnOS asks for less: it is not the events that are to blame."""

_RETRY = {
    1274: "EnOS limits the flow",
    429: "EnOS limits the flow",
    500: "EnOS had a fault of its own",
}


def is_known(code: int) -> bool:
    """Whether it is one that EnOS's documents list."""
    return code == 200 or code in _PARK | _PAUSE | _RETRY


def decide(code: int) -> Decision:
    """Choose what becomes of a message with this code; an unknown code may pass, so it is tried again."""
    if code == 200:
        return Decision.DELIVERED
    if code in _PARK:
        return Decision.PARK
    return Decision.PAUSE if code in _PAUSE else Decision.RETRY


def explain(code: int, message: str) -> str:
    """Say a code other than 200 in words, with EnOS's own behind them."""
    words = (_PARK | _PAUSE | _RETRY).get(code, "EnOS answered with a code its documents don't list")
    return f"{words} ({message})" if message else words
