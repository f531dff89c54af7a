"""What the public can check: the heads of batches, and the evidence of one entry up to its head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, tuple_

from ledger_service.domain.actors import Actor, Role
from ledger_service.domain.days import date_of
from ledger_service.domain.entries import WORD_BYTES
from ledger_service.domain.evidence import AUDIT_HEAD_TYPE, Leaf, proof_of, root_of
from ledger_service.domain.hashing import ZERO32
from ledger_service.domain.ids import id_word
from ledger_service.errors import NotFound, Refused
from ledger_service.journal.entries import EntryRow
from ledger_service.journal.schema import batches, chain_identity
from ledger_service.journal.unit import Journal, Unit
from ledger_service.journal.vault import Vault
from ledger_service.reads.entries import state_of
from ledger_service.reads.paging import cut, pair_after


class EvidenceIncomplete(Refused):
    """A leaf of the entry's batch cannot be rebuilt here (somebody in it was forgotten): the bundle has its hash."""

    code = "evidence_incomplete"


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A sealed batch. Hashes are 0x…; `post_number` and block come once it is on the chain."""

    desk: int
    seq: int
    day: date
    head: str
    previous_head: str
    evidence_root: str
    entries: int
    coins: int
    state: str
    sealed_at: int
    post_number: int | None
    block_number: int | None
    transaction_hash: str | None
    skipped: int | None


@dataclass(frozen=True, slots=True)
class BatchesPage:
    """By desk and sequence number."""

    batches: list[BatchLine]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class LeafFields:
    """The eight fields of an evidence leaf (docs/formats.md)."""

    position: int
    type: int
    journal_no: int
    record: str
    who: str
    approver: str
    consent: str
    salt: str


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry's leaf, its siblings up to the batch's evidence root, and the batch's head."""

    desk: int
    seq: int
    index: int
    leaf: LeafFields
    leaf_hash: str
    siblings: list[str]
    evidence_root: str
    head: str


@dataclass(frozen=True, slots=True)
class ChainPlace:
    """Where the entry's batch stands on the chain."""

    chain_id: int
    contract: str
    post_number: int
    block_number: int
    transaction_hash: str | None


@dataclass(frozen=True, slots=True)
class EntryProof:
    """What backs a receipt: nothing but its state before it is sealed."""

    state: str
    proof: Proof | None
    chain: ChainPlace | None


def batches_page(journal: Journal, desk: int | None, after: str | None, rows_max: int) -> BatchesPage:
    """The batches of one desk or of all, by desk and sequence number."""
    wanted = (
        select(batches, func.length(batches.c.words).label("words_bytes"))
        .where(tuple_(batches.c.desk, batches.c.seq) > tuple_(*pair_after(after)))
        .order_by(batches.c.desk, batches.c.seq)
        .limit(rows_max + 1)
    )
    if desk is not None:
        wanted = wanted.where(batches.c.desk == desk)
    with journal.read() as unit:
        rows = unit.connection.execute(wanted).all()
    page, last = cut([_line(row) for row in rows], rows_max)
    return BatchesPage(page, f"{last.desk}-{last.seq}" if last else None)


def entry_proof(journal: Journal, vault: Vault, actor: Actor, journal_no: int) -> EntryProof:
    """The evidence of one entry, for its resident, its desk's staff, the coin office and auditors."""
    with journal.read() as unit:
        entry = unit.entries.read(journal_no)
        if entry is None or not _may_see(actor, entry):
            raise NotFound(f"there is no entry {journal_no}", "해당 기록이 없습니다")
        if entry.seq is None or entry.position is None:
            return EntryProof("accepted", None, None)
        batch = unit.connection.execute(
            select(batches).where(batches.c.desk == entry.desk, batches.c.seq == entry.seq)
        ).one()
        neighbours = unit.entries.of_batch(entry.desk, entry.seq)
        place = _place(unit, batch.post_number, batch.block_number, batch.transaction_hash)
    leaves = _leaves(vault, batch.audit_head, neighbours)
    hashes = [leaf.hash() for leaf in leaves]
    if root_of(hashes) != batch.evidence_root:
        raise EvidenceIncomplete(
            "the leaves of this batch do not give its evidence root: ask for its bundle",
            "증빙을 다시 만들 수 없습니다. 보관된 묶음 파일을 요청하세요",
        )
    leaf = leaves[entry.position + 1]
    proof = Proof(
        desk=entry.desk,
        seq=entry.seq,
        index=entry.position,
        leaf=LeafFields(
            leaf.position, leaf.type, leaf.journal_no, _hex(leaf.record), _hex(leaf.who), _hex(leaf.approver),
            _hex(leaf.consent), _hex(leaf.salt),
        ),
        leaf_hash=_hex(hashes[entry.position + 1]),
        siblings=[_hex(one) for one in proof_of(hashes, entry.position + 1)],
        evidence_root=_hex(batch.evidence_root),
        head=_hex(batch.head),
    )  # fmt: skip
    return EntryProof(state_of(batch.state, entry.skip_reason), proof, place)


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """Where an entry is, without whose it is or what it moved; desk's name, its batch once it is sealed, and when it was accepted (UTC seconds)."""

    journal_no: int
    state: str
    place: str
    desk: int
    seq: int | None
    index: int | None
    accepted_at: int


