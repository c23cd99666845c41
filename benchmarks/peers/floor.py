"""The least a Flask server can do: parse the body and answer. gunicorn runs it as it runs the receiver."""

import orjson
from flask import Flask, Response, jsonify, request

from benchmarks.bodies import PATH

app = Flask(__name__, static_folder=None)


@app.post(PATH)
def receive() -> Response:
    """Parse the body, keep nothing."""
    orjson.loads(request.form["ext_data"] if request.form else request.get_data())
    return jsonify(status=0, message="SUCCESS")
