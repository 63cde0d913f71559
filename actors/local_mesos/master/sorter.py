"""Who is next: clients by their dominant share, over a tree of roles.

A client's share is the largest of its fractions of the total, divided by its weight. In a hierarchy (``eng/web``) a
role first competes with its siblings through its parent: all that is held below ``eng`` counts for ``eng``. Clients of
``eng`` itself compete with the roles below it. Equal shares: who was given less often, then the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .quantities import Quantities

__all__ = ["Sorter"]


class _Node:
    __slots__ = ("allocated", "allocations")

    def __init__(self) -> None:
        self.allocated = Quantities()
        self.allocations = 0


class Sorter:
    """
    Args:
        hierarchical: whether the names of clients are paths.
    """

    def __init__(self, hierarchical: bool = True) -> None:
        self.total = Quantities()
        self.weights: dict[str, float] = {}
        self._hierarchical = hierarchical
        self._nodes: dict[str, _Node] = {}

    def set_weight(self, path: str, weight: float) -> None:
        self.weights[path] = weight

    def count_total(self, amounts: Mapping[str, int], sign: int) -> None:
        self.total.count(amounts, sign)

    def count(self, client: str, amounts: Mapping[str, int], sign: int) -> None:
        """The client holds more (``sign`` 1) or less (-1)."""
        for path in self._ancestry(client):
            node = self._nodes.get(path)
            if node is None:
                node = self._nodes[path] = _Node()
            node.allocated.count(amounts, sign)
            node.allocations += sign > 0

    def forget(self, client: str) -> None:
        """The client is gone for good."""
        self._nodes.pop(client, None)

    def held(self, path: str) -> Mapping[str, int]:
        """By the client and those below it."""
        node = self._nodes.get(path)
        return node.allocated if node is not None else {}

    def _ancestry(self, client: str) -> list[str]:
        if not self._hierarchical:
            return [client]
        parts = client.split("/")
        # A role's own clients are a leaf of their own, beside the roles below it.
        return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)] + [client + "/."]

    def share(self, path: str) -> float:
        """The dominant share, weighted."""
        node = self._nodes.get(path)
        if node is None:
            return 0.0
        fractions = [amount / self.total[name] for name, amount in node.allocated.items() if self.total.get(name)]
        return max(fractions, default=0.0) / self.weights.get(path.removesuffix("/."), 1.0)

    def sort(self, clients: Iterable[str]) -> list[str]:
        """The clients, whose turn is first first."""
        if not self._hierarchical:
            return sorted(clients, key=self._key)
        tree: dict[str, dict[str, None]] = {}
        for client in clients:
            path = self._ancestry(client)
            for parent, child in zip(["", *path], path, strict=False):
                tree.setdefault(parent, {})[child] = None
        ordered: list[str] = []
        self._walk(tree, "", ordered)
        return ordered

    def _walk(self, tree: dict[str, dict[str, None]], path: str, ordered: list[str]) -> None:
        children = tree.get(path)
        if children is None:
            ordered.append(path.removesuffix("/."))
            return
        for child in sorted(children, key=self._key) if len(children) > 1 else children:
            self._walk(tree, child, ordered)

    def _key(self, path: str) -> tuple[float, int, str]:
        node = self._nodes.get(path)
        return self.share(path), node.allocations if node else 0, path
