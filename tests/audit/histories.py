"""Random histories for the real contract: mostly sound, with every kind of mistake and mischief among them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from ledger_service.audit.model import Model, Refused
from ledger_service.audit.state import Account, Due, State
from ledger_service.audit.verify import _signer
from ledger_service.domain.batches import Batch, Need, SignedBatch, annex_of, proof_item
from ledger_service.domain.days import date_of, month_number
from ledger_service.domain.entries import Entry, Kind, Skip, desk_account, fund_account, unpack_words
from ledger_service.domain.hashing import ZERO32, keccak, word
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, address_arg, encode_orders, text_arg
from tests.audit.support import (
    DAY,
    FIRST_DAY,
    GUARDIAN,
    MONTH,
    OFFICE,
    YEAR,
    Desk,
    Ledger,
    person,
    signed,
    signer,
    statement_item,
)

PEOPLE = 8
TIGHT = (
    (300, 10**6, 10**6),
    (10**6, 250, 10**6),
    (10**6, 10**6, 60),
    (3_000, 1_500, 200),
)  # budget, allotment, person cap


class _Draft:
    """Entries and items of a batch to be, and what its accounts would hold if all of it were applied."""

    def __init__(self, state: State) -> None:
        self._accounts = state.accounts
        self._changed: dict[bytes, tuple[int, int]] = {}
        self.entries: list[Entry] = []
        self.items: list[bytes] = []
        self.closed: dict[bytes, int] = {}
        self.settled: dict[bytes, int] = {}

    def _of(self, account: bytes) -> tuple[int, int]:
        holder = self._accounts.get(account) or Account()
        return self._changed.get(account, (holder.coins, holder.debt))

    def coins(self, account: bytes) -> int:
        return self._of(account)[0]

    def debt(self, account: bytes) -> int:
        return self._of(account)[1]

    def change(self, account: bytes, coins: int, debt: int = 0) -> None:
        before = self._of(account)
        self._changed[account] = (max(0, before[0] + coins), max(0, before[1] + debt))


class RandomHistory:
    """Posts batch after batch to a ledger that was set up with tight limits, and follows with a model of its own.

    `refused` is what the model says of the batches that did not land, `met` what the entries were when they were applied.
    """

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.model = Model(ledger.domain, [one.address for one in OFFICE], GUARDIAN.address, _signer)
        self.refused: list[tuple[SignedBatch, bytes, Refused]] = []
        self.met: Counter[str] = Counter()
        self.people = [person(number) for number in range(PEOPLE)]
        self.people_made = PEOPLE
        self.line = 0
        budget, limit, person_cap = TIGHT[seed % len(TIGHT)]
        self.desks = ledger.set_up(budget=budget, person_cap=person_cap, limit=limit, seal=False)
        for signed_batch in ledger.posted:
            self._follow(signed_batch)
        self.order_names: list[tuple[int, int]] = [(1, 0)]
        self._open()

    def step(self) -> SignedBatch:
        """Seal something, sometimes spoil it, and post it. Returns what was posted."""
        draw = self.chance.random()
        makes: Callable[[], SignedBatch]
        makes = (
            self._orders
            if draw < 0.17
            else self._credits
            if draw < 0.4
            else self._venue
            if draw < 0.65
            else self._treasury
        )
        return makes()

    def _send(self, *batches: SignedBatch) -> None:
        self.ledger.post(*batches)
        for one in batches:
            self._follow(one)

    def _follow(self, signed_batch: SignedBatch) -> None:
        model, batch = self.model, signed_batch.batch
        head = batch.digest(self.ledger.domain)
        if model.state.heads.get((batch.desk, batch.seq)) == head:
            return
        refused = model.refusal_of(signed_batch, head)
        if refused is not None:
            self.refused.append((signed_batch, head, refused))
            return
        before = {account: replace(holder) for account, holder in model.state.accounts.items()}
        applied = model.apply(signed_batch, head)
        skips = dict(applied.skips)
        for index, entry in enumerate(unpack_words(batch.words)):
            self._meet(batch, entry, before.get(entry.account, Account()), skips.get(index, 0))
        self.people = [self._alive(account) for account in self.people]

    def _alive(self, account: bytes) -> bytes:
        """The account, or who takes its place once it is closed."""
        accounts = self.model.state.accounts
        while account in self.model.state.merged_into:
            account = self.model.state.merged_into[account]
        if (accounts.get(account) or Account()).is_closed or self.people.count(account) > 1:
            self.people_made += 1
            return person(self.people_made)
        return account

    def _meet(self, batch: Batch, entry: Entry, before: Account, reason: int) -> None:
        """Note what an entry was, beyond its kind and reason: for the test that says what the histories reached."""
        met, name = self.met, Kind(entry.kind).name if 1 <= entry.kind <= 11 else "UNKNOWN"
        is_own = (entry.kind > Kind.REFUND) == (batch.desk == 21)
        if reason and is_own:
            met[f"{name} {Skip(reason).name}"] += 1
        if entry.kind == Kind.MONTH_CLOSE and entry.account[:18] == fund_account(0)[:18]:
            met[f"of a fund: {Skip(reason).name if reason else 'applied'}"] += 1
        if entry.kind in (Kind.REFUND, Kind.CORRECT) and reason in (0, Skip.BAD_ORIGINAL):
            self._meet_original(entry, batch.desk if entry.kind == Kind.REFUND else entry.day, reason)
        if reason:
            return
        met["debt made"] += entry.kind == Kind.CORRECT and self.model.state.account(entry.account).debt > before.debt
        met["debt merged"] += entry.kind == Kind.MERGE and entry.ref == 0 and before.debt > 0
        met["debt ended"] += entry.kind == Kind.CLOSURE and before.debt > 0
        met["set off while frozen"] += entry.kind == Kind.SET_OFF and before.is_frozen
        met["closure to a fund"] += entry.kind == Kind.CLOSURE and entry.ref > 0 and entry.units > 0
        met["coins closed"] += entry.kind == Kind.MONTH_CLOSE and entry.units > 0

    def _meet_original(self, entry: Entry, desk: int, reason: int) -> None:
        batches = self.desks[desk].batches if desk in self.desks else []
        if not 0 < entry.line <= len(batches) or entry.ref >= batches[entry.line - 1].count:
            return
        original = Entry.unpack(batches[entry.line - 1].entry_words()[entry.ref])
        if not reason and entry.kind == Kind.CORRECT:
            self.met[f"corrected {Kind(original.kind).name}"] += 1
        owner, steps = original.account, 0
        while owner != entry.account and owner in self.model.state.merged_into:
            owner, steps = self.model.state.merged_into[owner], steps + 1
        if owner == entry.account and steps:
            self.met[f"{Kind(entry.kind).name} over {steps} merges: {'skipped' if reason else 'applied'}"] += 1

    def _post(self, desk: Desk, entries: list[Entry], annex: bytes = b"", *, alone: int = 0) -> SignedBatch:
        """Seal and post; now and then something that is refused goes before it."""
        before = replace(desk)
        desk.day = min(DAY + 280, desk.day + self.chance.choices((0, 1, 3, 29), (70, 20, 8, 2))[0])
        signers = desk.signers
        if alone:
            desk.day, signers = before.day, [GUARDIAN] if alone == 1 else [OFFICE[2]]
        needs = [Need(0, self.ledger.office.seq)] if desk.number else []
        sealed = desk.seal(self.ledger.domain, entries, annex=annex, needs=needs, signers=signers)
        for spoilt in self._spoilt(sealed, before):
            self._send(spoilt)
        copies = (
            [sealed]
            if self.chance.random() < 0.8
            else [SignedBatch(sealed.batch, sealed.signatures[:0]), sealed, sealed]
        )
        self._send(*copies)
        return sealed

    def _open(self) -> None:
        """Setup: balances of another system, some of them wrong, one account frozen; then the seal."""
        frozen = self.people[-1]
        self._post(self.ledger.office, [], encode_orders([Order(OrderCode.FREEZE, (address_arg(frozen),))]))
        for _ in range(2):
            self._post(self.desks[21], [self._opening(account) for account in (*self.people, self._account(odd=0.5))])
        orders = [Order(OrderCode.UNFREEZE, (address_arg(frozen),))]
        if self.chance.random() < 0.6:
            orders += [
                Order(OrderCode.DESK_LIMIT, (21, month, 300, FIRST_DAY + 1)) for month in range(MONTH, MONTH + 4)
            ]
        self._post(self.ledger.office, [], encode_orders([*orders, Order(OrderCode.SEAL, ())]))

    def _opening(self, account: bytes) -> Entry:
        chance, desk = self.chance, self.desks[21]
        units = chance.choices((chance.randint(1, 20), 300, 10**6, 0), (85, 5, 5, 5))[0]
        day = desk.day - chance.choices((0, 400, -40), (60, 30, 10))[0]
        return Entry(account, Kind.OPENING, 60, units, day, self._next_line())

    def _spoilt(self, sealed: SignedBatch, desk: Desk) -> list[SignedBatch]:
        batch, domain, chance = sealed.batch, self.ledger.domain, self.chance
        if chance.random() < 0.6:
            return []
        stranger = signer("stranger")
        after = (Need(chance.choice((1, 77)), 90_000),)
        changed: dict[str, Callable[[], SignedBatch]] = {
            "desk": lambda: signed(replace(batch, desk=99), domain, desk.signers),
            "gap": lambda: signed(replace(batch, seq=batch.seq + 3), domain, desk.signers),
            "old seq": lambda: signed(replace(batch, seq=batch.seq - 1), domain, desk.signers),
            "head": lambda: signed(replace(batch, previous_head=keccak(b"another")), domain, desk.signers),
            "no evidence": lambda: signed(replace(batch, evidence_root=ZERO32), domain, desk.signers),
            "empty": lambda: signed(replace(batch, words=b"", annex=b""), domain, desk.signers),
            "too large": lambda: signed(replace(batch, annex=bytes(65_537)), domain, desk.signers),
            "entries": lambda: signed(replace(batch, words=bytes(32) * 501), domain, desk.signers),
            "needs": lambda: signed(replace(batch, needs=(Need(1, 1),) * 65), domain, desk.signers),
            "unsigned": lambda: SignedBatch(batch, ()),
            "stranger": lambda: signed(batch, domain, [stranger]),
            "twice": lambda: SignedBatch(batch, sealed.signatures[:1] * 2),
            "short": lambda: SignedBatch(batch, tuple(one[:64] for one in sealed.signatures)),
            "v": lambda: SignedBatch(batch, tuple(one[:64] + b"\0" for one in sealed.signatures)),
            "many": lambda: SignedBatch(batch, sealed.signatures * 17),
            "day": lambda: signed(replace(batch, day=batch.day - 40), domain, desk.signers),
            "late": lambda: signed(replace(batch, day=DAY + 301), domain, desk.signers),
            "need": lambda: signed(replace(batch, needs=after), domain, desk.signers),
            "elsewhere": lambda: signed(batch, replace(domain, chain_id=1), desk.signers),
        }
        if batch.desk == 0:
            changed.pop("late")  # the office is not bound by open until: it would land
        return [changed[name]() for name in chance.sample(sorted(changed), 2)]

    def _account(self, odd: float = 0.06) -> bytes:
        if self.chance.random() > odd:
            return self.chance.choice(self.people)
        gone = [account for account, holder in self.model.state.accounts.items() if holder.is_closed]
        return self.chance.choice(
            (bytes(20), desk_account(1), desk_account(11), fund_account(1), person(999), *gone[-3:])
        )

    def _next_line(self) -> int:
        self.line += 1
        return self.line

    def _credits(self) -> SignedBatch:
        chance, desk = self.chance, self.desks[self.chance.choice((1, 2))]
        entries = [
            Entry(
                self._account(),
                chance.choices((Kind.CREDIT, Kind.REDEEM, 0, 99, Kind.OPENING), (95, 1, 1, 1, 1))[0],
                chance.choices((1, 2, 3, 9, 0), (60, 25, 10, 3, 2))[0],
                chance.choices((60 * chance.randint(1, 8), 10 * chance.randint(1, 5), 481, 1, 0), (50, 40, 4, 4, 2))[0],
                desk.day - chance.choices((chance.randrange(30), 200, -10), (94, 3, 3))[0],
                self._next_line(),
            )
            for _ in range(chance.randint(1, 40))
        ]
        if chance.random() < 0.2:  # words at the ends of every field
            entries.append(Entry(person(0), chance.choice((0, 1, 255)), chance.choice((0, 65_535)), 0, 0, 0))
            entries.insert(0, Entry(person(0), 0, 0, chance.choice((0, 2**24 - 1)), chance.choice((0, 65_535)), 0))
        return self._post(desk, entries)

    def _venue(self) -> SignedBatch:
        desk = self.desks[self.chance.choice((11, 12))]
        redeemed = [batch for batch in desk.batches if batch.words[20:21] == bytes([Kind.REDEEM])]
        return self._refunds(desk, redeemed) if redeemed and self.chance.random() < 0.5 else self._redeems(desk)

    def _redeems(self, desk: Desk) -> SignedBatch:
        chance = self.chance
        entries = [
            Entry(
                self._account(),
                chance.choices((Kind.REDEEM, Kind.DONATE), (98, 2))[0],
                chance.choices((0, 1), (97, 3))[0],
                chance.choices((chance.randint(1, 4), 500, 0), (93, 5, 2))[0],
                desk.day - chance.choices((0, chance.randrange(10), 400, -3), (70, 24, 3, 3))[0],
                self._next_line(),
            )
            for _ in range(chance.randint(1, 70))
        ]
        entries[0] = replace(entries[0], kind=Kind.REDEEM)
        return self._post(desk, entries)

    def _refunds(self, desk: Desk, redeemed: list[Batch]) -> SignedBatch:
        """Refunds of one to three earlier batches; items are sometimes missing, doubled, foreign, cut or false."""
        chance = self.chance
        entries, items = [], []
        for original in chance.sample(redeemed, min(len(redeemed), chance.randint(1, 3))):
            for index in sorted(chance.choices(range(original.count), k=chance.randint(1, 6))):
                taken = Entry.unpack(original.entry_words()[index])
                account = self._holder(taken.account)
                coins = chance.choices((max(1, taken.units // 2), taken.units, taken.units + 1), (60, 30, 10))[0]
                entries.append(
                    Entry(
                        account,
                        Kind.REFUND,
                        index + chance.choices((0, 8192, 600), (96, 2, 2))[0],
                        coins,
                        desk.day,
                        original.seq,
                    )
                )
                if not items or chance.random() < 0.9:
                    items.append(proof_item(original, index))
        items = [item for at, item in enumerate(items) if at == 0 or item != items[at - 1]]
        return self._post(desk, entries, self._annex(items, proof_item(chance.choice(redeemed), 0)))

    def _holder(self, account: bytes) -> bytes:
        """Who has the account's coins now; sometimes somebody else."""
        draw, merged = self.chance.random(), self.model.state.merged_into
        if draw > 0.95:
            return self._account()
        while draw < 0.9 and account in merged:
            account = merged[account]
        return account

    def _annex(self, items: list[bytes], other: bytes) -> bytes:
        """The annex of some items, sometimes with one of them spoilt."""
        chance = self.chance
        if items and chance.random() < 0.25:
            at = chance.randrange(len(items))
            spoil: list[Callable[[bytes], bytes]] = [
                lambda item: item[:-1],
                lambda item: b"\x07" + item[1:],
                lambda item: _flipped(item, len(item) // 2),
                lambda item: _flipped(item, len(item) - 1),
                lambda item: _flipped(item, 60 % len(item)),
                lambda _: other,
                lambda item: b"\x02\x01" + bytes(65) + item,
                lambda item: item + item,
                lambda _: b"",
            ]
            items = [*items[:at], chance.choice(spoil)(items[at]), *items[at + 1 :]]
        annex = annex_of(items)
        return b"\x02" + annex[1:] if annex and chance.random() < 0.04 else annex

    # Treasury

    def _treasury(self) -> SignedBatch:
        chance = self.chance
        makes: list[tuple[Callable[[_Draft], None], int]] = [
            (self._donations, 15),
            (self._expiries, 12),
            (self._corrections, 25),
            (self._set_offs, 15),
            (self._closures, 14),
            (self._merges, 16),
            (self._closes, 28),
            (self._openings, 2),
        ]
        draft = _Draft(self.model.state)
        for make in chance.choices(
            [make for make, _ in makes], [weight for _, weight in makes], k=chance.randint(1, 4)
        ):
            make(draft)
        redeems = self.desks[11].batches
        other = proof_item(redeems[0], 0) if redeems else b"\x02\0"
        return self._post(self.desks[21], draft.entries, self._annex(draft.items, other))

    def _day(self, *, late: int = 5) -> int:
        return self.desks[21].day - self.chance.choices((0, 3, 500, -40), (92 - late, 3, 2, 3 + late))[0]

    def _word(self, draft: _Draft, account: bytes, kind: int, ref: int, units: int) -> None:
        draft.entries.append(Entry(account, kind, ref, max(0, units), self._day(), self._next_line()))

    def _donations(self, draft: _Draft) -> None:
        chance = self.chance
        for _ in range(chance.randint(1, 10)):
            kind = chance.choices((Kind.DONATE, Kind.CREDIT, Kind.REFUND, 12), (94, 2, 2, 2))[0]
            units = chance.choices((chance.randint(1, 6), 400, 0), (94, 4, 2))[0]
            self._word(draft, self._account(), kind, chance.choices((1, 2, 5), (85, 10, 5))[0], units)

    def _expiries(self, draft: _Draft) -> None:
        chance = self.chance
        for _ in range(chance.randint(1, 5)):
            account = self._account(odd=0.12)
            coins = draft.coins(account)
            units = chance.choices((chance.randint(1, 5), coins, coins + 1, 0), (60, 20, 15, 5))[0]
            draft.change(account, -units)
            self._word(draft, account, Kind.EXPIRE, chance.randint(0, 3), units)

    def _set_offs(self, draft: _Draft) -> None:
        chance, accounts = self.chance, self.model.state.accounts
        indebted = [one for one in self.people if one in accounts and accounts[one].debt]
        if not indebted and chance.random() < 0.8:
            self._corrections(draft)
            return
        for _ in range(chance.randint(1, 4)):
            frozen = [one for one in indebted if accounts[one].is_frozen and accounts[one].coins]
            among = frozen if frozen and chance.random() < 0.5 else indebted
            account = chance.choice(among) if among and chance.random() < 0.85 else self._account(odd=0.3)
            debt = draft.debt(account)
            least = min(debt, draft.coins(account))
            units = chance.choices((least, max(1, least // 2), debt, debt + 1, 0), (35, 35, 15, 10, 5))[0]
            draft.change(account, -units, -units)
            self._word(draft, account, Kind.SET_OFF, 7, units)

    def _closures(self, draft: _Draft) -> None:
        chance = self.chance
        broke = [one for one in self.people if draft.debt(one) and not draft.coins(one)]
        account = chance.choice(broke) if broke and chance.random() < 0.5 else self._account(odd=0.12)
        coins = draft.coins(account)
        units = chance.choices((coins, coins + 1, max(0, coins - 1)), (80, 10, 10))[0]
        self._word(draft, account, Kind.CLOSURE, chance.choices((0, 1, 2, 5), (45, 40, 10, 5))[0], units)

    def _merges(self, draft: _Draft) -> None:
        """A chain of pairs, mostly sound; now and then words that are no pair."""
        chance = self.chance
        giver = self._account(odd=0.12)
        for _ in range(chance.choices((1, 2, 4, 5), (55, 20, 15, 10))[0]):
            self.people_made += 1
            taker = person(self.people_made) if chance.random() < 0.5 else self._account(odd=0.12)
            units = draft.coins(giver) + chance.choices((0, 1), (95, 5))[0]
            first = Entry(giver, Kind.MERGE, 0, units, self._day(late=1), self._next_line())
            second = replace(first, account=taker, ref=1)
            pair = [first, second]
            if chance.random() < 0.2:
                pair = chance.choice(
                    (
                        [second, first],
                        [first],
                        [second],
                        [first, first, second],
                        [first, second, second],
                        [first, replace(second, line=second.line + 1)],
                        [first, replace(second, units=units + 1)],
                        [first, replace(second, day=second.day - 1)],
                        [first, replace(second, kind=Kind.CLOSURE)],
                        [first, replace(second, ref=2)],
                        [first, replace(second, account=giver)],
                        [first, replace(second, account=fund_account(1))],
                        [replace(first, account=desk_account(11))],
                        [first, Entry(taker, Kind.DONATE, 1, 1, first.day, 0), second],
                    )
                )
            draft.entries += pair
            draft.change(taker, draft.coins(giver), draft.debt(giver))
            draft.change(giver, -draft.coins(giver), -draft.debt(giver))
            giver = taker

    def _openings(self, draft: _Draft) -> None:
        draft.entries.append(self._opening(self._account(odd=0.12)))

    def _corrections(self, draft: _Draft) -> None:
        """Credits, openings and expiries undone, in whole and in part; sometimes what nobody may undo."""
        chance = self.chance
        desk = self.desks[chance.choices((1, 2, 21, 11), (35, 20, 43, 2))[0]]
        kinds = (Kind.CREDIT, Kind.OPENING, Kind.EXPIRE)
        found = [batch for batch in desk.batches if any(word[20] in kinds for word in batch.entry_words())]
        for original in chance.sample(found or desk.batches, min(len(found or desk.batches), chance.randint(1, 2))):
            words = original.entry_words()
            places = [at for at, word in enumerate(words) if word[20] in kinds and chance.random() < 0.95]
            if places and chance.random() < 0.6:
                steps = [self._steps(words[at][:20]) for at in places]
                wanted = chance.choice(sorted(set(steps)))
                places = [at for at, many in zip(places, steps, strict=True) if many == wanted]
            for index in sorted(chance.choices(places or range(original.count), k=chance.randint(1, 8))):
                entry = Entry.unpack(words[index])
                rate = self.model.state.rates.get(entry.ref)
                most = entry.units * rate.coins // rate.per_units if entry.kind == Kind.CREDIT and rate else entry.units
                coins = chance.choices((max(1, most // 2), most, most + 1, 0), (25, 60, 12, 3))[0]
                ref = index + chance.choices((0, 8192, 600), (96, 2, 2))[0]
                named = chance.choices((desk.number, 77), (98, 2))[0]
                account = self._holder(entry.account)
                draft.entries.append(Entry(account, Kind.CORRECT, ref, min(coins, 2**24 - 1), named, original.seq))
                item = proof_item(original, index)
                if (not draft.items or draft.items[-1] != item) and chance.random() < 0.95:
                    draft.items.append(item)

    def _steps(self, account: bytes) -> int:
        """How often the account was merged on."""
        merged, steps = self.model.state.merged_into, 0
        while account in merged:
            account, steps = merged[account], steps + 1
        return steps

    def _closes(self, draft: _Draft) -> None:
        for _ in range(self.chance.randint(1, 3)):
            self._close(draft)

    def _close(self, draft: _Draft) -> None:
        """A month close of a venue with its signatures, or of a fund; sometimes of somebody else or with other figures."""
        chance, day = self.chance, self._day(late=1)
        month = month_number(date_of(day)) + chance.choices((0, 1), (95, 5))[0]
        if chance.random() < 0.3:
            number = chance.choices((1, 2, 9), (80, 15, 5))[0]
            account = fund_account(number) if chance.random() < 0.9 else self._account()
            units = draft.coins(account) + chance.choices((0, 1), (85, 15))[0]
            draft.entries.append(Entry(account, Kind.MONTH_CLOSE, month, units, day, chance.choice((0, 1))))
            if chance.random() < 0.3:
                draft.items.append(b"\x02\0")
            return
        number = chance.choices((11, 12, 1, 21, 0, 77), (50, 35, 4, 4, 4, 3))[0]
        desk = self.ledger.office if number == 0 else self.desks.get(number, Desk(number, [signer("77")]))
        account, state = desk_account(number), self.model.state
        takings = {seq: taken for (venue, seq), taken in state.takings.items() if venue == number}
        highest = max(takings, key=lambda seq: takings[seq][0], default=0)
        line = chance.choices((desk.seq, highest, chance.randint(0, desk.seq), desk.seq + 1), (55, 25, 15, 5))[0]
        coins_taken, krw_taken = takings.get(line, (0, 0))
        due = state.dues.get(account, Due())
        units = coins_taken - due.coins_closed - draft.closed.get(account, 0)
        krw = krw_taken - due.krw_settled - draft.settled.get(account, 0)
        units += chance.choices((0, 1, -1), (92, 4, 4))[0]
        if units < 0:
            units = 0
        draft.closed[account] = draft.closed.get(account, 0) + units
        draft.settled[account] = draft.settled.get(account, 0) + krw
        draft.entries.append(Entry(account, Kind.MONTH_CLOSE, month, units, day, line))
        head = state.heads.get((number, line), ZERO32)
        stated = (month, head, units, krw)
        signers = desk.signers
        if chance.random() < 0.15:
            stated, signers = chance.choice(
                (
                    ((month + 1, head, units, krw), signers),
                    ((month, desk.head if head != desk.head else ZERO32, units, krw), signers),
                    ((month, head, units + 1, krw), signers),
                    ((month, head, units, krw + 1), signers),
                    (stated, [signer("stranger")]),
                    (stated, signers[:1] * 2),
                    (stated, signers[:1]),
                    (stated, []),
                    (stated, [*signers, signer("stranger")]),
                )
            )
        if chance.random() < 0.96:
            draft.items.append(statement_item(self.ledger.domain, number, *stated, signers))

    # Orders

    def _orders(self) -> SignedBatch:
        chance, office = self.chance, self.ledger.office
        if chance.random() < 0.1:
            annex = chance.choice(
                (
                    b"\0",
                    bytes(64),
                    encode_orders([Order(15, ())]) + b"\0",
                    encode_orders([Order(44, ())]).replace(word(44), word(300)),
                )
            )
            return self._post(office, [], annex)
        orders = [self._order() for _ in range(chance.randint(1, 6))]
        alone = chance.choices((0, 1, 2), (80, 10, 10))[0]
        self.order_names += [(office.seq + 1, index) for index in range(len(orders))]
        sealed = self._post(office, [], encode_orders(orders), alone=alone)
        if chance.random() < 0.3:
            vetoes = [Order(OrderCode.VETO, (sealed.batch.seq, index)) for index in range(len(orders))]
            self._post(office, [], encode_orders(vetoes), alone=chance.randint(0, 2))
        refused = self._credits() if orders[-1].code == OrderCode.PAUSE else None
        if chance.random() < 0.5 or any(order.code in (OrderCode.PAUSE, OrderCode.REVOKE_KEYS) for order in orders):
            self._post(office, [], encode_orders(self._amends()))
        if refused is not None:
            self._send(refused)
        return sealed

    def _amends(self) -> list[Order]:
        """What keeps the history going: not paused, every desk with its keys."""
        rotations = [
            Order(
                OrderCode.ROTATE_KEYS,
                (number, desk.seq + 1, 1, len(desk.signers), *(address_arg(one.address) for one in desk.signers)),
            )
            for number, desk in self.desks.items()
        ]
        return [Order(OrderCode.UNPAUSE, ()), Order(OrderCode.OPEN_UNTIL, (DAY + 300,)), *rotations]

    def _order(self) -> Order:
        chance = self.chance
        today = max(desk.day for desk in (*self.desks.values(), self.ledger.office))
        begins = today + chance.choice((0, 5, 7, 8, 9, 29, 30, 31, 40))
        account = address_arg(self._account())
        signers = tuple(address_arg(signer(str(n)).address) for n in range(chance.choice((1, 2))))
        seq, index = chance.choice(self.order_names)
        month = MONTH + chance.randrange(12)
        choices: list[tuple[int, tuple[int, ...]]] = [
            (OrderCode.SEAL, ()),
            (
                OrderCode.REGISTER_DESK,
                (chance.choice((0, 1, 31, 32, 70_000)), chance.randint(0, 4), 1, chance.randint(0, 2), *signers),
            ),
            (OrderCode.REGISTER_DESK, (33, 2, 1, 1, 5, 5)),
            (OrderCode.ROTATE_KEYS, (chance.choice((1, 88)), chance.choice((1, 10_000)), 0, 1, *signers)),
            (OrderCode.REVOKE_KEYS, (chance.choice((0, 1, 2, 88)),)),
            (
                OrderCode.OFFICE_KEYS,
                (1, 2, address_arg(GUARDIAN.address), *(address_arg(one.address) for one in OFFICE)),
            ),
            (OrderCode.OFFICE_KEYS, (99_999, chance.choice((1, 2)), *(address_arg(one.address) for one in OFFICE))),
            (OrderCode.RATE, (chance.choice((3, 4, 5)), text_arg("more"), begins, OPEN_DAY, 2, 60, 300, 60)),
            (OrderCode.RATE, (chance.choice((1, 3)), text_arg("more"), begins, OPEN_DAY, 9, 60, 300, 60)),
            (OrderCode.RATE, (1, text_arg("volunteer"), FIRST_DAY, begins + 60, 1, 60, 480, 0)),
            (OrderCode.RATE, (2, text_arg("pet"), FIRST_DAY, begins, 3, 10, 50, 0)),
            (OrderCode.RATE, (2, text_arg("pet"), FIRST_DAY, begins + 1_000, 3, 10, 50, 0)),
            (OrderCode.RATE, (4, text_arg("none"), begins, begins - 1, 1, 0, 1, 60)),
            (OrderCode.COIN_VALUE, (begins, chance.choice((100, 150, 0)))),
            (OrderCode.COIN_VALUE, (begins, 120)),
            (
                OrderCode.DESK_LIMIT,
                (chance.choice((0, 1, 2, 11, 21, 88)), month, chance.choice((1, 500, 2_000, 2**48)), begins),
            ),
            (OrderCode.DESK_LIMIT, (chance.choice((1, 2, 11, 12, 21)), month, 1_000, begins)),
            (OrderCode.DESK_LIMIT, (chance.choice((1, 11)), MONTH, 1, today + 8)),
            (OrderCode.BUDGET, (YEAR, 2, today + 8)),
            (OrderCode.BUDGET, (chance.choice((YEAR, YEAR + 1)), chance.choice((10, 4_000, 9_000)), begins)),
            (OrderCode.PERSON_CAP, (chance.choice((YEAR, YEAR + 1)), chance.choice((50, 120, 2**32)), begins)),
            (OrderCode.FUND, (chance.choice((0, 1, 2, 70_000)), chance.choice((0, 1, 1, 2)))),
            (OrderCode.OPEN_UNTIL, (DAY + chance.choice((300, 299, 2_000, 70_000)),)),
            (OrderCode.FREEZE, (account,)),
            (OrderCode.UNFREEZE, (account,)),
            (OrderCode.UNFREEZE, (account,)),
            (OrderCode.PAUSE, ()),
            (OrderCode.UNPAUSE, ()),
            (OrderCode.VETO, (seq, index)),
            (OrderCode.VETO, self.order_names[-1]),
            (chance.choice((0, 18, 255)), ()),
            (OrderCode.FUND, (1,)),
            (OrderCode.OPEN_UNTIL, (1, 2)),
        ]
        return Order(*chance.choice(choices))


def _flipped(item: bytes, at: int) -> bytes:
    return item[:at] + bytes([item[at] ^ 1]) + item[at + 1 :]
