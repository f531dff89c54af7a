"""Master files of people: members.csv, and the balances that they held in another system."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from ledger_service.domain.entries import UNITS_MAX
from ledger_service.domain.rates import EXPIRY_MONTHS_MAX
from ledger_service.services.master_file import master_rows
from ledger_service.services.table_errors import Columns

MEMBER_NUMBER_LENGTH_MAX = 100

MEMBER_COLUMNS = Columns(required=("회원번호", "이름", "생년월일"), optional=("휴대전화", "동", "자격"))
BALANCE_COLUMNS = Columns(required=("회원번호", "coins", "lot_day", "expiry_months"))


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member as the file has it; the ledger gives it its own person id."""

    line: int
    member_number: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    phone: str = field(repr=False)
    neighbourhood: str = field(repr=False)
    qualification: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """Coins that a member held in the system before: one lot, earned on `lot_day`, which expires `expiry_months` later."""

    line: int
    member_number: str = field(repr=False)
    coins: int
    lot_day: date
    expiry_months: int


def read_members(data: bytes) -> list[MemberRow]:
    """The members; each number once. Raises MasterFileInvalid and what `read_table` raises."""
    members = []
    for row in master_rows(data, MEMBER_COLUMNS):
        member = MemberRow(
            line=row.line,
            member_number=row.code("회원번호", MEMBER_NUMBER_LENGTH_MAX),
            name=row.name("이름"),
            birth_date=row.day("생년월일"),
            phone=row.text("휴대전화"),
            neighbourhood=row.text("동"),
            qualification=row.text("자격"),
        )
        row.once("회원번호", member.member_number)
        members.append(member)
    return members


def read_balances(data: bytes) -> list[BalanceRow]:
    """Balances to bring over, one line a lot. Raises MasterFileInvalid and what `read_table` raises."""
    balances = []
    for row in master_rows(data, BALANCE_COLUMNS):
        balance = BalanceRow(
            line=row.line,
            member_number=row.code("회원번호", MEMBER_NUMBER_LENGTH_MAX),
            coins=row.whole("coins"),
            lot_day=row.ledger_day("lot_day"),
            expiry_months=row.whole("expiry_months"),
        )
        if not 1 <= balance.coins <= UNITS_MAX:
            row.wrong("coins", f"must be 1 to {UNITS_MAX}", f"1~{UNITS_MAX} 범위여야 합니다")
        if not 1 <= balance.expiry_months <= EXPIRY_MONTHS_MAX:
            row.wrong("expiry_months", f"must be 1 to {EXPIRY_MONTHS_MAX}", f"1~{EXPIRY_MONTHS_MAX} 범위여야 합니다")
        balances.append(balance)
    return balances
