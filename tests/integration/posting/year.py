"""A random year of a district's treasury: everything that moves coins, every decision about them, in any order, on the real contract."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from ledger_service.domain.days import civil_day, month_number
from ledger_service.errors import BoramError, Invalid
from ledger_service.services import (
    account_ends,
    close_month,
    correct,
    donate,
    expire,
    freeze,
    frozen,
    gifts,
    set_off,
    setup,
    spend,
)
from ledger_service.services.opening import extend_opening
from tests.integration.posting.hall import Hall

PEOPLE = 9
LAST_DAY = date(2024, 12, 10)


class RandomYear:
    """Does one thing after the other; what the rules refuse is no fault. `done` counts what was accepted."""

    def __init__(self, hall: Hall, seed: int) -> None:
        self.hall = hall
        self.chance, self.dice = random.Random(seed), random.Random(f"dice {seed}")
        self.done: Counter[str] = Counter()
        self.charges: list[tuple[str, str]] = []
        self.credits: list[int] = []
        self.expiries: list[int] = []
        self.gifts: list[str] = []
        self.acts = 0
        self.busy: set[tuple[int, date, int]] = set()
        self.heirs: dict[int, int] = {}
        hall.books.load("funds", "code,name,body\nKIDS,방학 도시락,chest\n".encode())

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self._step()
        self.settle()

    def settle(self) -> None:
        """The chain takes it, and what follows from it by itself."""
        context = self.hall.books.context
        for _ in range(3):
            self.hall.settle()
            self.done["wish carried out"] += gifts.carry_out_wishes(context)
            self.done["set off"] += set_off.set_off_debts(context)
            frozen.lift_freezes(context)
            spend.expire_holds(context)

    def _step(self) -> None:
        acts: list[tuple[Callable[[], Any], int]] = [
            (self._earn, 20), (self._charge, 14), (self._refund, 8), (self._donate, 6), (self._wish, 5), (self._end_wish, 2),
            (self._correct, 9), (self._undo_expiry, 5), (self._expire, 8), (self._freeze, 3), (self._close, 8), (self._end_fund, 1),
            (self._reassign, 3), (self._limit, 2), (self._days, 14), (self.settle, 12), (self._close_account, 2), (self._merge, 2),
        ]  # fmt: skip
        (act,) = self.chance.choices([one for one, _ in acts], [weight for _, weight in acts])
        try:
            act()
        except BoramError as error:
            self.done[f"{act.__name__}: {error.code}"] += 1
        else:
            self.done[act.__name__] += 1
        self._change_what_no_order_tells()
        self.hall.books.clock.seconds += 61

    def _who(self) -> int:
        return self.chance.randrange(PEOPLE)

    def _earn(self) -> None:
        self.acts += 1
        day = self.hall.books.clock.today() - timedelta(days=self.chance.randint(1, 20))
        start = 9 + self.acts % 4 * 2
        people = sorted(self.chance.sample(range(PEOPLE), self.chance.randint(1, 3)))
        free = {self._acting(one): one for one in people if (self._acting(one), day, start) not in self.busy}
        people = sorted(free.values())
        if not people:
            return
        self.busy |= {(one, day, start) for one in free}
        before = self._last_number()
        self.hall.earn(people, day.isoformat(), f"{start:02d}:00,{start + self.chance.randint(1, 2):02d}:00")
        self.credits += range(before + 1, self._last_number() + 1)

    def _acting(self, place: int) -> int:
        """Whose number stands for it since it was merged."""
        return self._acting(self.heirs[place]) if place in self.heirs else place

    def _last_number(self) -> int:
        with self.hall.books.journal.read() as unit:
            return unit.gifts.last_journal_no()

    def _charge(self) -> None:
        code = self.chance.choice(("GYM", "HALL"))
        coins = self.chance.randint(1, 12) if code == "GYM" else 10
        self.charges.append((code, self.hall.charge(code, self._who(), coins)))

    def _refund(self) -> None:
        if self.charges:
            self.hall.refund(*self.chance.choice(self.charges[-6:]), self.chance.randint(1, 6))

    def _donate(self) -> None:
        books, fund = self.hall.books, self.chance.choice(("WARM", "WARM", "KIDS"))
        given = donate.donate(
            books.context, books.office, None, self.hall.person(self._who()), fund, self.chance.randint(1, 8)
        )
        self.gifts.append(given["id"])

    def _wish(self) -> None:
        books = self.hall.books
        gifts.set_wish(
            books.context, books.office, None, self.hall.person(self._who()), self.chance.choice(("WARM", "KIDS"))
        )

    def _end_wish(self) -> None:
        gifts.set_wish(self.hall.books.context, self.hall.books.office, None, self.hall.person(self._who()), None)

    def _correct(self) -> None:
        if self.credits:
            self._corrected(self.chance.choice(self.credits))

    def _undo_expiry(self) -> None:
        if self.expiries:
            self._corrected(self.chance.choice(self.expiries))

    def _corrected(self, number: int) -> None:
        books = self.hall.books
        coins = self.chance.choice((None, 1, 4))
        made = correct.propose_correction(books.context, books.office, None, str(number), coins, "잘못 입력함")
        third = books.actor("third", *books.office.roles)
        correct.approve_correction(books.context, third, None, made["id"])

    def _expire(self) -> None:
        books = self.hall.books
        to = books.clock.today() - timedelta(days=self.chance.randint(1, 8))
        made = expire.propose_expiry(books.context, books.office, None, to)
        if self.chance.random() < 0.3:
            self._charge()  # whose account moves meanwhile is taken less of, or left out
        approved = expire.approve_expiry(books.context, books.second, None, made["id"])
        first = approved["first_journal_no"] or 0
        self.expiries += range(first, first + approved["entries"])

    def _freeze(self) -> None:
        books = self.hall.books
        until = books.clock.today() + timedelta(days=self.chance.randint(0, 12))
        made = freeze.propose_freeze(books.context, books.office, None, self.hall.person(self._who()), until, "확인 중")
        setup.approve_orders(books.context, books.second, None, made["id"])

    def _close(self) -> None:
        self.settle()
        books = self.hall.books
        month = month_number(books.clock.today().replace(day=1) - timedelta(days=1))
        for prepared in close_month.prepare_closes(books.context, books.office, None, month)["closes"]:
            if prepared["state"] != "prepared":
                continue
            if prepared["code"] in ("GYM", "HALL"):
                counter = self.hall.counter(prepared["code"])
                close_month.confirm_close(books.context, counter, None, prepared["id"])
            close_month.approve_close(books.context, books.second, None, prepared["id"])
            self.done["closed " + prepared["code"]] += 1
            self.hall.settle()

    def _close_account(self) -> None:
        self.settle()
        books, fund = self.hall.books, self.chance.choice((None, "KIDS"))
        made = account_ends.propose_closure(
            books.context, books.office, None, self.hall.person(self._who()), "moved_away", fund, "이사"
        )
        account_ends.approve_closure(books.context, books.second, None, made["id"])

    def _merge(self) -> None:
        self.settle()
        books, (giver, receiver) = self.hall.books, self.chance.sample(range(PEOPLE), 2)
        both = self.hall.person(giver), self.hall.person(receiver)
        made = account_ends.propose_merge(books.context, books.office, None, *both, "같은 사람")
        account_ends.approve_merge(books.context, books.second, None, made["id"])
        self.heirs[giver] = receiver
        self.busy |= {(receiver, *when) for who, *when in self.busy if who == giver}

    def _end_fund(self) -> None:
        made = setup.propose_fund_end(self.hall.books.context, self.hall.books.office, None, "WARM")
        setup.approve_orders(self.hall.books.context, self.hall.books.second, None, made["id"])

    def _reassign(self) -> None:
        if self.gifts:
            gifts.reassign(
                self.hall.books.context, self.hall.books.office, None, self.chance.choice(self.gifts), "KIDS"
            )

    def _limit(self) -> None:
        today = self.hall.books.clock.today()
        first = today + timedelta(days=8)
        if first.month != today.month:
            return
        row = f"venue,GYM,{today:%Y-%m},{self.chance.randint(100_001, 200_000)},{first}"
        self.hall.books.load("limits", f"limit,code,period,coins,effective_from\n{row}\n".encode())
        self.hall.settle()  # its notice counts from the day on which it is posted

    def _change_what_no_order_tells(self) -> None:
        """Now and then, by dice of its own, which no other act sees."""
        if self.dice.random() < 0.1:
            dong, goal = self.dice.choice(("", "역삼동", "삼성동")), self.dice.choice(("", "500", "900"))
            files = {
                "venues": f"code,name,step_coins,dong\nGYM,gym,1,{dong}\n",
                "funds": f"code,name,body,goal_coins\nKIDS,방학 도시락,chest,{goal}\n",
            }
            for kind, file in files.items():
                with suppress(Invalid):  # it is so already
                    self.hall.books.load(kind, file.encode())
                    self.done[f"changed {kind}"] += 1

    def _days(self) -> None:
        clock = self.hall.books.clock
        clock.business_date = min(clock.today() + timedelta(days=self.chance.choice((1, 3, 9, 25))), LAST_DAY)
        extend_opening(self.hall.books.context)


__all__ = ["RandomYear", "civil_day"]
