"""By which names a server is asked that does not ask who its callers are."""

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp

LOCAL_HOSTS = ("127.0.0.1", "localhost", "localhost.", "[::1]")


def for_this_machine(app: ASGIApp, *names: str) -> ASGIApp:
    """The app for those alone who call it by a name of this machine, or one of the names given.

    Else a foreign page gets in by a name of its own that leads here (DNS rebinding).
    """
    return TrustedHostMiddleware(app, [*LOCAL_HOSTS, *names])
