"""The load: several clients that credit, charge, refund, donate and sign up, and write what is acknowledged into the model."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from scripts.faults.client import Abandoned, Addresses, Answer, Request, Sender
from scripts.faults.model import COINS_AN_HOUR, DONATE, REDEEM, REFUND, Model
from scripts.faults.world import FILE_TYPE, World, file_of

ROWS_A_FILE = (5, 25)
ENDED = ("hold_ended", "enrolment_ended")
REFUSALS = ("insufficient_coins", "already_enrolled")
HOLD_SECONDS = 60
"""A counter's hold lives for 90 seconds: one that met a long fault may have expired, and the harness does not call that lost."""


class Client:
    """One thread's acts. An act asks, and goes on with the answer; what was refused is asked again when all is quiet."""

    def __init__(self, world: World, model: Model, addresses: Addresses, seed: int, name: str) -> None:
        self.world, self.model, self.name = world, model, name
        self.dice = random.Random(seed)  # noqa: S311
        self.sender = Sender(addresses, model, seed + 1)
        self.numbers = count(1)
        self.charges: list[tuple[str, str, int]] = []
        self.refused: list[tuple[Request, Callable[[Answer], None]]] = []
        self.ended_by_clock: list[str] = []
        """What lets go of holds that a clock had ended: one that is set back lets them live again."""
        self.courses_taken: set[tuple[str, str]] = set()
        self._second = Sender(addresses, model, seed + 2)
        self._racing = ThreadPoolExecutor(1, thread_name_prefix="race")

    def act(self) -> None:
        """One of everything, at random."""
        acts = (
            *(self.record,) * 3, *(self.file,) * 1, *(self.charge,) * 5, *(self.hold,) * 3, *(self.refund,) * 2,
            self.donate, *(self.sign_up,) * 2, self.raced_approval, self.raced_capture,
        )  # fmt: skip
        self.dice.choice(acts)()

    def quiet(self, since: float) -> None:
        """There are no faults any more: what is not answered soon is lost."""
        for sender in (self.sender, self._second):
            sender.quiet_since = since

    def give_up(self) -> None:
        """Do not wait for answers any more."""
        for sender in (self.sender, self._second):
            sender.is_given_up = True

    def close(self) -> None:
        """Leave."""
        self.sender.close()
        self._second.close()
        self._racing.shutdown()

    # ---- crediting

    def record(self) -> None:
        """A clerk types one act; another person approves it."""
        for member, day, start, end, _ in self.world.slots.take(1):
            name, birth_date = self.world.rows[member]
            body = {
                "desk": self.world.centre, "member_number": member, "name": name, "birth_date": birth_date,
                "programme": "VOL", "activity_day": day, "start": start, "end": end,
            }  # fmt: skip
            self._ask("clerk", "/api/v1/records", body, lambda answer, who=member: self._approve(answer, [who]))

    def file(self) -> None:
        """A clerk sends a file; it is approved, or sometimes rejected or withdrawn."""
        self._submit(self.dice.randint(*ROWS_A_FILE), self._decide)

    def raced_approval(self) -> None:
        """Two people decide the same submission at once, with keys of their own: one of them does."""
        self._submit(self.dice.randint(1, 4), self._race_decision)

    def _submit(self, rows: int, then: Callable[[Answer, list[str]], None]) -> None:
        hours = self.world.slots.take(rows)
        if not hours:
            self.charge()
            return
        request = Request(
            self._name("import"), self.world.tokens["clerk"], "/api/v1/imports", self._key(),
            file_of(self.world, hours), FILE_TYPE,
        )  # fmt: skip
        members = [hour[0] for hour in hours]
        self._settle(request, lambda answer: then(answer, members))

    def _decide(self, submitted: Answer, members: list[str]) -> None:
        if submitted.body["coins"] != COINS_AN_HOUR * len(members):
            self.model.violate("balance", f"{len(members)} hours are {submitted.body['coins']} coins")
        if self.dice.randrange(6):
            self._approve(submitted, members)
            return
        actor = self.dice.choice(("clerk", "approver"))
        path = f"/api/v1/approvals/{submitted.body['id']}/reject"
        self._ask(actor, path, {"reason": "wrong month"}, lambda _answer: None)

    def _approve(self, submitted: Answer, members: list[str]) -> None:
        path = f"/api/v1/approvals/{submitted.body['id']}/approve"
        self._ask("approver", path, None, lambda answer: self._credited(answer, members, path))

    def _credited(self, answer: Answer, members: list[str], operation: str) -> None:
        if (answer.body["entries"], answer.body["coins"]) != (len(members), COINS_AN_HOUR * len(members)):
            self.model.violate("balance", f"approved as {answer.body}", operation)
        self.model.credit(members, COINS_AN_HOUR, answer.body["first_journal_no"], operation)

    def _race_decision(self, submitted: Answer, members: list[str]) -> None:
        path = f"/api/v1/approvals/{submitted.body['id']}/approve"
        first = self._request("approver", path, None)
        if self.dice.randrange(2):
            second = self._request("approver-two", path, None)
        else:
            second = self._request("approver-two", path.replace("/approve", "/reject"), {"reason": "a mistake"})
        answers = self._both(first, second)
        winners = [one for one, answer in zip((first, second), answers, strict=True) if answer.is_done]
        if len(winners) != 1:
            said = [f"{answer.status} {answer.code}" for answer in answers]
            self.model.violate("doubled", f"a submission was decided {len(winners)} times: {said}", path)
        for request, answer in zip((first, second), answers, strict=True):
            if answer.is_done and request.path == path:
                self._credited(answer, members, path)

    # ---- spending

    def charge(self) -> None:
        """A counter charge in one step."""
        member, coins = self._member(), self.dice.randint(1, 15)
        desk = self.dice.choice(self.world.charge_desks)

        def charged(answer: Answer) -> None:
            self._expect(answer, coins)
            self.model.move(REDEEM, member, coins, answer.body["journal_no"], "charge")
            self.charges.append((answer.body["id"], member, coins))

        self._ask("counter", "/api/v1/redemptions", self._coins(member, coins) | {"desk": desk}, charged)

    def hold(self) -> None:
        """Coins are held, then taken or let go."""
        member, coins = self._member(), self.dice.randint(1, 10)
        captures = bool(self.dice.randrange(4))
        self._hold(member, coins, lambda hold_id, begun: self._end(hold_id, member, coins, begun, captures=captures))

    def raced_capture(self) -> None:
        """Two holds of one person; the first is taken by two desks at once, or taken and let go. It ends once, and the second is still there."""
        member = self._member()

        def both_held(first: str, second: str, begun: float) -> None:
            path = f"/api/v1/holds/{first}/capture"
            other = path if self.dice.randrange(2) else path.replace("/capture", "/release")
            answers = self._both(self._request("counter", path, None), self._request("counter", other, None))
            done = [answer for answer in answers if answer.is_done]
            for answer in (one for one in done if "journal_no" in one.body):
                self.model.move(REDEEM, member, 3, answer.body["journal_no"], path)
            late = self._may_have_expired(begun)
            if not done and self.world.holds_may_expire:
                self.ended_by_clock.append(path.replace("/capture", "/release"))
            if len(done) != 1 and not (late and not done):
                self.model.violate("doubled", f"a hold ended {len(done)} times", path)
            self._end(second, member, 4, begun, captures=True)

        def first_held(first: str, begun: float) -> None:
            self._hold(member, 4, lambda second, _later: both_held(first, second, begun), or_else=first)

        self._hold(member, 3, first_held)

    def refund(self) -> None:
        """A part or all of an earlier charge comes back."""
        if not self.charges:
            self.charge()
            return
        redemption, member, coins = self.charges.pop(self.dice.randrange(len(self.charges)))
        back = self.dice.randint(1, coins)

        def refunded(answer: Answer) -> None:
            self._expect(answer, back)
            self.model.move(REFUND, member, back, answer.body["journal_no"], "refund")

        self._ask("counter", f"/api/v1/redemptions/{redemption}/refund", {"coins": back}, refunded)

    def donate(self) -> None:
        """Coins go to a fund."""
        member, coins = self._member(), self.dice.randint(1, 5)

        def donated(answer: Answer) -> None:
            self._expect(answer, coins)
            self.model.move(DONATE, member, coins, answer.body["journal_no"], "donation")

        self._ask("counter", "/api/v1/donations", self._coins(member, coins) | {"fund": "WINTER"}, donated)

    def sign_up(self) -> None:
        """A seat in a course, paid with coins, confirmed; some cancel before it begins and get everything back."""
        member, course = self._member(), self.dice.choice(self.world.courses)
        cancels, confirms = not self.dice.randrange(3), bool(self.dice.randrange(5))
        body = {"course_id": course, "person_id": self.world.people[member], "coins": 10}

        def cancelled(answer: Answer, taken: int) -> None:
            if answer.body["refunded_coins"] != taken:
                self.model.violate("balance", f"{answer.body['refunded_coins']} coins came back of {taken}", "cancel")
            if taken:
                self.model.move(REFUND, member, taken, None, "cancel")

        def cancel(enrolment: str, taken: int) -> None:
            path = f"/api/v1/enrolments/{enrolment}/cancel"
            self._ask("counter", path, {}, lambda answer: cancelled(answer, taken))

        def confirmed(answer: Answer) -> None:
            self.model.move(REDEEM, member, 10, None, "sign-up")
            if cancels:
                cancel(answer.body["id"], 10)

        def enrolled(answer: Answer) -> None:
            if answer.body["state"] == "enrolled":
                confirmed(answer)
            elif confirms:
                self._ask("counter", f"/api/v1/enrolments/{answer.body['id']}/confirm", None, confirmed)
            else:
                cancel(answer.body["id"], 0)

        self._ask("counter", "/api/v1/enrolments", body, enrolled)

    def _hold(self, member: str, coins: int, then: Callable[[str, float], None], or_else: str | None = None) -> None:
        begun = time.monotonic()
        body = self._coins(member, coins) | {"desk": self.dice.choice(self.world.charge_desks)}
        request = self._request("counter", "/api/v1/holds", body)
        answer = self.sender.settle(request)
        if answer.is_done:
            then(str(answer.body["id"]), begun)
            return
        self._refused(request, answer, lambda late: self._release(str(late.body["id"])))
        if or_else is not None:
            self._release(or_else)

    def _release(self, hold: str) -> None:
        self._ask("counter", f"/api/v1/holds/{hold}/release", None, lambda _answer: None, allowed=("hold_ended",))

    def _end(self, hold: str, member: str, coins: int, begun: float, *, captures: bool) -> None:
        if not captures:
            self._release(hold)
            return
        request = self._request("counter", f"/api/v1/holds/{hold}/capture", None)
        answer = self.sender.settle(request)
        if answer.is_done:
            self._expect(answer, coins)
            self.model.move(REDEEM, member, coins, answer.body["journal_no"], request.path)
        elif self.world.holds_may_expire:
            self._refused(request, answer, lambda _late: None)
        elif not self._may_have_expired(begun):
            self.model.violate("lost", f"a hold that was live was refused: {answer.status} {answer.code}", request.path)

    def _may_have_expired(self, begun: float) -> bool:
        return self.world.holds_may_expire or time.monotonic() - begun > HOLD_SECONDS

    # ---- asking

    def finish(self) -> None:
        """Ask again what was refused: a lost copy of it may have come late, and then the stored answer tells."""
        for request, then in self.refused:
            answer = self.sender.settle(request)
            if answer.is_done:
                then(answer)
        self.refused.clear()
        for path in self.ended_by_clock:
            body = None if path.endswith("/release") else {}
            self._ask("counter", path, body, lambda _answer: None, allowed=ENDED)
        self.ended_by_clock.clear()

    def _ask(
        self,
        actor: str,
        path: str,
        body: dict[str, Any] | None,
        then: Callable[[Answer], None],
        allowed: Sequence[str] = (),
    ) -> None:
        self._settle(self._request(actor, path, body), then, allowed)

    def _settle(self, request: Request, then: Callable[[Answer], None], allowed: Sequence[str] = ()) -> None:
        answer = self.sender.settle(request)
        if answer.is_done:
            then(answer)
        elif answer.code not in allowed:
            self._refused(request, answer, then)

    def _refused(self, request: Request, answer: Answer, then: Callable[[Answer], None]) -> None:
        if self.world.holds_may_expire and answer.code in ENDED:
            self.ended_by_clock.append(request.path.replace("/capture", "/release").replace("/confirm", "/cancel"))
            return
        if answer.code in REFUSALS:
            self._require_reason(request, answer)
            if not any(one is request for one, _ in self.refused):
                self.refused.append((request, then))
            return
        self.model.violate("error", f"refused: {answer.status} {answer.code} {answer.body}", request.name)

    def _require_reason(self, request: Request, answer: Answer) -> None:
        """A refusal is right only where the model cannot tell that it is wrong: a service that refuses everything loses nothing, either."""
        body = json.loads(request.body)
        if answer.code == "insufficient_coins" and self.model.can_surely_pay(body["person_id"]):
            self.model.violate("refused", f"coins that are there: {answer.body}", request.name)
        if answer.code == "already_enrolled" and not self.model.may_have_seat(body["person_id"], body["course_id"]):
            self.model.violate("refused", f"the only sign-up to a course: {answer.body}", request.name)

    def _both(self, first: Request, second: Request) -> tuple[Answer, Answer]:
        other = self._racing.submit(self._second.settle, second)
        mine = self.sender.settle(first)
        return mine, other.result()

    def _request(self, actor: str, path: str, body: dict[str, Any] | None) -> Request:
        other = None
        if body is not None and "coins" in body:
            other = json.dumps(body | {"coins": body["coins"] + 1}).encode()
            if "person_id" in body:
                self.model.wants(body["person_id"], body["coins"])
            if "course_id" in body:
                self.model.wants_seat(body["person_id"], body["course_id"])
        data = json.dumps(body).encode() if body is not None else b""
        return Request(self._name(path), self.world.tokens[actor], path, self._key(), data, other=other)

    def _name(self, what: str) -> str:
        return f"{self.name} {what}"

    def _key(self) -> str:
        return f"{self.name}-{next(self.numbers)}"

    def _member(self) -> str:
        return self.dice.choice(self.world.slots.members)

    def _coins(self, member: str, coins: int) -> dict[str, Any]:
        return {"person_id": self.world.people[member], "coins": coins}

    def _expect(self, answer: Answer, coins: int) -> None:
        if answer.body["coins"] != coins:
            self.model.violate("balance", f"asked for {coins} coins, answered {answer.body['coins']}", self.name)


