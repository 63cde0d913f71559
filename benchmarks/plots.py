"""How every plot of ours looks, and is kept: as SVG that changes only where its figures do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["plot"]


@contextmanager
def plot(path: Path, height: float) -> Iterator[Any]:
    """Axes to draw on, ``height`` inches high; what was drawn is in ``path`` afterwards."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "benchmarks"  # ids that do not change from run to run
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, height))
    yield axes
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
