"""What posting says of itself in the status row: its state, what it found, and what was skipped. /readyz reads it.

What was found is kept in the books: a restart or another poster does not hide it. It ends when it is over, or when the coin office has
acknowledged it (services/findings.py); where posting meets the same again it is open again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from ledger_service.domain.batches import OFFICE_DESK
from ledger_service.domain.entries import Skip
from ledger_service.domain.orders import OrderSkip
from ledger_service.journal.findings import FINDING, NOTICE
from ledger_service.journal.unit import Journal
from ledger_service.posting.measures import Measures
from ledger_service.posting.ports import Clock

HEARTBEAT_SECONDS = 10
LOOPS = ("chain", "books")
FINDINGS_MAX = 50
NOTICES_MAX = 30
SUBJECT_LENGTH_MAX = 64
_DESK = "desk "


@dataclass(frozen=True, slots=True)
class _Said:
    state: str
    message: str | None
    at: int


class Findings:
    """The open findings, and the desks that were stopped. Safe to share between threads."""

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self.measures = Measures()
        self._lock = threading.Lock()
        self._found: dict[str, str] = {}
        self._notices: dict[str, str] = {}
        self._loops: dict[str, _Said] = {}
        self._said: tuple[str, str] | None = None
        self._said_at = 0
        with journal.read() as unit:
            self._skipped = unit.posts.skipped_total()
            open_ones = unit.findings.open_ones(FINDINGS_MAX + NOTICES_MAX)
            unread = {row.desk for row in unit.outside.all("missing")}
            stopped = {desk.number: desk.stopped for desk in unit.master.desks() if desk.stopped}
        for row in reversed(open_ones):
            (self._found if row.kind == FINDING else self._notices)[row.subject] = row.words
        for desk, why in stopped.items():
            self._notices.pop(_desk_subject(desk), None)
            (self._notices if desk in unread else self._found)[_desk_subject(desk)] = why

    def add(self, subject: str, finding: str) -> None:
        """Remember a finding; a later one of the same subject replaces it."""
        with self._lock:
            if self._found.get(subject) == finding or (subject not in self._found and len(self._found) >= FINDINGS_MAX):
                return
            self._found[subject] = finding
        self._keep(FINDING, subject, finding)

    def notice(self, subject: str, notice: str) -> None:
        """Something a person should see although chain and books agree: shown among the findings, and crediting goes on.

        The latest are shown: a notice never takes a finding's room.
        """
        with self._lock:
            known = self._notices.pop(subject, None) == notice
            self._notices[subject] = notice
            while len(self._notices) > NOTICES_MAX:
                del self._notices[next(iter(self._notices))]
        if not known:
            self._keep(NOTICE, subject, notice)

    def clear(self, subject: str) -> None:
        """What was found is over."""
        with self._lock:
            known = [kept.pop(subject, None) for kept in (self._found, self._notices)]
        if any(known):
            with self._journal.write() as unit:
                unit.findings.end(subject, self._clock.now())
                unit.commit()

    def _keep(self, kind: str, subject: str, words: str) -> None:
        with self._journal.write() as unit:
            unit.findings.open_one(kind, subject[:SUBJECT_LENGTH_MAX], words, self._clock.now())
            unit.commit()

    def _forget_closed(self) -> None:
        """What the coin office has acknowledged since is shown no more; nor is a desk that was stopped and goes on."""
        with self._lock:
            shown = self._found.keys() | self._notices.keys()
        if not shown:
            return
        with self._journal.read() as unit:
            still = unit.findings.still_open(shown)
            stopped = {_desk_subject(desk.number) for desk in unit.master.desks() if desk.stopped}
        over = {subject for subject in shown & still if _is_of_desk(subject)} - stopped
        for subject in over:
            self.clear(subject)
        with self._lock:
            for subject in shown - still - stopped:
                self._found.pop(subject, None)
                self._notices.pop(subject, None)

    def stop_desk(self, desk: int, finding: str, *, is_notice: bool = False) -> None:
        """Nothing is sealed or signed for this desk any more, until a person looks into it. As a notice only this desk's crediting stops."""
        subject = _desk_subject(desk)
        with self._journal.write() as unit:
            unit.master.stop_desk(desk, finding)
            unit.findings.open_one(NOTICE if is_notice else FINDING, subject, finding, self._clock.now())
            unit.commit()
        with self._lock:
            (self._notices if is_notice else self._found)[subject] = finding

    def note_skips(self, desk: int, seq: int, skips: Sequence[tuple[int, int]]) -> None:
        """Entries or orders of a batch, as (index, reason), that the chain did not apply: an alarm."""
        with self._lock:
            self._skipped += len(skips)
        for index, reason in skips[:NOTICES_MAX]:
            what, why = ("order", OrderSkip) if desk == OFFICE_DESK else ("entry", Skip)
            self.notice(
                f"skip {desk}/{seq}/{index}",
                f"the chain skipped {what} {index} of batch {seq} of desk {desk}: {why(reason).name.lower()}",
            )

    def all(self) -> dict[str, str]:
        """What was found, by subject."""
        with self._lock:
            return {**self._notices, **self._found}

    def say(self, state: str, message: str | None = None, *, loop: str | None = None) -> None:
        """What a loop (or, without one, both) is doing. Writes the status row, if it changed or its time is over.

        `ready` is said only when both loops are, and becomes findings where there are some. The row is as old as the older loop's last word, so that
        one loop that hangs is not hidden by the other.
        """
        now = self._clock.now()
        self._forget_closed()
        with self._lock:
            for name in LOOPS if loop is None else (loop,):
                self._loops[name] = _Said(state, message, now)
            worst = next(
                (self._loops[one] for one in LOOPS if one in self._loops and self._loops[one].state != "ready"),
                _Said("ready", None, now),
            )
            state = "findings" if worst.state == "ready" and self._found else worst.state
            detail = {
                "findings": {**self._notices, **self._found},
                "loops": {name: said.state for name, said in self._loops.items()},
                "message": worst.message,
                "skipped": self._skipped,
            }
            row = state, json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            if row == self._said and now - self._said_at < HEARTBEAT_SECONDS:
                return
            self._said, self._said_at = row, now
            heard_at = min(said.at for said in self._loops.values())
        with self._journal.write() as unit:
            unit.chain_marks.set_status(*row, heard_at, json.dumps(self.measures.as_json(), separators=(",", ":")))
            unit.commit()


def _desk_subject(desk: int) -> str:
    return f"{_DESK}{desk}"


def _is_of_desk(subject: str) -> bool:
    return subject.startswith(_DESK) and subject.removeprefix(_DESK).isdigit()
