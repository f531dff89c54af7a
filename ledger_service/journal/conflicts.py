"""What a unique index or check constraint says when two did the same at once: the last guard, behind the rules."""

from __future__ import annotations

from ledger_service.errors import Refused, Unavailable


class RowConflict(Refused):
    """A constraint of the books refused the write; the whole unit is rolled back."""

    code = "row_conflict"

    def __init__(self) -> None:
        super().__init__(
            "somebody did the same at the same moment: look again, then repeat if it is still needed",
            "같은 순간에 다른 처리가 있었습니다. 확인한 뒤 필요하면 다시 해 주세요",
        )


class Deadlock(Unavailable):
    """PostgreSQL ended one of two transactions that waited for each other; the unit is rolled back and can be run again."""

    code = "deadlock"

    def __init__(self) -> None:
        super().__init__(
            "too many changes at the same moment: send the same request again",
            "같은 순간에 처리가 몰렸습니다. 같은 요청을 다시 보내 주세요",
        )
