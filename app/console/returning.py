"""Where a click leads back to."""

from flask import request, url_for


def page_before() -> str:
    """The page on which something was clicked, if it is one of ours."""
    referrer = request.referrer or ""
    is_own = referrer.startswith(request.host_url)
    return referrer if is_own else url_for("overview.show")
