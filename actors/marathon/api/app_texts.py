"""The JSON of apps as it was made last: an app of which nothing has changed is not rendered again.

    listing ─▶ texts.get(embeds, app's id, values, render)      the same values: the same text; others: render()

A text is kept with what it was made from and compared with that each time, so that nobody has to say when it is out of
date.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from aiohttp import web

__all__ = ["APP_TEXTS", "AppTexts"]

KEPT = 32 << 20
"""Bytes of text that are kept, those that were asked for last."""


class AppTexts:
    """See the head of this module."""

    def __init__(self, kept: int = KEPT) -> None:
        self._room = kept
        self._texts: OrderedDict[tuple[frozenset[str], str], tuple[Any, bytes]] = OrderedDict()

    def get(self, embeds: frozenset[str], app_id: str, values: Any, render: Callable[[], str]) -> bytes:
        """The app's text, which must be a function of `embeds` and `values` alone."""
        key = embeds, app_id
        kept = self._texts.get(key)
        if kept is not None:
            if kept[0] == values:
                self._texts.move_to_end(key)
                return kept[1]
            self._room += len(kept[1])
        text = render().encode()
        self._texts[key] = values, text
        self._texts.move_to_end(key)
        self._room -= len(text)
        while self._room < 0:
            _, (_, oldest) = self._texts.popitem(last=False)
            self._room += len(oldest)
        return text


APP_TEXTS = web.AppKey("app_texts", AppTexts)
