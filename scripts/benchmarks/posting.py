"""The posting side of the books: a fresh chain with the contract, and the loops that carry the journal there and back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger_service.chain.anvil import CHAIN_ID, EmbeddedChain, find_anvil
from ledger_service.chain.contract import LedgerContract, load_artifact
from ledger_service.chain.deploy import contract_address
from ledger_service.chain.hexes import number_of
from ledger_service.chain.rpc import Rpc
from ledger_service.chain.signing import LocalSigner, new_private_key
from ledger_service.domain.batches import Domain
from ledger_service.posting.loops import Poster, PostingLoops
from ledger_service.posting.ports import ChainAccess, Deployer, Finality, PostingContext
from scripts.benchmarks.books import Books
from scripts.benchmarks.measure import ROOT, Watch

DISTRICT = "BENCH"
ENVIRONMENT = "test"


class WatchedPoster(Poster):
    """The poster as it is, with a watch on each of its steps."""

    def __init__(self, context: PostingContext, chain: ChainAccess, anvil_pid: int) -> None:
        super().__init__(context, chain)
        self.anvil_pid = anvil_pid
        self.times = Watch()

    def books_pass(self) -> int:
        """Seal and sign."""
        sealed = self.times.take("seal + hash", self.sealer.seal_step)
        return sealed + self.times.take("sign + bundle", self.signatures.sign_step)

    def chain_pass(self) -> int:
        """Send and follow; the chain is not lost here."""
        self.times.take("follow", self.watch.check)
        sent = self.times.take("send", self.sender.send_step)
        return sent + self.times.take("follow", self.follower.follow_step)

    def is_all_final(self) -> bool:
        """Whether nothing waits for a batch, the chain, or its finality."""
        with self.context.journal.read() as unit:
            return not (
                unit.backlog.batches_by_state() or unit.sealing.desks_with_unsealed() or unit.orders.unsealed(1)
            )

    def says(self) -> str:
        """What posting says of itself."""
        with self.context.journal.read() as unit:
            status, waiting = unit.chain_marks.status(), unit.backlog.batches_by_state()
        return f"{status.state if status else 'nothing said'} {status.detail if status else ''} {waiting}"

    def posts(self) -> int:
        """Batches on the chain, as far as the books know."""
        with self.context.journal.read() as unit:
            return unit.posts.last_number()

    def block_number(self) -> int:
        """The latest block."""
        return number_of(self.chain.rpc.call("eth_blockNumber"))


@contextmanager
def open_posting(books: Books, folder: Path) -> Iterator[WatchedPoster]:
    """A fresh embedded chain, the contract on it, and the loops running."""
    sender, guardian = (LocalSigner(new_private_key(os.urandom(32))) for _ in range(2))
    artifact = load_artifact()
    office_keys = sorted(key.address for key in books.keys.office)
    deployer = Deployer(artifact, DISTRICT, ENVIRONMENT, office_keys, guardian.address)
    address = contract_address(artifact, DISTRICT, ENVIRONMENT, office_keys, guardian.address)
    context = PostingContext(
        journal=books.context.journal,
        vault=books.context.vault,
        clock=books.context.clock,
        random_bytes=os.urandom,
        kill_points=books.context.kill_points,
        bundles_folder=folder / "bundles",
        signers=books.keys,
        domain=Domain(CHAIN_ID, address),
    )
    with EmbeddedChain(find_anvil(ROOT), folder / "anvil.log") as anvil, Rpc(anvil.url) as rpc:
        chain = ChainAccess(rpc, LedgerContract(rpc, address), sender, deployer, Finality(), anvil)
        poster = WatchedPoster(context, chain, anvil.pid)
        poster.prepare()
        loops = PostingLoops(poster)
        books.bell.wake = loops.wake
        loops.start()
        try:
            yield poster
        finally:
            loops.stop()
