"""Random histories for the real contract: mostly sound, with every kind of mistake and mischief among them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from ledger_service.domain.batches import Batch, Need, SignedBatch, annex_of, proof_item
from ledger_service.domain.entries import Entry, Kind, desk_account, fund_account
from ledger_service.domain.hashing import ZERO32, keccak, word
from ledger_service.domain.orders import OPEN_DAY, Order, OrderCode, address_arg, encode_orders, text_arg
from tests.audit.support import DAY, FIRST_DAY, GUARDIAN, MONTH, OFFICE, YEAR, Desk, Ledger, person, signed, signer

PEOPLE = 8
TIGHT = (
    (300, 10**6, 10**6),
    (10**6, 250, 10**6),
    (10**6, 10**6, 60),
    (3_000, 1_500, 200),
)  # budget, allotment, person cap


class RandomHistory:
    """Posts batch after batch to a ledger that was set up with tight limits."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self.chance = random.Random(seed)
        budget, limit, person_cap = TIGHT[seed % len(TIGHT)]
        self.desks = ledger.set_up(budget=budget, person_cap=person_cap, limit=limit)
        self.line = 0
        self.order_names: list[tuple[int, int]] = [(1, 0)]

    def step(self) -> SignedBatch:
        """Seal something, sometimes spoil it, and post it. Returns what was posted."""
        draw = self.chance.random()
        makes: Callable[[], SignedBatch]
        makes = (
            self._orders
            if draw < 0.2
            else self._credits
            if draw < 0.5
            else self._venue
            if draw < 0.85
            else self._treasury
        )
        return makes()

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
            self.ledger.post(spoilt)
        copies = (
            [sealed]
            if self.chance.random() < 0.8
            else [SignedBatch(sealed.batch, sealed.signatures[:0]), sealed, sealed]
        )
        self.ledger.post(*copies)
        return sealed

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

    def _account(self) -> bytes:
        draw = self.chance.random()
        if draw < 0.94:
            return person(self.chance.randrange(PEOPLE))
        return self.chance.choice((bytes(20), desk_account(1), desk_account(11), fund_account(1), person(999)))

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
                account = taken.account if chance.random() < 0.93 else self._account()
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
        if chance.random() < 0.3:
            at = chance.randrange(len(items))
            other = chance.choice(redeemed)
            spoil: list[Callable[[], bytes]] = [
                lambda: items[at][:-1],
                lambda: b"\x07" + items[at][1:],
                lambda: items[at][:200] + bytes([items[at][200] ^ 1]) + items[at][201:],
                lambda: items[at][:-1] + bytes([items[at][-1] ^ 1]),
                lambda: items[at][:60] + bytes([items[at][60] ^ 1]) + items[at][61:],
                lambda: proof_item(other, 0),
                lambda: b"\x02\x01" + bytes(65) + items[at],
                lambda: b"",
            ]
            items[at] = chance.choice(spoil)()
        annex = annex_of(items)
        if chance.random() < 0.05:
            annex = b"\x02" + annex[1:]
        return self._post(desk, entries, annex)

    def _treasury(self) -> SignedBatch:
        chance, desk = self.chance, self.desks[21]
        entries = [
            Entry(
                self._account(),
                chance.choices((Kind.DONATE, Kind.CREDIT, 12), (96, 2, 2))[0],
                chance.choices((1, 2, 5), (85, 10, 5))[0],
                chance.choices((chance.randint(1, 6), 400, 0), (94, 4, 2))[0],
                desk.day - chance.choices((0, 3, 500, -3), (90, 4, 3, 3))[0],
                self._next_line(),
            )
            for _ in range(chance.randint(1, 20))
        ]
        return self._post(desk, entries)

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
            self.ledger.post(refused)
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
            (OrderCode.RATE, (1, text_arg("volunteer"), FIRST_DAY, begins + 60, 1, 60, 480, 60)),
            (OrderCode.RATE, (2, text_arg("pet"), FIRST_DAY, begins, 3, 10, 50, 60)),
            (OrderCode.RATE, (2, text_arg("pet"), FIRST_DAY, begins + 1_000, 3, 10, 50, 60)),
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
