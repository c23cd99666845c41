"""The contract's fields and their types (SE3 protocol, sections 2 to 4)."""

from marshmallow import Schema, ValidationError, fields, validates

from app.receiver.fields import NO_OBJECT, Number, Object, PersonType, Text, Timestamp


class Contract(Schema):
    """The contract's fields, whatever a firmware form calls them and wherever it puts them."""

    identity_id = Text(required=True)
    identity_name = Text(required=True)
    group_name = Text(required=True)
    timestamp = Timestamp(required=True)
    score = Number(required=True)
    ext_data = fields.Dict(required=True, error_messages=NO_OBJECT)
    want_action = Text(required=True)
    dev_sno = Text(required=True)
    device_ip = Text(required=True)
    ep_id = Text(required=True)
    person_type = PersonType(required=True)
    device_type = Text(required=True)
    reg_pic = Text(required=True)
    spot_pic = Text(required=True)
    recognize_face = Text(required=True)
    ir_pic = Text(required=True)
    grab_fiqa_info = Object(required=True)
    box_fiqa_info = Object(required=True)
    info = Object(required=True)

    @validates("identity_id")
    def _identity_id_is_not_empty(self, value: str, data_key: str) -> None:
        if not value:
            raise ValidationError(f"is empty; {data_key} must tell who was seen")
