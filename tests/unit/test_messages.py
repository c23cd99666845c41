"""Messages to EnOS as bytes."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.enos.messages import encode_element, envelope_bytes, new_message_id, post
from app.enos.mode import Mode

_ELEMENTS = st.lists(st.dictionaries(st.text(), st.text() | st.integers(-(2**60), 2**60)), max_size=5)


@given(elements=_ELEMENTS, mode=st.sampled_from(Mode))
def test_a_message_of_encoded_elements_is_the_json_of_the_whole(
    elements: list[dict[str, object]], mode: Mode
) -> None:
    method = f"integration.{mode}.post"
    whole = orjson.dumps({"id": "17", "version": "1.0", "method": method, "params": elements})
    encoded = [encode_element(element) for element in elements]
    assert post("17", mode, encoded) == whole


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("elements", [[b"{}"], [b"{}"] * 7])
def test_no_message_is_longer_than_its_envelope_elements_and_commas(
    mode: Mode, elements: list[bytes]
) -> None:
    most = envelope_bytes(mode) + sum(map(len, elements)) + len(elements) - 1
    lengths = {len(post(new_message_id(), mode, elements)) for _ in range(1000)}
    assert max(lengths) == most
