"""An ASGI app that is made when it is first asked, so that naming it costs nothing."""

import importlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HOST_APP = "synthprof.host_app"
"""The key of the app's scope that holds the app it is mounted in."""


class LazyApp:
    """The app that the function `module:function` returns."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._app: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on to the app."""
        await self.app({**scope, HOST_APP: scope.get("app")}, receive, send)

    @property
    def app(self) -> Any:  # noqa: ANN401
        """The app itself."""
        if self._app is None:
            module, _, function = self._place.partition(":")
            self._app = getattr(importlib.import_module(module), function)()
        return self._app
