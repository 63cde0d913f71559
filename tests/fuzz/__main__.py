"""``python -m tests.fuzz SECONDS [SEED]``: try on for so long, and tell the seed of every kind of failure."""

import random
import sys
import time
import traceback

from tests.fuzz.properties import PROPERTIES


def main(seconds: float, seed: int) -> int:
    tried: dict[str, int] = {}
    found: dict[str, str] = {}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for holds in PROPERTIES:
            name = holds.__name__
            tried[name] = tried.get(name, 0) + 1
            try:
                holds(random.Random(seed))
            except Exception as error:
                at = traceback.extract_tb(error.__traceback__)[-1]
                found.setdefault(
                    f"{name}: {type(error).__name__} at {at.filename}:{at.lineno}: {error}"[:300], str(seed)
                )
        seed += 1
    for name, count in tried.items():
        sys.stdout.write(f"{count:>10,} {name}\n")
    for what, first in found.items():
        sys.stdout.write(f"seed {first}: {what}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
