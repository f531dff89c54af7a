"""Batches that were signed and did not reach the chain before the books were lost: taken from their bundles, to be posted as they are.

Once the books have read the chain to its tip, the bundles that follow a desk's last batch hold what was acknowledged and never posted. Each comes in
as it was signed, in the order of sealing, so that the same head lands whoever sends it. What cannot be taken stops its desk, and is named.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger_service.domain.batches import OFFICE_DESK, Need
from ledger_service.domain.hashing import ZERO32
from ledger_service.domain.orders import EMERGENCY_CODES, decode_orders
from ledger_service.journal.conflicts import RowConflict
from ledger_service.journal.desk_keys import KeyHistory, Keys
from ledger_service.journal.master import DeskRow
from ledger_service.journal.unit import Unit
from ledger_service.posting.bundles import BundleBroken, BundleContent, read_bundle
from ledger_service.posting.desk_signatures import is_signed
from ledger_service.posting.findings import Findings
from ledger_service.posting.ports import ChainAccess, PostingContext
from ledger_service.posting.read_back import NOT_TAKEN, ReadBack
from ledger_service.posting.returning_batch import Forked, NotReadable

OFFICE_THRESHOLD = 2  # of the contract's first office keys; an emergency order needs one of them, or the guardian
LAST_BLOCK = 2**62


@dataclass(frozen=True, slots=True)
class BundleFile:
    """What the name of a bundle says: `<seq>-<first 16 hex digits of the head>.json`."""

    seq: int
    tip: str
    path: Path


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a batch cannot be taken; `may_pass` where that may be over once what is on its way has landed and is final."""

    seq: int
    why: str
    may_pass: bool = False


