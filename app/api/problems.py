"""Errors as problem details (RFC 9457), which name each field that is wrong."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Never

from flask import Response
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from app import jsontext
from app.errors import Problem as FieldProblem

MEDIA_TYPE = "application/problem+json"
_SCHEMA_KEY = "_schema"  # where marshmallow puts what concerns the whole


class FieldError(Schema):
    """What is wrong with one field."""

    place = fields.String(
        data_key="in", required=True, metadata={"description": "query, json, or body for a refused body."}
    )
    field = fields.String(required=True, metadata={"description": "Its name; empty for the whole."})
    detail = fields.String(required=True)


class Problem(Schema):
    """Problem details, RFC 9457."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldError), metadata={"description": "Each field that is wrong."})


def problem_details(error: HTTPException) -> AnyResponse:
    """The reply to a request that ended with an error, with the headers that belong to it."""
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    errors = list(_field_errors(getattr(error, "data", {})))
    details: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": "; ".join(map(_sentence, errors)) or error.description or HTTPStatus(status).description,
    }
    response = Response(jsontext.dump(details | ({"errors": errors} if errors else {})), status)
    response.headers.extend((name, value) for name, value in error.get_headers() if name != "Content-Type")
    response.content_type = MEDIA_TYPE
    return response


def refuse_body(problems: tuple[FieldProblem, ...]) -> Never:
    """End the request with 409: a body in the quarantine is still wrong, for these reasons."""
    details: dict[str, list[str]] = {}
    for problem in problems:
        details.setdefault(problem.pointer.lstrip("/"), []).append(problem.detail)
    error = HTTPException()
    error.code = HTTPStatus.CONFLICT
    error.data = {"messages": {"body": details}}  # type: ignore[attr-defined]
    raise error


def _field_errors(data: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What marshmallow found, by place and field, as a list."""
    for place, found in data.get("messages", {}).items():
        for field, details in found.items():
            name = "" if field == _SCHEMA_KEY else str(field)
            for detail in details:
                yield {"in": place, "field": name, "detail": detail}


def _sentence(error: dict[str, str]) -> str:
    return f"{error['field']}: {error['detail']}".removeprefix(": ")
