"""What a person can do about a delivery."""

from app.domain.delivery import Decision, DeliveryState
from app.domain.forwarders import Forwarder, ForwarderState
from app.enos.remedies import Remedy, remedy
from app.enos.replies import decide
from app.store.deliveries import Delivery

_WHAT_TO_DO = {
    DeliveryState.PENDING: "nothing: it is sent once it is due, and again until EnOS takes or refuses it",
    DeliveryState.CLAIMED: "nothing; should the forwarder end, the next one sends it",
    DeliveryState.DELIVERED: "nothing; `se3 outbox replay` sends what EnOS has lost again",
    DeliveryState.PARKED: "{remedy}, then `se3 outbox retry {id}`; or `se3 outbox drop {id} --reason TEXT`",
    DeliveryState.SKIPPED: "nothing; if EnOS should get it, change ENOS_EVENTS or the mapping, start anew, "
    "then `se3 outbox retry {id}`",
    DeliveryState.DROPPED: "nothing; if EnOS should get it after all, `se3 outbox retry {id}`",
}
_REMEDIES = {
    Remedy.REGISTER: "register the device in EnOS (`se3 enos devices` prints the keys)",
    Remedy.COMPARE: "compare the thing model in EnOS with what `se3 enos model` prints, and mend either",
    Remedy.SHRINK: "have the mapping file send less, such as links instead of pictures, and start anew",
    Remedy.MEND: "mend the mapping file by what the reason says, and start anew",
    Remedy.ASK: "mend what the reason says (`se3 enos preview` prints the message)",
}
_MEND = (
    "Mend that, check it by `se3 enos check`, and start the forwarder anew, for it reads settings and mapping"
    " file only then; then it is sent"
)
_ABANDONED = (
    "nothing, if a forwarder is at work or started soon: no one holds channel {channel}; the next that does"
    " sends it, or any other if the mapping has that channel no longer. Or `se3 outbox retry {id}`"
)
_HINDERED = (ForwarderState.PAUSED, ForwarderState.DISCONNECTED)


def what_to_do(delivery: Delivery, holder: Forwarder | None) -> str:
    """Say it in words; `holder`: the forwarder that holds the channel by which the delivery goes."""
    state = DeliveryState(delivery.state)
    if state is DeliveryState.CLAIMED and holder is None:
        return _ABANDONED.format(id=delivery.id, channel=delivery.channel)
    if state is DeliveryState.PENDING and (hindrance := _hindrance(delivery, holder)):
        return f"{hindrance}. {_MEND}"
    return _WHAT_TO_DO[state].format(id=delivery.id, remedy=_REMEDIES[remedy(delivery.code)])


def _hindrance(delivery: Delivery, holder: Forwarder | None) -> str:
    """Why nothing goes by the channel, "" if that is not known."""
    if holder and holder.state in _HINDERED:
        because = f": {holder.reason}" if holder.reason else ""
        return f"the forwarder of channel {holder.channel} is {holder.state}{because}"
    if delivery.code is not None and decide(delivery.code) is Decision.PAUSE:
        return f"at the last try EnOS shut the channel out, code {delivery.code}: {delivery.reason}"
    return ""
