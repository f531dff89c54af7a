"""The audit of one contract from its node alone: every batch is folded again, then held against what the contract keeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger_service.audit.books import BooksCheck
from ledger_service.audit.deployment import Genesis, find_genesis
from ledger_service.audit.findings import Counts, Findings, Report, Severity, finding
from ledger_service.audit.history import History, Landed, NodeIncoherent
from ledger_service.audit.lots import LotCheck
from ledger_service.audit.model import Model
from ledger_service.audit.office import OrderResult
from ledger_service.audit.run import NOBODY, Applied
from ledger_service.audit.signals import Signals, of_state, operator_held
from ledger_service.audit.state import Account, State
from ledger_service.audit.storage import Storage
from ledger_service.audit.texts import NOT_PROVEN
from ledger_service.chain.artifact import load_artifact
from ledger_service.chain.codec import Refusal
from ledger_service.chain.hexes import bytes_of, hex_of, number_of
from ledger_service.chain.rpc import Rpc, RpcFault
from ledger_service.chain.signing import recover
from ledger_service.domain.batches import OFFICE_DESK, Domain, SignedBatch
from ledger_service.domain.entries import Kind, desk_account
from ledger_service.domain.orders import OrderCode
from ledger_service.errors import BoramError, Unavailable

PIN_ATTEMPTS_MAX = 5

_STATUS_NAMES = ("posts", "latest day", "open until", "sealed", "paused")
_TOTALS_NAMES = ("credited", "opened", "reissued", "restored", "burnt")


class NoContract(Unavailable):
    """There is no code at the address."""

    code = "no_contract"

    def __init__(self, contract: bytes) -> None:
        super().__init__(
            f"there is no contract at {hex_of(contract)} on this chain; check --rpc and --contract",
            f"이 체인의 {hex_of(contract)} 주소에는 컨트랙트가 없습니다. --rpc와 --contract를 확인하세요",
        )


class ChainMoved(Unavailable):
    """The chain was reorganised while it was read."""

    code = "chain_moved_under_audit"

    def __init__(self) -> None:
        super().__init__(
            "the chain changed its past while it was read; run the audit again",
            "읽는 동안 체인의 과거 블록이 바뀌었습니다. 다시 실행하세요",
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an audit is."""

    block: int
    last_block: int
    entries: int


@dataclass(frozen=True, slots=True)
class Audited:
    """A report with what it rests on, for those who compare further (the books)."""

    report: Report
    state: State
    findings: Findings


BatchSeen = Callable[[Landed, SignedBatch, Applied], None]
"""Called with every batch after it was folded: the books' checker follows the chain by it."""


