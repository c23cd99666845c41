"""Chinese and English: by the browser's wish, or as chosen."""

from flask import Blueprint, Flask, redirect, request
from flask_babel import Babel, get_locale
from werkzeug.wrappers import Response as AnyResponse

from app.console.returning import page_before

LANGUAGES = {"en": "English", "zh": "中文"}
_COOKIE = "se3_language"
_COOKIE_SECONDS = 365 * 24 * 3600


def create_languages(app: Flask) -> Blueprint:
    """Have texts translated, and build the switch."""
    Babel(app, locale_selector=_language)
    languages = Blueprint("languages", __name__)

    @languages.get("/language/<any(en, zh):language>")
    def choose(language: str) -> AnyResponse:
        response = redirect(page_before())
        response.set_cookie(_COOKIE, language, max_age=_COOKIE_SECONDS, samesite="Lax", httponly=True)
        return response

    @app.context_processor
    def offered() -> dict[str, object]:
        return {"languages": LANGUAGES, "language": str(get_locale())}

    return languages


def _language() -> str:
    chosen = request.cookies.get(_COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "en"
