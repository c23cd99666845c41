"""Proxies before a WSGI app: who really asks, and how."""

from werkzeug.middleware.proxy_fix import ProxyFix

from app.receiver.wsgi import WsgiApp


def behind(app: WsgiApp, proxies: int) -> WsgiApp:
    """Have an app see the sender's address and scheme as so many proxies tell them.

    What a sender adds itself in front of theirs counts for nothing. With 0 nothing is believed.
    """
    return ProxyFix(app, x_for=proxies, x_proto=proxies, x_host=0) if proxies else app
