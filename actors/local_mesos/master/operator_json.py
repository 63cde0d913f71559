"""Operator responses and events as JSON. Like Mesos's JSON everywhere, but for some lists that it shows when empty."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.message import Message

from mesos_proto import json_codec, master_pb2

from ._http import hide_new_capabilities

__all__ = ["dumps"]

_ALWAYS = {
    "get_agents": ("agents", "recovered_agents"),
    "get_executors": ("executors",),
    "get_frameworks": ("frameworks", "completed_frameworks"),
    "get_tasks": ("tasks", "unreachable_tasks", "completed_tasks"),
}


def dumps(message: Message) -> bytes:
    """A ``master_pb2.Response`` or ``master_pb2.Event``."""
    if isinstance(message, master_pb2.Response) and message.HasField("get_master"):
        hide_new_capabilities(message.get_master.master_info)
    shown = json_codec.to_dict(message)
    _fill(shown)
    _fill(shown.get("get_state"))
    _fill(shown.get("subscribed", {}).get("get_state"))
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _fill(shown: dict[str, Any] | None) -> None:
    if shown is None:
        return
    for agent in shown.get("get_agents", {}).get("agents", ()):
        agent["agent_info"]["checkpoint"] = True  # a field that the v1 protocol does not have, and Mesos's JSON shows
    for field, lists in _ALWAYS.items():
        if field in shown:
            shown[field] = {name: [] for name in lists} | shown[field]