class NotLanded:
    """Takes in what follows the chain. One thread at a time, before anything is sealed or signed."""

    def __init__(self, context: PostingContext, chain: ChainAccess, findings: Findings, read_back: ReadBack) -> None:
        self._context = context
        self._chain = chain
        self._findings = findings
        self._read_back = read_back
        self.is_waiting = False
        """Whether some batch waits until others have landed and are final."""

    def desks_ahead(self) -> list[int]:
        """Desks that have bundles beyond what the books have."""
        return list(self._files())

    def take(self, *, is_last: bool = False) -> None:
        """Bring in, one after the other, what follows. What is left is named, or waits (not where this is the last try)."""
        files = self._files()
        refused: dict[int, Blocked] = {}
        while True:
            ready, blocked, on_its_way = self._look(files, refused)
            if not ready:
                break
            for content in ready:
                why = self._try(content)
                if why is not None:
                    refused[content.batch.desk] = why
        self.is_waiting = on_its_way and not is_last and any(one.may_pass for one in blocked.values())
        if not self.is_waiting:
            self._name(blocked)

    def _files(self) -> dict[int, list[BundleFile]]:
        """The bundles of each desk beyond what the books have, by sequence number."""
        with self._context.journal.read() as unit:
            tips = {desk.number: desk.sealed_seq for desk in unit.master.desks()}
        found: dict[int, list[BundleFile]] = {}
        for folder in self._context.bundles_folder.glob("[0-9]*"):
            if folder.name.isdecimal():
                desk = int(folder.name)
                files = sorted(_beyond(folder, tips.get(desk, 0)), key=lambda one: (one.seq, one.tip))
                if files:
                    found[desk] = files
        return found

    def _look(
        self, files: Mapping[int, Sequence[BundleFile]], refused: Mapping[int, Blocked]
    ) -> tuple[list[BundleContent], dict[int, Blocked], bool]:
        """What may be taken now, why the rest may not, and whether anything is on its way to finality."""
        ready: dict[int, BundleContent] = {}
        waiting: list[BundleContent] = []
        blocked: dict[int, Blocked] = dict(refused)
        with self._context.journal.read() as unit:
            desks = {desk.number: desk for desk in unit.master.desks()}
            unread = {row.desk for row in unit.outside.all("missing")}
            history = unit.desk_keys.history()
            is_sending = bool(unit.posts.to_post(1))
            on_its_way = is_sending or bool(unit.posts.posted_up_to(LAST_BLOCK, 1))
            for number, of_desk in files.items():
                desk = desks.get(number)
                if number in refused or _is_stopped(desk, unread):
                    continue
                found = self._next(unit, number, desk, of_desk)
                if isinstance(found, Blocked):
                    blocked[number] = found
                elif found is not None and (why := self._waits(unit, found, history)) is not None:
                    blocked[number] = why
                    waiting += [found] if why.may_pass and on_its_way else []
                elif found is not None:
                    ready[number] = found
        orders = ready.get(OFFICE_DESK)
        if orders is not None and (is_sending or _are_before(orders, [*ready.values(), *waiting])):
            del ready[OFFICE_DESK]
            blocked[OFFICE_DESK] = Blocked(orders.batch.seq, "what was sealed before it has not landed", may_pass=True)
        return list(ready.values()), blocked, on_its_way

    def _next(
        self, unit: Unit, number: int, desk: DeskRow | None, files: Sequence[BundleFile]
    ) -> BundleContent | Blocked | None:
        """The batch that follows a desk's last one; None where no bundle holds anything that the books have not."""
        last, head = (desk.sealed_seq, desk.sealed_head) if desk is not None else (0, ZERO32)
        claims: list[BundleContent] = []
        for file in files:
            if file.seq <= last:
                continue
            if file.seq > last + 1 and claims:
                break
            try:
                content = self._read(number, file)
            except BundleBroken as error:
                return Blocked(file.seq, error.message)
            follows = file.seq == last + 1 and content.batch.previous_head == head and bool(content.signatures)
            if not follows and not _is_news(unit, content):
                continue  # the books know all of it: it was sealed anew, or withdrawn
            if file.seq > last + 1:
                return Blocked(last + 1, f"its bundle is missing, and that of batch {file.seq} is there")
            claims.append(content)
        if not claims:
            return None
        if len(claims) > 1:
            return Blocked(
                last + 1, "there are two bundles of it with different contents: leave the one that its desk signed last"
            )
        if claims[0].batch.previous_head != head:
            return Blocked(last + 1, "it does not follow the last batch of its desk that the books have")
        return claims[0]

    def _read(self, desk: int, file: BundleFile) -> BundleContent:
        content = read_bundle(file.path, self._context.vault.bundle_key, self._context.domain)
        batch = content.batch
        if (batch.desk, batch.seq) != (desk, file.seq) or not content.head.hex().startswith(file.tip):
            raise BundleBroken(
                f"the bundle {file.path.name} of desk {desk} holds batch {batch.seq} of desk {batch.desk}",
                f"{desk}번 기관의 묶음 파일 {file.path.name}에 {batch.desk}번 기관의 {batch.seq}번 묶음이 들어 있습니다",
            )
        return content

    def _waits(self, unit: Unit, content: BundleContent, history: KeyHistory) -> Blocked | None:
        """Why it may not be taken now: its signatures, or the batches that it needs."""
        seq = content.batch.seq
        if not content.signatures:
            return Blocked(seq, "its bundle has no signature")
        keys = self._keys(content, history)
        if keys is None:
            return Blocked(seq, "the keys of its desk are not known, or not in force", may_pass=True)
        if not is_signed(content.head, content.signatures, keys):
            return Blocked(seq, "its signatures are not those of the desk's keys", may_pass=True)
        need = next((need for need in content.batch.needs if not _is_met(unit, need)), None)
        if need is not None:
            return Blocked(seq, f"it needs batch {need.seq} of desk {need.desk}, which is not final", may_pass=True)
        return None

    def _keys(self, content: BundleContent, history: KeyHistory) -> Keys | None:
        desk, deployer = content.batch.desk, self._chain.deployer
        if desk != OFFICE_DESK or history.knows(desk):
            return history.at(desk, content.batch.seq)
        office = frozenset(deployer.office_keys)
        if {order.code for order in decode_orders(content.batch.annex)} <= EMERGENCY_CODES:
            return Keys(1, office | {deployer.guardian})
        return Keys(OFFICE_THRESHOLD, office)

    def _try(self, content: BundleContent) -> Blocked | None:
        seq = content.batch.seq
        try:
            self._read_back.take_not_landed(content)
        except (Forked, NotReadable) as error:
            return Blocked(seq, error.message)
        except RowConflict:
            return Blocked(seq, "what it holds contradicts the books", may_pass=True)
        return None

    def _name(self, blocked: Mapping[int, Blocked]) -> None:
        """Each desk of which something is left is stopped and says what a person does; one of which nothing is any more goes on."""
        with self._context.journal.read() as reading:
            held = [desk.number for desk in reading.master.desks() if (desk.stopped or "").startswith(NOT_TAKEN)]
            unread = {row.desk for row in reading.outside.all("missing")}
        for number in set(held) - blocked.keys():
            self._findings.clear(f"desk {number}")
            if number in unread:
                self._findings.stop_desk(number, f"a bundle of desk {number} is missing: bring it back", is_notice=True)
                continue
            with self._context.journal.write() as unit:
                unit.master.stop_desk(number, None)
                unit.commit()
        for number, one in blocked.items():
            text = _said(number, one)
            self._read_back.report.missing[number, one.seq] = text
            self._findings.clear(f"desk {number}")
            self._findings.stop_desk(number, text, is_notice=True)


