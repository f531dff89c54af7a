"""What must be true before anything is sealed or signed: the books have read all that the chain has."""

from __future__ import annotations

from collections.abc import Iterable


class Gate:
    """Closed until the chain was read once; closed for a desk that has a batch on the chain which the books could not read yet."""

    def __init__(self) -> None:
        self._is_open = False
        self._waiting: set[int] = set()
        self._held: frozenset[int] = frozenset()

    def open(self) -> None:
        """The books have read the chain up to its latest block."""
        self._is_open = True

    def wait_for(self, desk: int) -> None:
        """A batch of this desk is on the chain, and not in the books."""
        self._waiting.add(desk)

    def caught_up(self, desk: int) -> None:
        """The books have what this desk has on the chain."""
        self._waiting.discard(desk)

    def hold(self, desks: Iterable[int]) -> None:
        """Only these desks have bundles of batches that are neither on the chain nor in the books, and wait until those were taken in."""
        self._held = frozenset(desks)

    @property
    def is_holding(self) -> bool:
        """Whether bundles are still to be taken in."""
        return bool(self._held)

    @property
    def is_waiting(self) -> bool:
        """Whether some desk has a batch on the chain that is not final yet and not in the books."""
        return bool(self._waiting)

    @property
    def is_open(self) -> bool:
        """Whether the chain was read since this process began."""
        return self._is_open

    def lets(self, desk: int) -> bool:
        """Whether this desk may seal and sign."""
        return self._is_open and desk not in self._waiting and desk not in self._held
