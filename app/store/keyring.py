"""Encrypts what shows faces before it reaches the database: pictures and refused bodies."""

import hashlib
import os
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from app.errors import NotDecrypted

_NONCE_BYTES = 12  # what AES-GCM is made for; random, they are good for 2**32 encryptions with one key
_ID_BYTES = 8
_OPTION = "se3_keyring"


class Kept(NamedTuple):
    """Content as a row holds it: `key_id` names the key that it is encrypted with, None: it is plain."""

    content: bytes
    key_id: bytes | None


class Keyring:
    """Encrypts with its newest key, and decrypts with any that it holds."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """`keys`: of 32 bytes each, the newest first; where that is b"", or none, what is new stays plain."""
        self._ciphers = {key_id_of(key): AESGCM(key) for key in keys if key}
        self.newest_id = key_id_of(keys[0]) if keys and keys[0] else None

    @property
    def ids(self) -> frozenset[bytes]:
        """The ids of all keys."""
        return frozenset(self._ciphers)

    def can_read(self, key_id: bytes | None) -> bool:
        """Whether what is encrypted with this key can be read; what is plain can."""
        return key_id is None or key_id in self._ciphers

    def encrypt(self, content: bytes, sha256: bytes) -> Kept:
        """What to keep of content with this SHA-256, which it stays tied to."""
        if self.newest_id is None:
            return Kept(content, None)
        nonce = os.urandom(_NONCE_BYTES)
        return Kept(nonce + self._ciphers[self.newest_id].encrypt(nonce, content, sha256), self.newest_id)

    def decrypt(self, kept: Kept, sha256: bytes) -> bytes:
        """The plain content.

        Raises:
            NotDecrypted: its key is not here, or it is not what was encrypted.
        """
        if kept.key_id is None:
            return kept.content
        if not self.can_read(kept.key_id):
            raise NotDecrypted(kept.key_id.hex())
        nonce, encrypted = kept.content[:_NONCE_BYTES], kept.content[_NONCE_BYTES:]
        try:
            return self._ciphers[kept.key_id].decrypt(nonce, encrypted, sha256)
        except InvalidTag:
            raise NotDecrypted(None) from None


def key_id_of(key: bytes) -> bytes:
    """What names a key where the key itself must not be: 8 bytes that tell nothing of it."""
    return hashlib.sha256(b"se3 picture key" + key).digest()[:_ID_BYTES]


def options_with(keyring: Keyring) -> dict[str, object]:
    """Execution options by which an engine's connections know the keyring."""
    return {_OPTION: keyring}


def keyring_of(connection: Connection) -> Keyring:
    """The keyring of the database that this connection belongs to."""
    keyring: Keyring = connection.get_execution_options()[_OPTION]
    return keyring
