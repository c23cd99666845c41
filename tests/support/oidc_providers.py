"""OpenID Connect providers: an honest one, and one that says what a test tells it to."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.support.ports import answers, free_port
from tests.support.programs import Program, own_program

CLIENT_ID, CLIENT_SECRET = "se3-console", "a-secret-of-32-characters-or-more"


class HonestProvider(Program):
    """oidc-provider-mock in a process of its own; whoever comes may say who they are."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        super().__init__(
            [own_program("oidc-provider-mock"), "--port", str(port)], folder / "oidc-provider.log"
        )
        self.issuer = f"http://127.0.0.1:{port}"
        self.wait_until(lambda: answers(port), 60)

    def claim(self, subject: str, **claims: str) -> None:
        """Have the provider say this of a person."""
        reply = urllib3.request("PUT", f"{self.issuer}/users/{subject}", json=claims)
        assert reply.status == 204, reply.data

    def log_in(self, address: str, subject: str) -> str:
        """Where the browser of somebody is sent who logs in as this subject."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = urllib3.request(
            "POST", address, body=urlencode({"sub": subject}), headers=headers, redirect=False
        )
        assert reply.status == 302, reply.data
        return reply.headers["Location"]


class ToldProvider:
    """`change` alters the claims of the id token, `sign` makes the token of them; None leaves a claim out.

    It redeems a code only for the verifier that belongs to the address the browser came with (RFC 7636).
    `asked_for` are the paths that were; while `answers` is not set, it hangs.
    """

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "1"}, auto_kid=False)
        self.change: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            {"alg": "RS256", "kid": "1"}, claims, self.key
        )
        self.token_answer: Response | None = None
        self.asked_for: list[str] = []
        self.answers = threading.Event()
        self.answers.set()
        self._server = make_server("127.0.0.1", free_port(), Request.application(self._answer), threaded=True)
        self.issuer = f"http://127.0.0.1:{self._server.port}"
        self.description = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }
        self._asked: dict[str, str] = {}
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def log_in(self, address: str) -> str:
        """Where the browser of somebody is sent who logs in."""
        self._asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        return f"{self._asked['redirect_uri']}?code=c&state={self._asked['state']}"

    def _answer(self, request: Request) -> Response:
        self.asked_for.append(request.path)
        self.answers.wait()
        if request.path == "/token":
            return self.token_answer or self._token(request)
        keys = {"keys": [self.key.as_dict(private=False)]}
        return _json(keys if request.path == "/keys" else self.description)

    def _token(self, request: Request) -> Response:
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        who = request.authorization
        if challenge != self._asked["code_challenge"] or self._asked["code_challenge_method"] != "S256":
            return _json({"error": "invalid_grant"}, 400)
        if who is None or (who.username, who.password) != (CLIENT_ID, CLIENT_SECRET):
            return _json({"error": "invalid_client"}, 401)
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "sub": "s-1", "nonce": self._asked["nonce"]}
        now = int(time.time())
        told: dict[str, Any] = claims | {"iat": now, "exp": now + 300} | self.change
        told = {name: value for name, value in told.items() if value is not None}
        return _json({"access_token": "a", "token_type": "Bearer", "id_token": self.sign(told)})


def _json(value: object, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json")
