"""The pod of docs/pods.md is one that the service takes."""

import json
import re
from pathlib import Path

from actors.marathon.model import parse_pod

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pods.md"


def test_the_example_is_a_pod() -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    pod = parse_pod(json.loads(block))
    assert (pod.id, pod.instances, [one.name for one in pod.spec.containers]) == ("/shop/web", 2, ["server", "writer"])
