"""What a long run found, a line of JSON at a time: into the folder that ``KEEP`` in the environment names, if it does.

``python -m benchmarks.proof`` draws what is kept in ``docs/proof``.
"""

import json
import os
from pathlib import Path
from typing import Any


def keep(name: str, **row: Any) -> None:
    """Append a row to ``NAME.jsonl``."""
    if folder := os.environ.get("KEEP"):
        with (Path(folder) / f"{name}.jsonl").open("a") as file:
            file.write(json.dumps(row) + "\n")