def entry_place(journal: Journal, journal_no: int) -> EntryPlace:
    """Where the entry of a receipt stands, for whoever holds the paper. NotFound where there is none."""
    with journal.read() as unit:
        entry = unit.entries.read(journal_no)
        if entry is None:
            raise NotFound(f"there is no entry {journal_no}", "해당 번호의 영수증이 없습니다")
        desk = unit.master.desk(entry.desk)
        state = None
        if entry.seq is not None:
            state = unit.connection.execute(
                select(batches.c.state).where(batches.c.desk == entry.desk, batches.c.seq == entry.seq)
            ).scalar_one_or_none()
    assert desk is not None, "an entry's desk is there"
    return EntryPlace(
        journal_no,
        state_of(state, entry.skip_reason),
        desk.name,
        entry.desk,
        entry.seq,
        entry.position,
        entry.accepted_at,
    )


def _leaves(vault: Vault, audit_head: bytes, rows: Sequence[EntryRow]) -> list[Leaf]:
    people = {row.person_id for row in rows if row.person_id is not None}
    seals = vault.of_many(people)
    if people - seals.keys():
        raise EvidenceIncomplete(
            "somebody in this batch was forgotten: ask for its bundle, which keeps the leaf hashes",
            "이 묶음에는 잊힌 분의 기록이 있습니다. 보관된 묶음 파일을 요청하세요",
        )
    return [
        Leaf(0, AUDIT_HEAD_TYPE, 0, audit_head),
        *(
            Leaf(
                position,
                row.kind,
                row.journal_no,
                row.record_key,
                id_word(row.who),
                id_word(row.approver),
                id_word(row.consent),
                seals[row.person_id].salt(row.journal_no) if row.person_id is not None else ZERO32,
            )
            for position, row in enumerate(rows, start=1)
        ),
    ]


def _may_see(actor: Actor, entry: EntryRow) -> bool:
    return (
        actor.has(Role.OFFICE, Role.AUDITOR)
        or (entry.person_id is not None and actor.person_id == entry.person_id)
        or (entry.desk in actor.desks and actor.has(Role.CLERK, Role.APPROVER, Role.VENUE))
    )


def _place(unit: Unit, post_number: int | None, block: int | None, transaction: bytes | None) -> ChainPlace | None:
    identity = unit.connection.execute(select(chain_identity)).one_or_none()
    if identity is None or post_number is None or post_number < 0 or block is None:
        return None
    return ChainPlace(
        identity.chain_id, _hex(identity.contract), post_number, block, _hex(transaction) if transaction else None
    )


def _line(row) -> BatchLine:  # type: ignore[no-untyped-def]  # a row of the batches table
    return BatchLine(
        desk=row.desk,
        seq=row.seq,
        day=date_of(row.day),
        head=_hex(row.head),
        previous_head=_hex(row.previous_head),
        evidence_root=_hex(row.evidence_root),
        entries=row.words_bytes // WORD_BYTES,
        coins=row.coins,
        state=row.state,
        sealed_at=row.sealed_at,
        post_number=row.post_number if (row.post_number or 0) > 0 else None,  # negative: a reorg took it away
        block_number=row.block_number,
        transaction_hash=_hex(row.transaction_hash) if row.transaction_hash else None,
        skipped=row.skipped,
    )


def _hex(value: bytes) -> str:
    return "0x" + value.hex()
