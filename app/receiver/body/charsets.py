"""Which characters a body's bytes mean: UTF-8 if they can, else GBK."""

from collections.abc import Iterable

from app.domain.warnings import EventWarning, WarningCode

UTF_8, GBK = "utf-8", "gb18030"  # GB 18030 holds all of GBK


def charset_of(texts: Iterable[bytes]) -> str:
    """The one charset of several texts: UTF-8, or GBK where one is no UTF-8 (SE3 protocol, section 5).

    Raises:
        UnicodeDecodeError: they are neither; it tells of the first that is not UTF-8.
    """
    texts = list(texts)
    try:
        for text in texts:
            text.decode(UTF_8)
    except UnicodeDecodeError as error:
        return _gbk_or(error, texts)
    return UTF_8


def charset_warnings(charset: str) -> tuple[EventWarning, ...]:
    """What is odd about a body in this charset: GBK can be mistaken, so somebody should look."""
    if charset != GBK:
        return ()
    return (EventWarning(WarningCode.NOT_UTF8, "", "is not UTF-8; it was read as GBK"),)


def _gbk_or(error: UnicodeDecodeError, texts: list[bytes]) -> str:
    try:
        for text in texts:
            text.decode(GBK)
    except UnicodeDecodeError:
        raise error from None
    return GBK
