"""What commands say of an account that has ended: nothing comes to it any more and nothing leaves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ledger_service.errors import Refused
from ledger_service.services.lines import named_lines


class AccountClosed(Refused):
    """The account was closed, or merged into another. Fields: the lines of a file."""

    code = "account_closed"


def account_closed() -> AccountClosed:
    """The error for one account."""
    return AccountClosed(
        "this account was closed: nothing is credited to it, taken from it or given back to it",
        "해지된 계정이어서 적립, 사용, 환불을 할 수 없습니다",
    )


def refuse_closed_lines(closed: Collection[bytes], rows_by_account: Mapping[bytes, Sequence[tuple[int, int]]]) -> None:
    """Raise AccountClosed where a submission would credit one of these accounts; it names the lines."""
    lines = sorted(line for account in closed for line, _ in rows_by_account.get(account, ()))
    if lines:
        named = named_lines(lines)
        raise AccountClosed(
            f"accounts were closed that this would credit (lines {named}): submit it again without these rows",
            f"해지된 계정의 행이 있습니다(줄 {named}). 빼고 다시 제출하세요",
            lines=lines,
        )
