"""An order that cannot be written to the chain never exists, and so never stands in the way of the office's batch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ledger_service.domain.orders import Order, OrderCode, OrderUnencodable, decode_orders, encode_orders, text_arg
from ledger_service.services import setup
from ledger_service.services.coin_files import read_limits, read_programmes, read_values
from ledger_service.services.master_file import MasterFileInvalid
from ledger_service.services.organisation_files import read_centers, read_courses, read_funds, read_venues
from ledger_service.services.people_files import read_members
from tests.books import Books

PROGRAMME = "code,name,unit,coins,per_units,effective_from,effective_to,daily_cap_units,min_age,measure\n"
COURSE = "code,venue,name,first_day,last_day,seats,price_krw\n"
LIMIT = "limit,code,period,coins\n"
MEMBER = "회원번호,이름,생년월일\n"


@pytest.mark.parametrize(("code", "args"), [(-1, ()), (256, ()), (8, (1, -1)), (8, (2**256,))])
def test_what_has_no_encoding_is_no_order(code: int, args: tuple[int, ...]) -> None:
    with pytest.raises(OrderUnencodable):
        Order(code, args)


def test_the_widest_order_encodes_and_decodes() -> None:
    widest = [Order(255, (0, 2**256 - 1)), Order(0, ())]
    assert decode_orders(encode_orders(widest)) == widest


@pytest.mark.parametrize(
    ("read", "data", "column", "says"),
    [
        (read_limits, LIMIT + "centre,SVC,2019-12,5", "period", "2020-01-01"),
        (read_limits, LIMIT + "budget,,2019,5", "period", "2020-01-01"),
        (read_limits, LIMIT + "person,,2150,5", "period", "2100-01-01"),
        (read_limits, LIMIT + f"centre,{'C' * 33},2024-01,5", "code", "32 characters"),
        (read_values, "effective_from,krw\n1960-01-01,5", "effective_from", "2020-01-01"),
        (read_programmes, PROGRAMME + "P,n,u,1,1,1960-01-01,,10,0,count", "effective_from", "2020-01-01"),
        (read_programmes, PROGRAMME + "P,n,u,1,1,2024-01-01,9999-12-31,10,0,count", "effective_to", "2100-01-01"),
        (read_programmes, PROGRAMME + f"{'가' * 20},n,u,1,1,2024-01-01,,10,0,count", "code", "31 bytes"),
        (read_programmes, PROGRAMME + f"P,{'n' * 201},u,1,1,2024-01-01,,10,0,count", "name", "200 characters"),
        (read_programmes, PROGRAMME + f"P,n,{'u' * 33},1,1,2024-01-01,,10,0,count", "unit", "32 characters"),
        (read_courses, COURSE + "C,V,n,0001-01-01,2024-01-01,1,1", "first_day", "2020-01-01"),
        (read_courses, COURSE + f"{'C' * 33},V,n,2024-01-01,2024-01-01,1,1", "code", "32 characters"),
        (read_courses, COURSE + "C\x01,V,n,2024-01-01,2024-01-01,1,1", "code", "control character"),
        (read_venues, f"code,name,step_coins\n{'V' * 33},n,1", "code", "32 characters"),
        (read_venues, f"code,name,step_coins\nV,{'n' * 201},1", "name", "200 characters"),
        (read_centers, "code,name\nC,a\x1bb", "name", "control character"),
        (read_funds, f"code,name,body\nF,n,{'b' * 201}", "body", "200 characters"),
        (read_funds, 'code,name,body\nF,"a\nb",b', "name", "line break"),
        (read_members, MEMBER + f"{'9' * 101},n,1960-01-01", "회원번호", "100 characters"),
        (read_members, MEMBER + "S1,a\x01b,1960-01-01", "이름", "control character"),
    ],
)
def test_a_cell_outside_its_bounds_is_named_by_line_and_column(
    read: Callable[[bytes], object], data: str, column: str, says: str
) -> None:
    with pytest.raises(MasterFileInvalid) as refused:
        read(data.encode())
    (problem,) = refused.value.problems
    assert (problem.line, problem.column) == (2, column)
    assert says in problem.reason


def test_the_longest_codes_and_the_first_and_last_days_are_read() -> None:
    rows = f"{'가' * 10}P,n,{'u' * 32},1,1,2020-01-01,2100-01-01,10,0,count"
    (rate,) = read_programmes((PROGRAMME + rows).encode())
    assert text_arg(rate.programme)
    assert [row.code for row in read_venues(f"code,name,step_coins\n{'V' * 32},{'n' * 200},1".encode())] == ["V" * 32]


@pytest.mark.parametrize(
    "step",
    [
        {"step": "limit", "limit": "centre", "code": "SVC", "first_day": "2019-12-01", "coins": 5},
        {"step": "limit", "limit": "budget", "code": "", "first_day": "1960-01-01", "coins": 5},
        {"step": "value", "first_day": "1960-01-01", "krw": 5},
    ],
)
def test_an_approval_commits_no_order_that_does_not_encode(books: Books, step: dict[str, object]) -> None:
    books.load("centers", b"code,name\nSVC,centre")
    before = orders_of(books)
    proposal = setup.propose(books.context, books.office, None, "old", [step])
    with pytest.raises(OrderUnencodable):
        setup.approve_orders(books.context, books.second, None, proposal["id"])
    assert orders_of(books) == before
    with books.journal.read() as unit:
        approval = unit.approvals.read(proposal["id"])
    assert approval is not None
    assert approval.status == "waiting"


def orders_of(books: Books) -> list[Order]:
    with books.journal.read() as unit:
        orders = [row.order for row in unit.orders.unsealed(100)]
    encode_orders(orders)
    assert all(order.code == OrderCode.REGISTER_DESK for order in orders)
    return orders
