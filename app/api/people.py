"""/people: who is forgotten, as `se3 person forget` does it."""

from flask import abort
from marshmallow import fields

from app.api.resources import Answer, Resource
from app.config import Settings
from app.console.access.guard import actor
from app.people.forgetting import SECONDS, Forgotten, forget
from app.store.database import Database
from app.store.removal.holds import OnHold


class Removal(Answer):
    """What was removed of a person."""

    events = fields.Integer()
    pictures = fields.Integer(metadata={"description": "Those that other people's events show stay."})
    refused = fields.Integer(metadata={"description": "Refused bodies that name the person."})
    unreadable = fields.Integer(
        metadata={"description": "Refused bodies that can't be decrypted: nobody can tell whom they name."}
    )
    is_whole = fields.Boolean(
        metadata={
            "description": "False: there is more than is removed in one request; send it again."
            " Or some bodies are `unreadable`."
            " Or something in this machine's spool can't be read, see `spool_row_left` in the log."
        }
    )


def create_people(settings: Settings, database: Database) -> Resource:
    """Build the endpoint."""
    people = Resource("people", __name__, url_prefix="/people")

    @people.serves("/<path:identity_id>", Removal, method="DELETE", others=[404, 409])
    def forget_person(identity_id: str) -> Forgotten:
        """Remove all there is of a person for good

        Their events with deliveries, pictures that show nobody else, refused bodies that name them. It goes
        on for 10 seconds. 409: they are on hold.
        """
        try:
            done = "\0" not in identity_id and forget(database, settings, identity_id, actor(), SECONDS)
        except OnHold as error:
            abort(409, f"{error}.")
        return done or abort(404, "There is nothing of such a person.")

    return people
