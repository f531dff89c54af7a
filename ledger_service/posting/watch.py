"""Is this still our chain? Asked before each pass writes anything: a wiped or replaced chain looks like an empty right one."""

from __future__ import annotations

from ledger_service.chain.hexes import bytes_of, number_of
from ledger_service.chain.identity import ChainIdentity, NotOurChain, differences, read_identity
from ledger_service.chain.rpc import RpcFault, read_answer
from ledger_service.journal.chain_marks import IdentityRow
from ledger_service.journal.findings import FINDING
from ledger_service.posting.findings import Findings
from ledger_service.posting.ports import ChainAccess, PostingContext

REORG_SUBJECT = "reorg"


class Watch:
    """Compares what the node shows with what the books remember, and goes back where blocks were replaced."""

    def __init__(self, context: PostingContext, chain: ChainAccess, findings: Findings) -> None:
        self._context = context
        self._chain = chain
        self._findings = findings

    def check(self) -> None:
        """Return when this is our chain and the last block that was read is on it. Raises NotOurChain, RpcUnavailable."""
        with self._context.journal.read() as unit:
            identity, last = unit.chain_marks.identity(), unit.chain_marks.last_block()
        if identity is None or last is None:
            raise NotOurChain(["no chain was prepared for these books"])
        chain_id, block = self._chain.rpc.batch([("eth_chainId", []), ("eth_getBlockByNumber", [hex(last[0]), False])])
        same_id = not isinstance(chain_id, RpcFault) and read_answer(number_of, chain_id) == identity.chain_id
        if same_id and _hash_of(block) == last[1]:
            return
        self._check_identity(identity)
        self._rewind(identity)

    def _check_identity(self, identity: IdentityRow) -> None:
        expected = to_identity(identity)
        found = differences(expected, read_identity(self._chain.rpc, identity.contract, identity.deploy_block))
        if found:
            raise NotOurChain(found)

    def _rewind(self, identity: IdentityRow) -> None:
        """Our chain, but later blocks were replaced: forget what stood in them."""
        with self._context.journal.read() as unit:
            remembered = unit.chain_marks.blocks()
        shown = self._chain.rpc.batch([("eth_getBlockByNumber", [hex(number), False]) for number, _ in remembered])
        fork = next(
            (number for (number, wanted), block in zip(remembered, shown, strict=True) if _hash_of(block) == wanted),
            identity.deploy_block,
        )
        self._findings.measures.highest(
            "reorg_depth_max", max((number for number, _ in remembered), default=fork) - fork
        )
        with self._context.journal.write() as unit:
            was_final = unit.posts.rewind(fork)
            unit.chain_marks.drop_blocks_above(fork)
            if unit.chain_marks.last_block() is None:
                unit.chain_marks.add_blocks([(identity.deploy_block, identity.deploy_block_hash)])
            alarm = f"a reorg down to block {fork} took away {len(was_final)} batches that were final; they are posted again"
            if was_final:  # in the same unit: afterwards nothing tells any more that they were gone
                unit.findings.open_one(FINDING, REORG_SUBJECT, alarm, self._context.clock.now())
            unit.commit()
        if was_final:
            self._findings.add(REORG_SUBJECT, alarm)


def to_identity(row: IdentityRow) -> ChainIdentity:
    """What the books remember, as the chain package compares it."""
    return ChainIdentity(
        row.chain_id, row.genesis_hash, row.contract, row.code_hash, row.deploy_block, row.deploy_block_hash
    )


def _hash_of(block: object) -> bytes | None:
    if not isinstance(block, dict):
        return None
    return read_answer(lambda answer: bytes_of(answer["hash"], 32), block)
