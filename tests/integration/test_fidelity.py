"""Whatever JSON document is accepted comes back equal: each value, its type, each character of a picture.

`make long` runs this over more documents than `make test`.
"""

import base64
import gzip
import json
import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import BoxFor

DOCUMENTS = int(os.environ.get("FIDELITY_DOCUMENTS", "200"))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
numbers = st.integers() | st.integers(2**63, 2**200) | st.floats(allow_nan=False, allow_infinity=False)
signatures = st.sampled_from(
    [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBP", b"GIF89a"]
)
contents = st.tuples(signatures, st.binary(max_size=200)).map(b"".join)
dialects: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    [
        lambda text: text,
        lambda text: "data:image/jpeg;base64," + text,
        lambda text: text.rstrip("="),
        lambda text: text.replace("+", "-").replace("/", "_"),
        lambda text: text.replace("+", " "),
        lambda text: "\n".join(text[i : i + 60] for i in range(0, len(text), 60)) + "\n",
        lambda text: text + "!",
    ]
)
pictures = st.builds(lambda content, write: write(base64.b64encode(content).decode()), contents, dialects)
names = texts | st.sampled_from(
    [
        "reg_pic",
        "spot_pic",
        "recognize_face_image",
        "info",
        "person_type",
        "ext_data",
        "ep_info",
        "dev_sno",
        "/~",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts | pictures,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
identities = st.fixed_dictionaries({"identity_id": texts.filter(bool), "timestamp": st.integers(0, 10**15)})
documents = st.tuples(st.dictionaries(names, values, max_size=6), identities).map(
    lambda parts: parts[0] | parts[1]
)
bodies: st.SearchStrategy[Callable[[Any], bytes]] = st.sampled_from(
    [
        lambda document: json.dumps(document).encode(),
        lambda document: json.dumps(document, ensure_ascii=False, indent=1).encode(),
        lambda document: json.dumps(document, ensure_ascii=False).encode("utf-16"),
        lambda document: gzip.compress(json.dumps(document).encode()),
    ]
)


def exact(document: object) -> str:
    """A text that differs wherever values or their types do."""
    return json.dumps(document, sort_keys=True)


def test_every_accepted_document_comes_back_equal(
    box_for: BoxFor, document_of: Callable[[str], dict[str, Any]]
) -> None:
    box = box_for(validation="lenient")

    @settings(max_examples=DOCUMENTS, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(documents, bodies)
    def comes_back(document: dict[str, Any], write: Callable[[Any], bytes]) -> None:
        reply = box.post("/HistoryEvent", data=write(document))
        assert reply.status_code == 200
        assert exact(document_of(reply.json["data"]["id"])) == exact(document)

    comes_back()
