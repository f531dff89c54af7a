"""What is compared: after each month, at each close, and at the end of the year."""

from __future__ import annotations

import csv

from rich.table import Table

from scripts.year.district import VENUES, YEAR, Year, console
from scripts.year.months import CLOSED, GIVING_NUMBER
from scripts.year.reckoning import SUMS

MONTHS_WITH_LOTS = (7, 8, 12)
MONTHS_PRINTED = (3,)  # to cut a font for a page takes longer than all else of a close


def close(year: Year, month: int) -> None:
    """Close by command: prepared, confirmed by each venue, approved, printed, paid; the payment file adds up, the check holds."""
    name = f"{YEAR}-{month:02d}"
    earlier = [year.get("/closes", month=f"{YEAR}-{one:02d}") for one in range(1, month)]
    made = year.command("close", name, "--as", "kim", "--json")
    wanted = year.reckoning.close_month()
    year.same(f"{name}: closes", {one["code"]: (one["coins"], one["krw"]) for one in made["closes"]}, wanted)
    for one in made["closes"]:
        if one["code"] in VENUES:
            year.command("closes", "confirm", one["id"], "--as", one["code"].lower(), "--json")
        year.command("approve", one["id"], "--as", "lee", "--json")
    year.settled()
    for one in made["closes"] if month in MONTHS_PRINTED else ():
        file = year.files / f"{name}-{one['code']}.pdf"
        year.command("closes", "statement", one["id"], str(file), "--as", "kim")
        year.same(f"{name}: a statement", file.read_bytes()[:5], b"%PDF-")
    file = year.files / f"{name}.csv"
    year.command("closes", "payments", name, str(file), "--as", "kim")
    with file.open(encoding="utf-8-sig") as lines:
        paid = list(csv.reader(lines))[1:]
    year.same(
        f"{name}: won of the payment file", sum(int(row[5]) for row in paid), sum(krw for _, krw in wanted.values())
    )
    after = [year.get("/closes", month=f"{YEAR}-{one:02d}") for one in range(1, month)]
    year.same(f"{name}: the months before", after, earlier)
    year.closes += len(made["closes"])
    year.rows[month - 1][-1] = f"{sum(krw for _, krw in wanted.values()):,}"
    check(year, f"after the close of {name}")
    console.print(f"{name}: closed ({', '.join(f'{code} {krw:,}' for code, (_, krw) in wanted.items())} won)")


def check(year: Year, when: str) -> None:
    """The three-way check, by command: 0 difference, and the sums are the reckoning's."""
    found, sums = year.command("check", "--as", "kim", "--json"), year.reckoning.sums
    year.same(f"{when}: check", (found["state"], found["differences"]), ("holds", []))
    wanted = {
        "balances": year.reckoning.supply, "supply": year.reckoning.supply, "credited": sums["issued"], "opened": sums["opened"],
        "reissued": sums["reissued"], "restored": sums["restored"],
        "burnt": sum(sums[name] for name in ("expired", "corrected", "set off", "burnt by closes", "burnt by closures")),
    }  # fmt: skip
    for name, coins in wanted.items():
        year.same(f"{when}: {name}", found[name], coins)


def compare(year: Year, label: str, month: int, before: dict[str, int]) -> None:
    """Everybody's coins and debts, the ledger's sums, and a line of the table."""
    for who, purse in year.reckoning.purses.items():
        if who == GIVING_NUMBER and not purse.lots:
            continue  # asked by its number it is the other one; asked by its id nothing is left of it
        found = year.balance(who)
        year.same(f"{label}: resident {who}", (found["available"], found["debt"]), (purse.coins, purse.debt))
        year.same(f"{label}: resident {who} closed", found["closed"], who == CLOSED and month >= 10)
        if month in MONTHS_WITH_LOTS:
            lots: dict[str, int] = {}
            for lot in year.get(f"/residents/{year.person(who)}/lots")["lots"]:
                lots[lot["expires_on"]] = lots.get(lot["expires_on"], 0) + lot["left"]
            year.same(f"{label}: lots of {who}", {day: left for day, left in lots.items() if left}, purse.by_day())
    sums, totals = year.reckoning.sums, year.get("/totals")
    for name, wanted in (
        ("credited", sums["issued"]), ("spent", sums["taken"]), ("refunded", sums["refunded"]), ("donated", sums["given"]),
        ("expired", sums["expired"]), ("taken_back", sums["corrected"]), ("restored", sums["restored"]), ("set_off", sums["set off"]),
        ("outstanding", year.reckoning.outstanding), ("final_outstanding", year.reckoning.outstanding),
    ):  # fmt: skip
        year.same(f"{label}: {name}", totals[name], wanted)
    check(year, label)
    new = [f"{sums[name] - before.get(name, 0):,}" for name in SHOWN]
    year.rows.append([label, *new, f"{year.reckoning.outstanding:,}", "–"])
    console.print(f"{label}: lived")


SHOWN = ("issued", "taken", "refunded", "given", "expired", "corrected", "set off", "reissued")


def audit(year: Year) -> None:
    """The audit, from the chain, with the books beside it: by its exit code, and without a finding."""
    assert year.service is not None
    books = year.files / "books.jsonl"
    year.command("books", "export", str(books), "--as", "kim", "--reason", "the year's audit")
    runtime = year.service.runtime
    words = ("verify", "--rpc", runtime["rpc_url"], "--contract", runtime["contract"], "--books", str(books), "--json")
    report = year.command(*words)
    year.same("findings of the audit", report["findings"], [])
    for code, payee in year.reckoning.payees.items():
        closes = [year.get("/closes", month=f"{YEAR}-{month:02d}") for month in range(1, len(year.rows) + 1)]
        won = sum(one["krw"] for month in closes for one in month if one["code"] == code)
        year.same(f"paid to {code}", won, payee.paid)


def show(year: Year, seconds: float) -> None:
    """The months, the year, and what differs."""
    table = Table(title=f"{YEAR}: {year.closes} closes, {year.compared:,} comparisons, {seconds:.0f} s")
    for name in ("", *SHOWN, "outstanding", "won paid"):
        table.add_column(name, justify="right" if name else "left")
    for row in year.rows:
        table.add_row(*row)
    sums = year.reckoning.sums
    paid = sum(payee.paid for payee in year.reckoning.payees.values())
    table.add_row("year", *(f"{sums[name]:,}" for name in SHOWN), f"{year.reckoning.outstanding:,}", f"{paid:,}")
    console.print(table)
    others = {name: sums[name] for name in SUMS if name not in SHOWN and sums[name]}
    console.print(", ".join(f"{name} {coins:,}" for name, coins in others.items()))
    console.print(
        f"{len(year.differs)} sums differ" if year.differs else "every sum agrees, and the audit has no finding"
    )
    for one in year.differs:
        console.print(f"  [red]{one}[/red]")
