"""Opens a channel once, for `se3 enos check`, and explains what EnOS makes of an event."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.cli.enos_sample import Sample
from app.enos.channel import Channel
from app.enos.endpoint import Endpoint
from app.enos.messages import Reply
from app.enos.replies import explain
from app.errors import ChannelError

REPLY_SECONDS = 10.0
_ACCEPTED = 200


def try_channel(where: Endpoint, sample: Sample | None, before: str) -> None:
    """Connect, subscribe and post the sample, if there is one; prints a line for each step that worked.

    `before` stands at the start of what each says.

    Raises:
        ChannelError: what did not, and why.
    """
    with _opened(where) as channel:
        click.echo(f"ok    {before}{where.broker_url} took the login")
        click.echo(f"ok    {before}subscribed to {where.topics.reply}")
        if sample:
            channel.post(sample.payload)
            _require_accepted(_reply_to(sample, channel), sample, channel, where)
            click.echo(f"ok    {before}EnOS took {sample.event} of device {sample.device_key}")


@contextmanager
def _opened(where: Endpoint) -> Iterator[Channel]:
    channel = Channel(where)
    try:
        channel.open()
        yield channel
    finally:
        channel.close()


def _reply_to(sample: Sample, channel: Channel) -> Reply | None:
    """The reply to this message among all that come; None where it did not come in time."""
    deadline = time.monotonic() + REPLY_SECONDS
    while True:
        left = max(0.0, deadline - time.monotonic())
        for reply in channel.replies(left):
            if reply.id == sample.id:
                return reply
        if not left or not channel.is_open:
            return None


def _require_accepted(reply: Reply | None, sample: Sample, channel: Channel, where: Endpoint) -> None:
    if reply is None and not channel.is_open:
        raise ChannelError(
            f"{channel.fault}, before EnOS answered: it may not let this login post to {where.topics.post},"
            " or another client, such as a forwarder, logged in as well"
        )
    if reply is None:
        raise ChannelError(
            f"EnOS did not answer on {where.topics.reply} within {REPLY_SECONDS:g} s: compare"
            " ENOS_PRODUCT_KEY with EnOS, and try ENOS_TOPIC_SLASH the other way"
        )
    if reply.code != _ACCEPTED:
        raise ChannelError(
            f"EnOS refused {sample.event} of device {sample.device_key} with code {reply.code}:"
            f" {explain(reply.code, reply.message)}"
        )
