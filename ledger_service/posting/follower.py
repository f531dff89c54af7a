"""Following: what the chain says of our batches comes into the books, and balances move when it is final.

Balances move exactly once, because they move in the transaction that turns a batch from posted to final, and only if it does. Batches become final in
the order of the chain. One whose balances the books cannot hold stops its own desk, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ledger_service.chain.codec import Refusal
from ledger_service.chain.hexes import number_of
from ledger_service.chain.reader import PostedBatch, posted_between
from ledger_service.chain.rpc import read_answer
from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.journal.batches import BatchKey, BatchMark
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.posts import Post
from ledger_service.journal.unit import WriteUnit
from ledger_service.posting.cross_check import require_read_twice, require_storage_agrees
from ledger_service.posting.desk_signatures import keep_bundles
from ledger_service.posting.finality import Settled, finalise, settled_of
from ledger_service.posting.findings import Findings
from ledger_service.posting.gate import Gate
from ledger_service.posting.landing_checks import LandingChecks
from ledger_service.posting.landings import Landing, Reading, read_landings
from ledger_service.posting.ports import ChainAccess, PostingContext
from ledger_service.posting.progress import Progress, no_progress
from ledger_service.posting.read_back import ReadBack
from ledger_service.posting.resealing import bring_back
from ledger_service.posting.settlement import Settlement

BLOCKS_A_STEP = 500
BATCHES_A_UNIT = 6  # keeps the write lock short: some 3,000 entries, 20 to 30 ms
BATCHES_FINAL_A_STEP = 600


class Follower:
    """Reads blocks and marks batches. One thread at a time."""

    def __init__(
        self, context: PostingContext, chain: ChainAccess, findings: Findings, read_back: ReadBack, gate: Gate
    ) -> None:
        self._context = context
        self._chain = chain
        self._findings = findings
        self._checks = LandingChecks(context, findings)
        self._read_back = read_back
        self._gate = gate
        self._unsettled: set[BatchKey] = set()
        """Batches whose balances the books cannot hold: tried once by each process."""
        self.refusals: dict[BatchKey, tuple[Refusal, int]] = {}
        """Why the contract refused what we sent, until it lands. Others' transactions say nothing: anyone may post our batch
        with worthless signatures."""

    def read_all(self, progress: Progress = no_progress) -> None:
        """Step after step until the blocks that are there now are read as far as they can be, and nothing final is left to settle.

        Not until no block is left: a chain may grow as fast as it is read.
        """
        latest = read_answer(number_of, self._chain.rpc.call("eth_blockNumber"))
        before, last, marked = None, self._last_block()[0], 0
        while before != last and (before is None or last < latest):
            marked = self.follow_step(progress)
            before, last = last, self._last_block()[0]
        while marked:
            marked = self.follow_step(progress)

    def _last_block(self) -> tuple[int, bytes]:
        with self._context.journal.read() as unit:
            last = unit.chain_marks.last_block()
        assert last is not None, "the chain is prepared before it is followed"
        return last

    def follow_step(self, progress: Progress = no_progress) -> int:
        """Read the next blocks and settle what is final; how many batches were marked posted or final.

        The next blocks must follow the last that was read: a reorg since the watch looked would otherwise be read over, never to be noticed.
        """
        last, last_hash = self._last_block()
        latest = read_answer(number_of, self._chain.rpc.call("eth_blockNumber"))
        final = self._final_block(latest)
        marked = 0
        if latest > last:
            to_block = min(latest, last + BLOCKS_A_STEP)
            reading = read_landings(self._chain.contract, last + 1, to_block, last_hash)
            require_storage_agrees(self._chain.contract, reading)
            with self._context.journal.read() as unit:
                marks = unit.batches.marks(landing.key for landing in reading.landings)
            require_read_twice(self._chain.contract, reading, lambda landings: self._checks.is_grave(landings, marks))
            if bring_back(self._context, reading.landings, marks):
                with self._context.journal.read() as unit:
                    marks = unit.batches.marks(landing.key for landing in reading.landings)
            if len(marks) == len({landing.key for landing in reading.landings}):
                marked = self._take_in(reading, final, marks)
            else:
                marked = self._take_in_unknown(reading, set(marks), final)
            progress("reading the chain", to_block - last, latest - last)
        return marked + self._finalise_rest(final)

    def _take_in_unknown(self, reading: Reading, known: set[BatchKey], final: int) -> int:
        """Blocks with batches that the books do not have: these are read back, each in its place, once it is final.

        Reading stops before the first that is not final yet; its desk neither seals nor signs until it is.
        """
        waiting = [one for one in reading.landings if one.key not in known and one.event.position.block_number > final]
        for landing in waiting:
            self._gate.wait_for(landing.event.desk)
        if waiting:
            reading = _before(reading, waiting[0].event.position.block_number)
        marked = 0
        for landing in reading.landings:
            if landing.key in known:
                marked += self._take_in(Reading((), (landing,), ()), final)
            else:
                marked += self.bring_in(landing)
        for desk in {one.event.desk for one in reading.landings} - {one.event.desk for one in waiting}:
            self._gate.caught_up(desk)
        return marked + self._take_in(Reading(reading.blocks, (), reading.refused), final)

    def bring_in(self, landing: Landing, *, is_foreign: bool = False) -> int:
        """A batch that the books do not have, and that is final: read back, then taken for one of ours."""
        final = landing.event.position.block_number
        while self._finalise_rest(final):  # coins come before the charges that spend them
            pass
        self._read_back.take(landing, is_foreign=is_foreign)
        return self._take_in(Reading((), (landing,), ()), final)

    def is_final(self, landing: Landing) -> bool:
        """Whether a landing stands in a block that no reorg undoes, and that was read."""
        latest = read_answer(number_of, self._chain.rpc.call("eth_blockNumber"))
        return landing.event.position.block_number <= self._final_block(latest)

    def _final_block(self, latest: int) -> int:
        finality = self._chain.finality
        if finality.tag is None:
            return latest - finality.confirmations
        block = self._chain.rpc.call("eth_getBlockByNumber", [finality.tag, False])
        return read_answer(lambda answer: number_of(answer["number"]), block)

    def _take_in(self, reading: Reading, final: int, marks: dict[BatchKey, BatchMark] | None = None) -> int:
        if marks is None:
            with self._context.journal.read() as unit:
                marks = unit.batches.marks(landing.key for landing in reading.landings)
        ours = [landing for landing in reading.landings if self._is_ours(landing, marks.get(landing.key))]
        self._checks.check_coins(ours, marks)
        self._checks.check_again([one for one in ours if marks[one.key].state == "final"])
        self._note_refusals(reading, ours)
        unsigned = self._signatures_of([one for one in ours if marks[one.key].state == "sealed"])
        keep_bundles(self._context, [one.signed for one in unsigned])
        posts = [_post(landing) for landing in ours]
        fresh = [landing for landing in ours if marks[landing.key].state != "final"]
        final_now = self._final_at_once(fresh, final)
        settled = self._settled([landing.key for landing in final_now], {one.key: one for one in final_now})
        if posts:
            self._context.kill_points.reach("before_mark")
        try:
            self._write_landings(reading, unsigned, posts, fresh, settled)
        except (
            RowConflict
        ):  # the balances: what landed is marked without them, and they are settled one by one after it
            self._write_landings(reading, unsigned, posts, fresh, Settled((), Settlement()))
        else:
            self._measure(settled.keys)
        self._unsettled.difference_update(landing.key for landing in fresh)
        for landing in fresh:
            self._findings.note_skips(landing.event.desk, landing.event.seq, landing.skips)
        return len(posts)

    def _final_at_once(self, fresh: Sequence[Landing], final: int) -> Sequence[Landing]:
        """Those that become final with their landing: none where earlier ones wait, so that the order is the chain's."""
        found = [one for one in fresh if one.event.position.block_number <= final][:BATCHES_A_UNIT]
        if found:
            with self._context.journal.read() as unit:
                if unit.posts.posted_up_to(final, 1):
                    return ()
        return found

    def _write_landings(
        self,
        reading: Reading,
        unsigned: Sequence[PostedBatch],
        posts: Sequence[Post],
        fresh: Sequence[Landing],
        settled: Settled,
    ) -> None:
        with self._context.journal.write() as unit:
            for signed in unsigned:
                unit.batches.sign(signed.event.desk, signed.event.seq, signed.event.head, signed.signed.signatures)
            unit.posts.mark_posted(posts)
            for landing in fresh:
                _mark_skips(unit, landing)
            finalise(unit, settled)
            unit.chain_marks.add_blocks(reading.blocks)
            unit.commit()

    def _finalise_rest(self, final: int) -> int:
        with self._context.journal.read() as unit:
            waiting = unit.posts.posted_up_to(final, BATCHES_FINAL_A_STEP + len(self._unsettled))
        keys = [mark.key for mark in waiting if mark.key not in self._unsettled]
        return sum(
            self._finalise_group(keys[start : start + BATCHES_A_UNIT]) for start in range(0, len(keys), BATCHES_A_UNIT)
        )

    def _finalise_group(self, keys: Sequence[BatchKey]) -> int:
        """Some batches in one unit of work; where the books refuse it, each in its own, so that one does not hold the others."""
        settled = self._settled(keys, {})
        try:
            with self._context.journal.write() as unit:
                finalise(unit, settled)
                unit.commit()
        except RowConflict:
            if len(keys) > 1:
                return sum(self._finalise_group([key]) for key in keys)
            ((desk, seq),) = keys
            self._unsettled.add((desk, seq))
            self._findings.stop_desk(
                desk, f"batch {seq} of desk {desk} is final and cannot be settled: an account would owe coins"
            )
            return 0
        self._measure(keys)
        return len(keys)

    def _measure(self, keys: Sequence[BatchKey]) -> None:
        """How long it took from acceptance to finality."""
        now = self._context.clock.now()
        with self._context.journal.read() as unit:
            since = unit.settling.oldest_accepted_at(keys)
        for at in since:
            self._findings.measures.became_final(now - at)

    def _settled(self, keys: Sequence[BatchKey], landings: Mapping[BatchKey, Landing]) -> Settled:
        with self._context.journal.read() as unit:
            return settled_of(unit, keys, landings)

    def _is_ours(self, landing: Landing, mark: BatchMark | None) -> bool:
        event = landing.event
        if mark is None:
            return False  # it could not be read back, and that was said
        if mark.head != event.head:
            self._findings.stop_desk(
                event.desk, f"batch {event.seq} of desk {event.desk} on the chain is another one than in the books"
            )
            return False
        return True

    def _signatures_of(self, landings: Sequence[Landing]) -> list[PostedBatch]:
        """Somebody else had the organisation sign and posted: the signatures are on the chain, and a rebuild needs them."""
        found: list[PostedBatch] = []
        for landing in landings:
            block = landing.event.position.block_number
            found += [one for one in posted_between(self._chain.contract, block, block) if one.event == landing.event]
        return found

    def _note_refusals(self, reading: Reading, landed: Sequence[Landing]) -> None:
        if reading.refused:
            with self._context.journal.read() as unit:
                sent = unit.transactions.known(refused.position.transaction_hash for refused in reading.refused)
                marks = unit.batches.marks({(refused.desk, refused.seq) for refused in reading.refused})
            for refused in reading.refused:
                mark = marks.get((refused.desk, refused.seq))
                if mark is None or mark.head != refused.head or mark.state == "sealed":
                    continue  # sealed: its signature was taken back (desk_signatures.py), and another one will be tried
                if refused.position.transaction_hash in sent:
                    self.refusals[mark.key] = (refused.reason, refused.value)
        for landing in landed:
            self.refusals.pop(landing.key, None)
            self._findings.clear(f"batch {landing.event.desk}/{landing.event.seq}")


def _before(reading: Reading, block: int) -> Reading:
    """What stands before a block."""
    return Reading(
        tuple(one for one in reading.blocks if one[0] < block),
        tuple(one for one in reading.landings if one.event.position.block_number < block),
        tuple(one for one in reading.refused if one.position.block_number < block),
    )


def _post(landing: Landing) -> Post:
    position = landing.event.position
    return Post(
        landing.event.desk,
        landing.event.seq,
        landing.event.post_number,
        position.block_number,
        position.transaction_hash,
        len(landing.skips),
    )


def _mark_skips(unit: WriteUnit, landing: Landing) -> None:
    for index, reason in landing.skips:
        if landing.event.desk == OFFICE_DESK:
            unit.orders.mark_skipped(landing.event.seq, index, reason)
        else:
            unit.settling.mark_skipped(landing.event.desk, landing.event.seq, index, reason)
