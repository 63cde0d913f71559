"""What differs from run to run, and from place to place, becomes its kind; the rest must be the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .client import Answer

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
RULES = [
    (re.compile(UUID + r"-\d{4}\b"), "<framework>"),
    (re.compile(UUID + r"-(S\d+)"), r"<agent \1>"),
    (re.compile(UUID + r"-O\d+"), "<offer>"),
    (re.compile(UUID), "<uuid>"),
    (re.compile(r"(127\.0\.0\.1|localhost):\d+"), "<host>"),
    (re.compile(r"slave\(\d+\)"), "<slave>"),
    (re.compile(r"3[01]\d00-3[01]\d99"), "<ports>"),
]
TIMES = re.compile(r"(^|_)(time|timestamp|nanoseconds|start_time|uptime_secs|start_time_seconds)$")
VARYING = {"uuid", "data_uuid", "status_update_uuid", "port", "ip", "pid", "unregistered_time", "build_time",
           "build_date", "build_user", "git_sha", "git_branch", "git_tag", "flags", "ranges", "work_dir", "log_dir",
           "sandbox", "directory", "executor_pid"}  # fmt: skip


def normal(value: Any, name: str = "") -> Any:
    if name in VARYING or TIMES.search(name):
        return f"<{name}>"
    if isinstance(value, dict):
        value.pop("ports", None)
        if value.get("state") == "TASK_STARTING" and "container_status" in value:
            # A real executor is a process of its own and runs by then.
            value["container_status"].pop("executor_pid", None)
        return {str(normal(key)): normal(each, key) for key, each in value.items()}
    if name in ("offered_resources", "allocated_resources", "used_resources", "resources") and isinstance(value, list):
        value = [each for each in value if each.get("name") != "ports"]  # ours are not the same on every agent
    if isinstance(value, list):
        return _sorted([normal(each) for each in value])
    if isinstance(value, str):
        if " does not contain " in value or " more than available " in value:
            # In what order resources are listed is an accident of what happened to them before.
            value = "; ".join(sorted(re.split("; | does not contain | required by task.* more than available ", value)))
        for pattern, kind in RULES:
            value = pattern.sub(kind, value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _sorted(values: list[Any]) -> list[Any]:
    """Lists of objects have no order that anybody may lean on; of other things they have."""
    return (
        sorted(values, key=lambda each: json.dumps(each, sort_keys=True))
        if values and isinstance(values[0], dict)
        else values
    )


def shown(answer: Answer) -> Any:
    """An answer, made comparable."""
    kind = answer.headers.get("Content-Type", "")
    headers = {name: normal(value) for name, value in answer.headers.items()}
    if "json" in kind or "protobuf" in kind:
        return {"status": answer.status, **headers, "body": normal(json.loads(answer.body))}
    return {"status": answer.status, **headers, "text": normal(answer.body.decode(errors="replace"))}


def differences(real: Any, ours: Any, at: str = "") -> Iterator[str]:
    if isinstance(real, dict) and isinstance(ours, dict):
        for key in sorted({*real, *ours}, key=str):
            yield from differences(real.get(key, "<absent>"), ours.get(key, "<absent>"), f"{at}.{key}")
    elif isinstance(real, list) and isinstance(ours, list) and len(real) == len(ours):
        for index, (one, other) in enumerate(zip(real, ours, strict=True)):
            yield from differences(one, other, f"{at}[{index}]")
    elif real != ours:
        yield f"{at}\n      real: {json.dumps(real)[:20000]}\n      ours: {json.dumps(ours)[:20000]}"
