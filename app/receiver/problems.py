"""Whole replies to requests that no thread gets to see."""

import json


def problem_reply(status: int, reason: str, code: str, title: str, detail: str, *headers: str) -> bytes:
    """RFC 9457 problem details, behind which the connection ends. `headers`: more of them, as lines."""
    problem = {"type": f"urn:se3:problem:{code}", "title": title, "status": status, "detail": detail}
    body = json.dumps(problem) + "\n"
    head = (
        f"HTTP/1.1 {status} {reason}",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        *headers,
        "Connection: close",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


HEAD_TOO_LARGE = problem_reply(
    431,
    "Request Header Fields Too Large",
    "head-too-large",
    "The request's head is too large",
    "No end of the request's headers came within 64 KB.",
)
NOT_IN_TIME = problem_reply(
    408,
    "Request Timeout",
    "not-in-time",
    "The request did not come whole",
    "The connection ended, or a minute went by, before the end of the request's headers.",
)
