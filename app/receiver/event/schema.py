"""The contract's fields and their types (SE3 protocol, sections 2 to 4)."""

from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates

from app.domain.firmware import FirmwareForm
from app.receiver.fields import NO_OBJECT, Number, Object, PersonType, Text, Timestamp


class Contract(Schema):
    """The contract's fields, whatever a firmware form calls them and wherever it puts them.

    What a form requires is set once, not as `partial` of each load: marshmallow compares that with every
    field, name by name.
    """

    identity_id = Text()
    identity_name = Text()
    group_name = Text()
    timestamp = Timestamp()
    score = Number()
    ext_data = fields.Dict(error_messages=NO_OBJECT)
    want_action = Text()
    dev_sno = Text()
    device_ip = Text()
    ep_id = Text()
    person_type = PersonType()
    device_type = Text()
    reg_pic = Text()
    spot_pic = Text()
    recognize_face = Text()
    ir_pic = Text()
    grab_fiqa_info = Object()
    box_fiqa_info = Object()
    info = Object()

    def __init__(self, form: FirmwareForm) -> None:
        """Make the contract as this form keeps it."""
        self._required = form.required
        super().__init__(unknown=EXCLUDE)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Mark what the form requires; marshmallow calls this for each field."""
        field_obj.required = field_name in self._required

    @validates("identity_id")
    def _identity_id_is_not_empty(self, value: str, data_key: str) -> None:
        if not value:
            raise ValidationError(f"is empty; {data_key} must tell who was seen")
