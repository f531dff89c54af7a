"""The bank test: while all goes on, somebody reads totals and balances, and each answer has to be of one moment and possible."""

from __future__ import annotations

import random
import threading
from typing import Any

from scripts.faults.model import CREDIT, DONATE, REDEEM, REFUND, Violation
from scripts.faults.stage import Stage, ask

PAUSE_SECONDS = 0.5
NAMES = {CREDIT: "credited", REDEEM: "spent", REFUND: "refunded", DONATE: "donated"}
ASKED_AT_LAST = 5
COINS_OF_A_PERSON = ("available", "held", "pending_credits", "pending_refunds", "waiting_credits", "debt")


class Readings:
    """A reader beside the load, from `start` to `stop`."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._dice = random.Random(seed)  # noqa: S311
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._seen = dict.fromkeys(NAMES.values(), 0)
        self.violations: list[Violation] = []
        self.answers = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was wrong is in `violations`, and that nothing was ever answered is wrong, too."""
        self._ended.set()
        self._thread.join()
        for _ in range(ASKED_AT_LAST):
            if not self.answers:
                self._turn()
        if not self.answers:
            self.violations.append(Violation("work", "no reading was answered"))

    def _read(self) -> None:
        while not self._ended.wait(PAUSE_SECONDS):
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001  a reader that dies in silence would make the round look good
                self._say(f"could not be read: {type(error).__name__} {error}", {})
                return

    def _turn(self) -> None:
        ports = self._stage.ports()
        if not ports:
            return
        port, office = self._dice.choice(ports), self._stage.world.tokens["office"]
        acknowledged = {name: self._stage.model.coins[kind] for kind, name in NAMES.items()}
        status, totals = ask(port, "/api/v1/totals", office)
        if self._is_answer(status, totals):
            for wrong in wrong_totals(
                totals, {name: max(acknowledged[name], self._seen[name]) for name in acknowledged}
            ):
                self._say(wrong, totals)
            self._seen = {name: totals[name] for name in self._seen}
        person = self._dice.choice(list(self._stage.world.people.values()))
        status, balance = ask(port, f"/api/v1/residents/{person}/balance", office)
        if self._is_answer(status, balance):
            for wrong in wrong_balance(balance):
                self._say(wrong, balance)

    def _is_answer(self, status: int, said: Any) -> bool:
        if status not in (0, 200, 503):  # of a service that was killed nothing comes
            self._say(f"answered {status}", said)
        self.answers += status == 200 and said is not None
        return status == 200 and said is not None

    def _say(self, wrong: str, answer: Any) -> None:
        self.violations.append(Violation("balance", f"a reading under load: {wrong}: {answer}"))


def wrong_totals(totals: dict[str, Any], at_least: dict[str, int]) -> list[str]:
    """What cannot be of one moment, is negative, or is less than what was acknowledged or read before."""
    found = [
        f"{totals[name]} coins {name}, and {least} were acknowledged or read before"
        for name, least in at_least.items()
        if totals[name] < least
    ]
    came = totals["credited"] + totals["refunded"] + totals["restored"]
    went = sum(totals[name] for name in ("spent", "donated", "expired", "set_off", "taken_back"))
    if totals["outstanding"] != came - went:
        found.append(f"{totals['outstanding']} are outstanding and not {came - went}")
    if min(totals["outstanding"], totals["final_outstanding"]) < 0:
        found.append("fewer than no coins are outstanding")
    if totals["refunded"] > totals["spent"]:
        found.append("more came back than was spent")
    found += [
        f"{one['kind']}: of {one['coins']} coins in {one['entries']} entries {one['final_coins']} in {one['final_entries']} are final"
        for one in totals["kinds"]
        if not (0 <= one["final_coins"] <= one["coins"] and 0 <= one["final_entries"] <= one["entries"])
    ]
    return found


def wrong_balance(balance: dict[str, Any]) -> list[str]:
    """What of a person's coins is negative, or not worth what it says."""
    found = [f"{balance[name]} coins are {name}" for name in COINS_OF_A_PERSON if balance[name] < 0]
    if (
        balance["krw_per_coin"] is not None
        and balance["available_krw"] != balance["available"] * balance["krw_per_coin"]
    ):
        found.append(f"{balance['available']} coins are {balance['available_krw']} won")
    return found
