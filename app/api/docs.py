"""/docs: Swagger UI over the OpenAPI document, with nothing loaded from elsewhere."""

from pathlib import Path

from flask import Blueprint, Response, send_from_directory
from swagger_ui_bundle import swagger_ui_path

_OWN = Path(__file__).with_name("static")
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:;"  # Swagger UI's styles and icons
    " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


def create_docs() -> Blueprint:
    """Build the page."""
    docs = Blueprint(
        "api_docs", __name__, static_folder=swagger_ui_path, static_url_path="/api/v1/docs/swagger-ui"
    )

    @docs.get("/api/v1/docs")
    def page() -> Response:
        response = send_from_directory(_OWN, "docs.html")
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    @docs.get("/api/v1/docs/docs.js")
    def script() -> Response:
        return send_from_directory(_OWN, "docs.js")

    return docs