class Load:
    """Clients at work, from `start` to `finish`."""

    def __init__(
        self, world: World, model: Model, addresses: Addresses, seed: int, clients: int, pause_seconds: float = 0.0
    ) -> None:
        self._pause_seconds = pause_seconds
        self._stopping = threading.Event()
        self._model = model
        model.begin_load(world.people)
        self.clients = [Client(world, model, addresses, seed + 1000 * at, f"{seed:x}-{at}") for at in range(clients)]
        self._threads = [threading.Thread(target=self._work, args=(one,), daemon=True) for one in self.clients]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def quiet(self) -> float:
        """The last fault is over, and nothing new is begun; the monotonic time of it."""
        self._stopping.set()
        now = time.monotonic()
        for client in self.clients:
            client.quiet(now)
        return now

    def abandon(self) -> None:
        """There is nothing left to ask: whoever waits for an answer gives up."""
        for client in self.clients:
            client.give_up()

    def finish(self) -> None:
        """Let each client end what it began, and ask once more what was refused."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        for client in self.clients:
            self._guarded(client, client.finish)
            client.close()

    def _work(self, client: Client) -> None:
        while not self._stopping.is_set():
            if not self._guarded(client, client.act):
                return
            self._stopping.wait(self._pause_seconds)

    def _guarded(self, client: Client, act: Callable[[], None]) -> bool:
        try:
            act()
        except Abandoned:
            return False
        except Exception as error:  # noqa: BLE001  a client that dies in silence would make the check look good
            self._model.violate("error", f"the client broke: {type(error).__name__} {error}", client.name)
            return False
        return True
