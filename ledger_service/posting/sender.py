"""Sending: signed batches become transactions, stored and committed before they are broadcast.

An exception on a send means that nothing is known: the transaction stays stored, and each pass looks whether its batches are on the chain, and
else sends the same bytes again. A batch is in at most one transaction that may still land.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger_service.chain.anvil import send_in_one_block
from ledger_service.chain.codec import Refusal
from ledger_service.chain.contract import ChainLies, Tip
from ledger_service.chain.rpc import RpcFault
from ledger_service.chain.signing import sign_transaction
from ledger_service.chain.transactions import (
    Fees,
    SendFault,
    broadcast,
    meaning_of,
    nonce_of,
    receipts_of,
    suggest_fees,
)
from ledger_service.journal.batches import BatchKey, BatchRow
from ledger_service.journal.transactions import TransactionRow
from ledger_service.posting.fees import raised, replaced
from ledger_service.posting.findings import Findings
from ledger_service.posting.follower import Follower
from ledger_service.posting.packing import Pack, next_seqs, pack, postable
from ledger_service.posting.ports import ChainAccess, PostingContext

IN_FLIGHT_MAX = 16
BATCHES_A_STEP = 64
ALONE_ATTEMPTS_MAX = 2
REPLACE_AFTER_SECONDS = 60
TRANSFER_GAS = 21_000
_SUBJECT = "sender"
# What another landing can mend; everything else wants a person.
_PASSING = frozenset({Refusal.UNKNOWN_DESK, Refusal.GAP, Refusal.PAUSED, Refusal.BAD_DAY, Refusal.NOT_YET})


@dataclass(slots=True)
class _Trouble:
    """What this process learned of batches that did not land: how often alone in a transaction, and at how many posts."""

    reverted: dict[BatchKey, int] = field(default_factory=dict)
    refused_at: dict[BatchKey, int] = field(default_factory=dict)


class Sender:
    """The one owner of the sender's nonces."""

    def __init__(self, context: PostingContext, chain: ChainAccess, findings: Findings, follower: Follower) -> None:
        self._context = context
        self._chain = chain
        self._findings = findings
        self._follower = follower
        self._trouble = _Trouble()
        self.is_bulk = False
        """Whether the last step had more than one transaction to send: then more batches wait."""

    def send_step(self) -> int:
        """Settle what is on its way, send again what is not mined, send what is new; how many transactions went out."""
        sender = self._chain.sender.address
        self.is_bulk = False
        with self._context.journal.read() as unit:
            stored = unit.transactions.stored(sender)
            lost = unit.posts.lost(BATCHES_A_STEP)
            rows = unit.posts.to_post(BATCHES_A_STEP)
        if not stored and not rows and not lost:
            self._measure((), 0)
            return 0
        nonce = self._next_nonce()
        flying = self._settle(stored, nonce)
        self._measure(flying, nonce)
        sent = self._fill_gaps(flying, nonce) + self._resend(flying)
        carried = {key for one in flying for key in one.batches}
        room = IN_FLIGHT_MAX - len({one.nonce for one in flying})
        if room <= 0:
            return sent
        packs = self._next_packs(lost, rows, carried)[:room]
        self.is_bulk = len(packs) > 1
        if packs and self._next_nonce() < nonce:
            return sent  # a reorg since the first answer: what the chain misses may be in transactions that are stored
        return sent + self._send(packs, nonce)

    def _next_nonce(self) -> int:
        return nonce_of(self._chain.rpc, self._chain.sender.address, "latest")

    def _measure(self, flying: Sequence[TransactionRow], nonce: int) -> None:
        """A gap is a nonce that the chain waits for and nobody has stored: nothing after it would ever land."""
        measures = self._findings.measures
        measures.set("nonces_in_flight", len({one.nonce for one in flying}))
        measures.set("nonce_gap", min((one.nonce for one in flying), default=nonce) - nonce)

    # ---- what is on its way

    def _settle(self, stored: Sequence[TransactionRow], nonce: int) -> list[TransactionRow]:
        """Those that may still land. A nonce that a reorg gave back makes its transaction one of them again."""
        sender = self._chain.sender.address
        with self._context.journal.read() as unit:
            returned = unit.transactions.settled_from(sender, nonce)
        if returned:
            with self._context.journal.write() as unit:
                unit.transactions.revive(sender, nonce)
                unit.commit()
            with self._context.journal.read() as unit:
                stored = unit.transactions.stored(sender)
        used = [one for one in stored if one.nonce < nonce]
        if used:
            settled, dropped = self._sort_used(used)
            if dropped and self._next_nonce() < nonce:
                dropped = []  # no other call has used their nonces: a reorg has given them back
            with self._context.journal.write() as unit:
                unit.transactions.move(settled, "settled")
                unit.transactions.move(dropped, "dropped")
                unit.commit()
        return [one for one in stored if one.nonce >= nonce]

    def _sort_used(self, used: Sequence[TransactionRow]) -> tuple[list[bytes], list[bytes]]:
        """Hashes that are settled (mined, or all they carry is on the chain) and those whose nonce another one used."""
        keys = sorted({key for one in used for key in one.batches})
        with self._context.journal.read() as unit:
            marks = unit.batches.marks(keys)
        heads = dict(zip(keys, self._chain.contract.heads_of(keys, "latest"), strict=True))
        landed = {key for key in keys if key in marks and heads[key] == marks[key].head}
        settled = [one.hash for one in used if landed.issuperset(one.batches)]
        unclear = [one for one in used if not landed.issuperset(one.batches)]
        dropped = []
        for one, receipt in zip(unclear, receipts_of(self._chain.rpc, [one.hash for one in unclear]), strict=True):
            if receipt is None:
                dropped.append(one.hash)
                continue
            settled.append(one.hash)
            missing = [key for key in one.batches if key not in landed]
            if receipt.succeeded:
                self._note_refused(missing, receipt.block_number)
            else:
                self._note_reverted(missing)
        return settled, dropped

    def _note_refused(self, keys: Sequence[BatchKey], block: int) -> None:
        """The contract took the call in this block and not these batches; its event, which the follower reads, says why.

        What landed in that block or since may be what they waited for: with today's count they would wait for one more, which may never come.
        """
        try:
            posts = self._chain.contract.status(block - 1).posts
        except RpcFault:  # the node has that state no more
            posts = self._chain.contract.status("latest").posts
        for key in keys:
            self._trouble.refused_at[key] = posts

    def _note_reverted(self, keys: Sequence[BatchKey]) -> None:
        """Out of gas or worse: each goes alone, and not for ever."""
        for key in keys:
            attempts = self._trouble.reverted.get(key, -1) + 1
            self._trouble.reverted[key] = attempts

    def _resend(self, flying: Sequence[TransactionRow]) -> int:
        """Send the same bytes again, the last of each nonce: it may have been lost, dropped, or thrown out by a reorg."""
        latest = {one.nonce: one for one in flying}
        for nonce in sorted(latest):
            self._resend_one(latest[nonce])
        return len(latest)

    def _resend_one(self, one: TransactionRow) -> None:
        meaning = self._broadcast(one.raw)
        age = self._context.clock.now() - one.created_at
        if meaning is SendFault.UNDERPRICED or (meaning is SendFault.KNOWN and age >= REPLACE_AFTER_SECONDS):
            self._replace(one)

    def _replace(self, one: TransactionRow) -> None:
        """The same call with the same nonce and a higher fee, stored first like any other."""
        fees = raised(one.raw, suggest_fees(self._chain.rpc))
        signed = replaced(self._chain.sender, one.raw, fees)
        with self._context.journal.write() as unit:
            unit.transactions.add(
                self._chain.sender.address,
                one.nonce,
                signed.hash,
                signed.raw,
                one.batches,
                self._context.clock.now(),
                replaces=True,
            )
            unit.commit()
        self._broadcast(signed.raw)

    def _fill_gaps(self, flying: Sequence[TransactionRow], nonce: int) -> int:
        """Nonces below one that is on its way and that no transaction of ours has: nothing above them is ever mined.

        It takes a node that once named a nonce beyond the next. An empty transaction to ourselves takes the place.
        """
        taken = {one.nonce for one in flying}
        gaps = [one for one in range(nonce, max(taken, default=nonce)) if one not in taken][:IN_FLIGHT_MAX]
        if not gaps:
            return 0
        sender, fees = self._chain.sender, suggest_fees(self._chain.rpc)
        signed = [
            sign_transaction(
                sender,
                chain_id=self._context.domain.chain_id,
                nonce=gap,
                to=sender.address,
                data=b"",
                gas=TRANSFER_GAS,
                max_fee=fees.max_fee,
                max_priority_fee=fees.max_priority_fee,
            )
            for gap in gaps
        ]
        with self._context.journal.write() as unit:
            for gap, one in zip(gaps, signed, strict=True):
                unit.transactions.add(sender.address, gap, one.hash, one.raw, (), self._context.clock.now())
            unit.commit()
        for one in signed:
            self._broadcast(one.raw)
        return len(signed)

    # ---- what is new

    def _next_packs(self, lost: Sequence[BatchRow], rows: Sequence[BatchRow], carried: set[BatchKey]) -> list[Pack]:
        """What had a place on the chain goes first and alone, so that all of it gets its place again before anything new comes.

        Where none of it can land (the chain has another batch in its place), the rest does not wait for a person.
        """
        if any(row.key in carried for row in lost):
            return self._packs([row for row in lost if row.key not in carried], carried)
        return self._packs(lost, carried) or self._packs([row for row in rows if row.key not in carried], carried)

    def _packs(self, rows: Sequence[BatchRow], carried: set[BatchKey]) -> list[Pack]:
        if not rows:
            return []
        desks = {row.batch.desk for row in rows} | {need.desk for row in rows for need in row.batch.needs}
        desks |= {desk for desk, _ in carried}
        tips = self._chain.contract.tips(sorted(desks), "latest")
        fitting = [row for row in rows if self._fits(row, tips[row.batch.desk]) and self._may_go(row.key)]
        return pack(postable(fitting, next_seqs(tips, sorted(carried))), self._trouble.reverted)

    def _fits(self, row: BatchRow, tip: Tip) -> bool:
        """Whether a batch continues what is on the chain; one that does not will never land."""
        batch = row.batch
        if tip.next_seq == batch.seq and tip.head != batch.previous_head:
            if self._chain.contract.tips([batch.desk], "latest")[batch.desk] != tip:
                raise ChainLies(f"desk {batch.desk} was shown at two heads")  # one answer stops no desk for good
            self._findings.stop_desk(
                batch.desk, f"batch {batch.seq - 1} of desk {batch.desk} on the chain is another one than in the books"
            )
            return False
        return batch.seq >= tip.next_seq  # an earlier one is there already: the follower reads it

    def _may_go(self, key: BatchKey) -> bool:
        if self._trouble.reverted.get(key, 0) >= ALONE_ATTEMPTS_MAX:
            self._findings.add(  # each time, so that acknowledging it hides it for one pass only
                f"batch {key[0]}/{key[1]}",
                f"batch {key[1]} of desk {key[0]} reverts, also alone in a transaction: it is not sent any more",
            )
            return False
        reason, value = self._follower.refusals.get(key, (None, 0))
        if reason is not None and reason not in _PASSING:
            self._findings.stop_desk(
                key[0], f"batch {key[1]} of desk {key[0]} is refused: {reason.name.lower()} ({value})"
            )
            return False
        if reason is not None:
            self._findings.notice(
                f"batch {key[0]}/{key[1]}",
                f"batch {key[1]} of desk {key[0]} waits, the contract refuses it: {reason.name.lower()} ({value})",
            )
        refused_at = self._trouble.refused_at.get(key)
        # Nothing but another landing changes what the contract says, so asking again before is a waste of gas.
        return refused_at is None or self._chain.contract.status("latest").posts > refused_at

    def _send(self, packs: Sequence[Pack], chain_nonce: int) -> int:
        if not packs:
            return 0
        sender = self._chain.sender.address
        with self._context.journal.read() as unit:
            last = unit.transactions.last_nonce(sender)
        first = chain_nonce if last is None else max(chain_nonce, last + 1)
        fees = suggest_fees(self._chain.rpc)
        signed = [
            sign_transaction(
                self._chain.sender,
                chain_id=self._context.domain.chain_id,
                nonce=nonce,
                to=self._context.domain.contract,
                data=one.calldata(),
                gas=one.gas,
                max_fee=fees.max_fee,
                max_priority_fee=fees.max_priority_fee,
            )
            for nonce, one in enumerate(packs, first)
        ]
        with self._context.journal.write() as unit:
            for nonce, (one, transaction) in enumerate(zip(packs, signed, strict=True), first):
                unit.transactions.add(
                    sender, nonce, transaction.hash, transaction.raw, one.keys, self._context.clock.now()
                )
            unit.commit()
        self._context.kill_points.reach("after_store")
        self._broadcast_all([transaction.raw for transaction in signed])
        self._context.kill_points.reach("after_broadcast")
        return len(signed)

    def _broadcast_all(self, raws: Sequence[bytes]) -> None:
        if self._chain.embedded is None or len(raws) == 1:
            for raw in raws:
                self._broadcast(raw)
            return
        for answer in send_in_one_block(self._chain.rpc, raws):
            if isinstance(answer, RpcFault):
                self._say(meaning_of(answer), answer)

    def _broadcast(self, raw: bytes) -> SendFault | None:
        """Send, and say what a refusal means; the stored hash settles the rest."""
        try:
            broadcast(self._chain.rpc, raw)
        except RpcFault as fault:
            meaning = meaning_of(fault)
            self._say(meaning, fault)
            return meaning
        self._findings.clear(_SUBJECT)
        return None

    def _say(self, meaning: SendFault, fault: RpcFault) -> None:
        if meaning in (SendFault.UNFUNDED, SendFault.OTHER):
            self._findings.add(_SUBJECT, f"the node does not take the poster's transactions: {fault.fault_message}")


__all__ = ["IN_FLIGHT_MAX", "Fees", "Sender"]