def _beyond(folder: Path, last: int) -> Iterator[BundleFile]:
    """By their names only: a desk may have a file for every minute of many years."""
    with os.scandir(folder) as entries:
        for entry in entries:
            seq, _, tip = entry.name.removesuffix(".json").partition("-")
            if entry.name.endswith(".json") and seq.isdecimal() and int(seq) > last:
                yield BundleFile(int(seq), tip, Path(entry.path))


def _said(desk: int, one: Blocked) -> str:
    wait = (
        "Start again once that is over; where it is not going to be, "
        if one.may_pass
        else (f"Bring its bundle back into the folder {desk} of the bundles and start again; or, where there is none, ")
    )
    return (
        f"{NOT_TAKEN}batch {one.seq} of desk {desk} and what follows it were signed and are not on the chain; {one.why}. {wait}"
        f"move the desk's bundles from that number on out of the folder {desk} of the bundles, keep them, and start again: what they hold is gone "
        "then, and is accepted once more. Until then the desk credits nothing"
    )


def _are_before(orders: BundleContent, others: Sequence[BundleContent]) -> bool:
    """Whether some entries were sealed before these orders, which change what an entry may do: what was sealed later names them as a need."""
    here = orders.batch.seq
    return any(
        one.batch.desk != OFFICE_DESK and all(need.desk != OFFICE_DESK or need.seq < here for need in one.batch.needs)
        for one in others
    )


def _is_stopped(desk: DeskRow | None, unread: set[int]) -> bool:
    """Whether a finding holds this desk up; one that only misses a bundle takes what follows, as it would from the chain."""
    if desk is None or desk.stopped is None:
        return False
    return not desk.stopped.startswith(NOT_TAKEN) and desk.number not in unread


def _is_met(unit: Unit, need: Need) -> bool:
    """Coins that a batch spends are final; an order before it has only to be in the books."""
    mark = unit.batches.marks([(need.desk, need.seq)]).get((need.desk, need.seq))
    return mark is not None and (need.desk == OFFICE_DESK or mark.state == "final")


def _is_news(unit: Unit, content: BundleContent) -> bool:
    """Whether it holds an entry or an order that the books do not know."""
    if content.batch.desk == OFFICE_DESK:
        proposals = set(content.master["proposals"])
        return bool(proposals - unit.returning.known_proposals(proposals))
    known = unit.returning.entries_numbered(record["journalNo"] for record in content.entries)
    return any(
        record["journalNo"] not in known or known[record["journalNo"]].record_key.hex() != record["record"]
        for record in content.entries
    )
