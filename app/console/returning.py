"""Where a click leads back to."""

from urllib.parse import unquote, urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException


def page_before() -> str:
    """The page on which something was clicked, if it is one of ours that can be asked for again."""
    referrer = request.referrer or ""
    is_own = referrer.startswith(request.host_url) and _is_page(unquote(urlsplit(referrer).path))
    return referrer if is_own else url_for("overview.show")


def _is_page(path: str) -> bool:
    """Whether a GET finds something there: what answered a form is there no more."""
    adapter = current_app.create_url_adapter(request)
    try:
        return adapter is not None and bool(adapter.match(path, method="GET"))
    except HTTPException:
        return False
