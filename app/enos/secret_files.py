"""Files that hold nothing but a secret."""

from pathlib import Path

from app.errors import ChannelError


def read_secret(path: Path) -> str:
    """Read a secret; white space around it does not count.

    Raises:
        ChannelError: which file is wrong, and why.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ChannelError(f"the secret file {path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ChannelError(f"the secret file {path} is no text in UTF-8") from None
    if not secret:
        raise ChannelError(f"the secret file {path} is empty")
    return secret
