"""What posting needs from outside: books, keys, clocks, and the chain that it speaks to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from ledger_service.chain.artifact import Artifact
from ledger_service.chain.contract import LedgerContract
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import Signer
from ledger_service.domain.alarms import NO_ALARMS, Alarms
from ledger_service.domain.batches import Domain
from ledger_service.domain.kill_points import KillPoints
from ledger_service.journal.unit import Journal
from ledger_service.journal.vault import Vault


class Clock(Protocol):
    """The real clock for time-outs, the business date for the day of an order's batch."""

    def now(self) -> int:
        """UTC seconds."""
        ...

    def today(self) -> date:
        """The business date (Asia/Seoul)."""
        ...


class DeskSigners(Protocol):
    """The keys that the operator holds."""

    def signers_of(self, desk: int, among: Collection[bytes] | None = None) -> Sequence[Signer]:
        """Those of a desk, of these addresses only where some are given; none where the organisation holds its key: then the batch waits,
        sealed.
        """
        ...


class Embedded(Protocol):
    """The embedded chain's process (chain/anvil.py)."""

    @property
    def url(self) -> str:
        """Where it answers."""
        ...

    def is_alive(self) -> bool:
        """Whether the process runs."""
        ...

    def restart(self) -> None:
        """An empty chain again."""
        ...


@dataclass(frozen=True, slots=True)
class PostingContext:
    """The side of the books. `domain` is known without the chain: its id is a setting and the contract's address follows."""

    journal: Journal
    vault: Vault
    clock: Clock
    random_bytes: Callable[[int], bytes]
    kill_points: KillPoints
    bundles_folder: Path
    signers: DeskSigners
    domain: Domain
    alarms: Alarms = NO_ALARMS


@dataclass(frozen=True, slots=True)
class Deployer:
    """What the contract's address follows from."""

    artifact: Artifact
    district: str
    environment: str
    office_keys: Sequence[bytes]
    guardian: bytes


@dataclass(frozen=True, slots=True)
class Finality:
    """When a block counts as final: that many blocks on top of it, or the node's own word ("finalized")."""

    confirmations: int = 0
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class ChainAccess:
    """The side of the chain. `embedded` is None for a chain that others run."""

    rpc: Rpc
    contract: LedgerContract
    sender: Signer
    deployer: Deployer
    finality: Finality
    embedded: Embedded | None = None