class Audit:
    """One run. `genesis` names the first office keys where the node cannot show the deployment."""

    def __init__(
        self,
        rpc: Rpc,
        contract: bytes,
        *,
        genesis: Genesis | None = None,
        checkpoints: Mapping[tuple[int, int], bytes] | None = None,
        books: Path | None = None,
        progress: Callable[[Progress], None] | None = None,
        batch_seen: Sequence[BatchSeen] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rpc = rpc
        self._contract = contract
        self._genesis = genesis
        self._checkpoints = dict(checkpoints or {})
        self._progress = progress or (lambda _: None)
        self._books = books
        self._batch_seen = list(batch_seen)
        self._monotonic = monotonic
        self.findings = Findings()
        self.counts = Counts()
        self._signals = Signals()
        self._lots = LotCheck(self.findings, self.counts)
        self._history: History
        self._is_whole = True

    def run(self) -> Audited:
        """Read, fold and compare. Raises BoramError where the audit could not run."""
        began = self._monotonic()
        chain_id, last_block, code = self._connect()
        domain = Domain(chain_id, self._contract)
        self._history = History(self._rpc, domain)
        books = BooksCheck(domain, self.findings, self.counts)
        if self._books is not None:
            self._batch_seen.append(books.see)
        first_post = self._history.first_post_block(last_block)
        model = self._model(chain_id, first_post if first_post is not None else last_block, code)
        pinned, pinned_hash = self._fold(model, first_post, last_block)
        state = model.state
        self._compare(state, Storage(self._rpc, self._contract, pinned_hash))
        if self._block_hash(pinned) != pinned_hash:
            raise ChainMoved
        self._count(state, pinned - (first_post if first_post is not None else pinned) + 1)
        if self._books is not None and self._is_whole:
            books.read(self._books, state)
        self.counts.seconds = round(self._monotonic() - began, 3)
        listed = self.findings.listed()
        odd = [one for one in listed if one.severity is Severity.SIGNAL]
        if conflicts := self._history.refusals.get(Refusal.CONFLICT.name):
            odd.append(finding("conflicts", "contract", 0, conflicts))
        signals = (*of_state(state), *self._signals.of_desks(), *self._signals.of_days(state), *odd)
        report = Report(
            chain_id=chain_id,
            contract=hex_of(self._contract),
            block_number=pinned,
            block_hash=hex_of(pinned_hash),
            counts=self.counts,
            findings=tuple(one for one in listed if one.severity is Severity.BROKEN),
            signals=signals,
            not_proven=NOT_PROVEN,
        )
        return Audited(report, state, self.findings)

    # Reading

    def _connect(self) -> tuple[int, int, bytes]:
        chain_id, last_block, code = self._rpc.batch(
            [("eth_chainId", []), ("eth_blockNumber", []), ("eth_getCode", [hex_of(self._contract), "latest"])]
        )
        found = _answer(bytes_of, code)
        if not found:
            raise NoContract(self._contract)
        return _answer(number_of, chain_id), _answer(number_of, last_block), found

    def _model(self, chain_id: int, first_post_block: int, code: bytes) -> Model:
        known = load_artifact()
        for difference in known.differences(code, chain_id=chain_id, address=self._contract, district=None):
            self.findings.add("deployment", hex_of(self._contract), "the published code", difference)
        genesis = self._genesis
        if genesis is None:
            genesis, creation_code = find_genesis(self._rpc, self._contract, first_post_block)
            if not creation_code.startswith(known.bytecode):
                self.findings.add("deployment", hex_of(self._contract), "the published creation code", "another")
        return Model(Domain(chain_id, self._contract), genesis.office_signers, genesis.guardian, _signer)

    def _fold(self, model: Model, first_block: int | None, last_block: int) -> tuple[int, bytes]:
        """Fold up to a block that is still the newest when all is read, and give its number and hash."""
        done = (first_block if first_block is not None else last_block + 1) - 1
        for _ in range(PIN_ATTEMPTS_MAX):
            with ThreadPoolExecutor(max_workers=1) as beside:  # the node answers for one while the other is folded
                for last, landed in self._history.landed(done + 1, last_block):
                    transfers = beside.submit(self._history.sum_transfers, done + 1, last)
                    for one in landed:
                        self._fold_one(model, one)
                    transfers.result()
                    done = last
                    self._progress(Progress(last, last_block, self.counts.entries))
            pinned_hash = self._block_hash(last_block)
            newest = _answer(number_of, self._rpc.call("eth_blockNumber"))
            if newest == last_block:
                break
            last_block = max(newest, last_block)
        else:
            pinned_hash = self._block_hash(done)
        return done if done >= 0 else last_block, pinned_hash

    def _block_hash(self, number: int) -> bytes:
        block = self._rpc.call("eth_getBlockByNumber", [hex(number), False])
        try:
            return bytes_of(block["hash"], 32)
        except (KeyError, TypeError, ValueError) as error:
            raise NodeIncoherent(f"block {number} cannot be read: {error}") from error

    # Folding

    def _fold_one(self, model: Model, landed: Landed) -> None:
        if not self._is_whole:
            return
        event, where = landed.event, f"{landed.event.desk}/{landed.event.seq}"
        chosen = self._content(model, landed, where)
        if chosen is None:
            self._is_whole = False
            return
        signed, head = chosen
        self.findings.compare("head", where, head, event.head, hex_of)
        expected_number = model.state.posts + 1
        if not self.findings.compare("post_number", where, expected_number, event.post_number):
            self._is_whole = False
            return
        refused = model.refusal_of(signed, head)
        if refused is not None:
            self.findings.add("landed", where, "", f"{refused.reason.name} {refused.value}")
        known = self._checkpoints.pop((event.desk, event.seq), head)
        self.findings.compare("checkpoint", where, known, head, hex_of)
        applied = model.apply(signed, head)
        self._lots.see(signed.batch, applied)
        self._compare_events(landed, applied, where)
        self._signals.watch(signed.batch, applied, model.state)
        self._add(signed, applied)
        for seen in self._batch_seen:
            seen(landed, signed, applied)

    def _content(self, model: Model, landed: Landed, where: str) -> tuple[SignedBatch, bytes] | None:
        """The batch behind an event: among the copies with its head the first that could land."""
        for signed, head in landed.claims:
            if head == landed.event.head and model.refusal_of(signed, head) is None:
                return signed, head
        chosen = next(iter(landed.claims), None)
        if chosen is None:
            self.findings.add("unreadable", where, "", f"transaction {hex_of(landed.event.position.transaction_hash)}")
        return chosen

    def _compare_events(self, landed: Landed, applied: Applied, where: str) -> None:
        event, compare = landed.event, self.findings.compare
        compare("coins_applied", where, applied.coins_applied, event.coins_applied)
        compare("skipped_hash", where, applied.skipped_hash, event.skipped_hash, hex_of)
        compare("skips", where, applied.skips, [(index, int(reason)) for index, reason in landed.skips], _skips)
        compare("reissued", where, applied.reissued, landed.reissued, _skips)
        compare("orders", where, [_order(one) for one in applied.orders], [_order(one) for one in landed.orders], _list)

    def _add(self, signed: SignedBatch, applied: Applied) -> None:
        counts, of_kind = self.counts, applied.coins_of_kind
        counts.batches += 1
        counts.entries += signed.batch.count
        counts.entries_skipped += len(applied.skips)
        counts.coins_credited += of_kind.get(Kind.CREDIT, 0)
        counts.coins_redeemed += of_kind.get(Kind.REDEEM, 0)
        counts.coins_refunded += of_kind.get(Kind.REFUND, 0)
        counts.coins_donated += of_kind.get(Kind.DONATE, 0)
        counts.coins_expired += of_kind.get(Kind.EXPIRE, 0)
        counts.coins_corrected += of_kind.get(Kind.CORRECT, 0)
        counts.coins_set_off += of_kind.get(Kind.SET_OFF, 0)
        counts.coins_opened += of_kind.get(Kind.OPENING, 0)
        counts.coins_closed += of_kind.get(Kind.MONTH_CLOSE, 0)
        entries = applied.entries_of_kind
        counts.accounts_closed += entries.get(Kind.CLOSURE, 0)
        counts.accounts_merged += entries.get(Kind.MERGE, 0) // 2
        counts.month_closes += entries.get(Kind.MONTH_CLOSE, 0)

    # Comparing

    def _compare(self, state: State, storage: Storage) -> None:
        for (desk, seq), head in self._checkpoints.items():
            self.findings.add("checkpoint", f"{desk}/{seq}", hex_of(head), "nothing")
        found_status = storage.status()
        expected = (state.posts, state.latest_day, state.open_until, int(state.is_sealed), int(state.is_paused))
        for name, wanted, found in zip(_STATUS_NAMES, expected, found_status, strict=True):
            self.findings.compare("status", name, wanted, found)
        if not self._is_whole:
            return  # a fold that lacks batches says nothing about balances
        self._compare_accounts(state, storage)
        self._lots.check(state)
        self._compare_batches(state, storage)
        for name, wanted, found in zip(_TOTALS_NAMES, state.totals.as_tuple(), storage.totals(), strict=True):
            self.findings.compare("totals", name, wanted, found)
        self.findings.compare("supply", "supply", state.totals.supply, storage.supply())

    def _compare_accounts(self, state: State, storage: Storage) -> None:
        accounts = set(state.accounts) | {desk_account(desk) for desk in state.desks if desk != OFFICE_DESK}
        sums = self._history.transfer_sums
        sums.pop(NOBODY.hex(), None)
        accounts.update(bytes.fromhex(one) for one in sums)
        nothing = Account()
        for account, slot in storage.slots(sorted(accounts)):
            expected = state.accounts.get(account, nothing)
            if expected.packed() != slot:
                self._compare_slot(account, expected.packed(), slot)
            self.findings.compare("transfers", hex_of(account), expected.coins, sums.get(account.hex(), 0))
        owed = [desk_account(desk) for desk in state.desks if desk != OFFICE_DESK]
        for account, krw in storage.krw_due(sorted({*state.dues, *owed})):
            due = state.dues.get(account)
            self.findings.compare("krw_due", hex_of(account), due.krw if due else 0, krw)

    def _compare_slot(self, account: bytes, expected: int, found: int) -> None:
        where, compare, mask = hex_of(account), self.findings.compare, 2**64 - 1
        compare("balance", where, expected & mask, found & mask)
        compare("debt", where, expected >> 64 & mask, found >> 64 & mask)
        compare("earned", where, _earned(expected), _earned(found))
        compare("flags", where, _flags(expected), _flags(found))

    def _compare_batches(self, state: State, storage: Storage) -> None:
        names = list(state.heads)
        for (desk, seq), head in storage.heads(names):
            self.findings.compare("stored_head", f"{desk}/{seq}", state.heads[desk, seq], head, hex_of)
        for (desk, seq), skipped in storage.skips(names):
            self.findings.compare("stored_skips", f"{desk}/{seq}", state.skips.get((desk, seq), 0), skipped, _bits)
        for number, (next_seq, head, day) in storage.tips(sorted(state.desks)):
            desk_state = state.desks[number]
            expected = (desk_state.next_seq, desk_state.last_head, desk_state.last_day)
            self.findings.compare("tip", number, expected, (next_seq, head, day), _tip)

    def _count(self, state: State, blocks: int) -> None:
        counts = self.counts
        totals = state.totals
        counts.coins_reissued, counts.coins_restored, counts.coins_burnt = (
            totals.reissued,
            totals.restored,
            totals.burnt,
        )
        counts.supply = totals.supply
        counts.accounts = len(state.accounts)
        counts.desks = len(state.desks) - 1
        counts.desks_held_by_operator = len(operator_held(state))
        counts.transfers = self._history.transfers
        counts.blocks = blocks


def verify(rpc: Rpc, contract: bytes, **options: Any) -> Report:
    """The report of an audit from a node and an address alone; `options` are those of `Audit`."""
    return Audit(rpc, contract, **options).run().report


def _answer(read: Callable[[Any], Any], answer: Any) -> Any:
    if isinstance(answer, RpcFault):
        raise answer
    try:
        return read(answer)
    except ValueError as error:
        raise NodeIncoherent(f"an answer is malformed: {error}") from error


def _signer(digest: bytes, signature: bytes) -> bytes | None:
    try:
        return recover(digest, signature)
    except BoramError:
        return None


def _order(result: OrderResult) -> str:
    """An order's end; the code of a skipped one is not in its event."""
    if result.skip is None:
        return f"{result.index}:{OrderCode(result.code).name.lower()}"
    return f"{result.index}:skipped {result.skip.name.lower()}"


def _list(results: Sequence[str]) -> str:
    return ", ".join(results) or "nothing"


def _skips(skips: Sequence[tuple[int, int]]) -> str:
    return ", ".join(f"{index}:{value}" for index, value in skips) or "nothing"


def _bits(bitmap: int) -> str:
    return ", ".join(str(index) for index in range(512) if bitmap >> index & 1) or "nothing"


def _earned(slot: int) -> str:
    return f"{slot >> 192 & 0xFFFF}, {slot >> 128 & 0xFFFFFFFF}, {slot >> 160 & 0xFFFFFFFF}"


def _flags(slot: int) -> str:
    flags = slot >> 208
    names = [name for bit, name in ((1, "frozen"), (2, "closed")) if flags & bit]
    return " and ".join(names) or ("open" if flags == 0 else f"flags {flags:#x}")


def _tip(tip: tuple[int, bytes, int]) -> str:
    next_seq, head, day = tip
    return f"{next_seq}, {hex_of(head)}, {day}"
