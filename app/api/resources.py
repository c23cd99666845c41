"""How an endpoint is declared: what comes in, what goes out, and what may go wrong."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Request, abort
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields, missing
from webargs.core import is_json
from webargs.flaskparser import FlaskParser

from app import jsontext

View = TypeVar("View", bound=Callable[..., Any])
JSON = ("application/json",)
_ALWAYS = (401, 403, 503)


class Answer(Schema):
    """What an endpoint answers: every field is always there."""

    def on_bind_field(self, _name: str, field: fields.Field[Any]) -> None:
        """Say so in the OpenAPI document."""
        field.required = True


class Order(Schema):
    """What a body may say; what is not named here is refused, in the OpenAPI document too."""

    class Meta:
        """Read by marshmallow and apispec."""

        unknown = RAISE


def page_of(item: type[Schema]) -> type[Schema]:
    """What a list answers: some items, and the cursor that leads to the next ones, if there are more."""
    cursor = fields.String(
        allow_none=True, metadata={"description": "The next page's `cursor`; null at the end."}
    )
    members: dict[str, fields.Field[Any]] = {"items": fields.List(fields.Nested(item)), "next": cursor}
    return type(f"{item.__name__}Page", (Answer,), members)


class StrictParser(FlaskParser):
    """Refuses what no schema names, and reads JSON as the rest of this program does."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"query": RAISE}

    def _raw_load_json(self, req: Request) -> Any:
        body = req.get_data(cache=True)
        if not body:
            return missing
        if not is_json(req.mimetype):
            abort(415, "The body has to be JSON: send it with Content-Type: application/json.")
        try:
            return jsontext.parse(body)
        except ValueError as error:
            abort(400, f"The body can't be read as JSON: {error}.")


class Resource(Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A group of endpoints, called alike in addresses and in the OpenAPI document."""

    ARGUMENTS_PARSER = StrictParser()

    def serves(
        self,
        rule: str,
        answer: type[Schema] | dict[str, Any] | None,
        *,
        method: str = "GET",
        status: int = 200,
        media_types: Sequence[str] = JSON,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        others: Sequence[int] = (),
    ) -> Callable[[View], View]:
        """Have a view answer at an address, and document both; its docstring tells what it is for.

        It gets the query or the body, read, as its first argument. `answer`: what it returns is written by
        this schema; with a dict or None it returns a response. `others`: the statuses beside the usual ones
        with which it may end.
        """

        failures = (*_ALWAYS, *others, *((400, 413, 415) if body else ()))

        def register(view: View) -> View:
            made = self.doc(responses={code: HTTPStatus(code).name for code in failures})(view)
            for media_type in media_types:
                made = self.response(status, answer, content_type=media_type)(made)
            for schema, location in ((query, "query"), (body, "json")):
                if schema:
                    made = self.arguments(schema, location=location, required=_is_needed(schema))(made)
            # Without merging, for a box's key may hold two slashes.
            self.route(rule, methods=[method], tags=[self.name], merge_slashes=False)(made)
            return view

        return register


def _is_needed(schema: type[Schema]) -> bool:
    return any(field.required for field in schema().fields.values())
