"""A server of the kind that vendors give as a sample: Flask's own, and two pictures written to files.

`python -m benchmarks.peers.vendor_style PORT FOLDER` runs it. It checks, deduplicates and syncs nothing.
"""

import base64
import json
import sys
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request

from benchmarks.bodies import PATH
from benchmarks.connection import HOST


def create_app(folder: Path) -> Flask:
    """Build the app that writes its pictures into `folder`."""
    app = Flask(__name__, static_folder=None)

    @app.post(PATH)
    def receive() -> Response:
        event = _event()
        name = f"{event['identity_id']}-{event['timestamp']}"
        _write(folder / f"{name}-library.jpg", event["reg_pic"])
        _write(folder / f"{name}-scene.jpg", event["ext_data"]["spot_pic"])
        return jsonify(status=0, message="SUCCESS")

    return app


def _event() -> dict[str, Any]:
    if request.is_json:
        event: dict[str, Any] = request.get_json()
        return event
    return {**request.form, "ext_data": json.loads(request.form["ext_data"])}


def _write(file: Path, picture: str) -> None:
    file.write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    create_app(Path(sys.argv[2])).run(HOST, int(sys.argv[1]), threaded=True)
