"""What each check of the hot path costs: the gas of a credit, measured with one check taken out at a time.

    scripts/gas_table.py       print the table that docs/contract.md has

Every figure is the forge test of 500 credits to existing accounts, with the compiler settings of what is deployed. The
price of a check is what the whole costs more than the contract without it; what the checks and the floor leave is the rest:
the batch's own share (signature, heads, limits), hashing, decoding, the loop and the new balance.
Exit 0 done, 2 could not run.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build" / "gas-table"
SOURCE = Path("contracts/base/Movements.sol")
TEST = "test_gas_ACreditToAnExistingAccountStaysBelow8200"
FIGURE = re.compile(r"creditSameMonth: (\d+)")

COLD_WRITE, LOG = 5_000, 1_756
"""EIP-2929 and EIP-2200: a cold read and a change of a slot that is not zero; a log of three topics and one word."""

CHECKS = {
    "the rate is the entry's, and the kind a credit": (
        ("if (word.kindAndRef() != run.kindAndRate) _loadRate(run, word);", ""),
        ("run.kindAndRate = NONE;", "_loadRate(run, uint256(entries[0]));"),
    ),
    "the account is no desk's and no fund's": (
        ("if ((word >> 112 == Accounts.DESK) != (word >> 112 == Accounts.FUND)) return false;", ""),
    ),
    "allotment and budget": (("left | (coins - 1)", "(coins - 1)"),),
    "at least one coin": (("left | (coins - 1)", "left"),),
    "units up to the rate's most": ((" | (run.rateUnitsMax - word.units())", ""),),
    "not before the rate's first day": (("(word.day() - run.rateFrom) | ", ""),),
    "not after its last day, nor the batch's": ((" | (run.rateTo - word.day())", ""),),
    "not frozen, closed or counted in a later month": (("months | (run.cap", "(run.cap"),),
    "the person's cap": (("months | (run.cap - slot.earned() - coins)", "months"),),
    "the month's counts turned": (("slot = slot.turnedTo(run.month, months);", ""),),
}


def measured(binary: str, changes: tuple[tuple[str, str], ...]) -> int:
    """Gas of a credit by the source with these changes."""
    text = (ROOT / SOURCE).read_text("utf-8")
    for old, new in changes:
        if text.count(old) != 1:
            raise ValueError(f"not once in {SOURCE}: {old}")
        text = text.replace(old, new)
    (WORK / SOURCE).write_text(text, "utf-8")
    command = [binary, "test", "-vv", "--match-test", TEST]
    run = subprocess.run(command, cwd=WORK, capture_output=True, text=True, check=False)
    figure = FIGURE.search(run.stdout)
    if figure is None:
        raise ValueError(run.stdout + run.stderr)
    return int(figure.group(1))


def calldata_gas() -> int:
    """Of the word of the test: a random account, kind 1, rate 1, 120 units, day 19,845, line above 1,000,000."""
    rest = (1 << 88 | 1 << 72 | 120 << 48 | 19_845 << 32 | 1_000_001).to_bytes(12, "big")
    return 20 * 16 + sum(16 if byte else 4 for byte in rest)


def main() -> int:
    """Measure, and print."""
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(WORK / "contracts", ignore_errors=True)
    shutil.copytree(ROOT / "contracts", WORK / "contracts")
    shutil.copy(ROOT / "foundry.toml", WORK)
    for name in ("node_modules", "scripts", "tests"):
        if not (WORK / name).exists():
            (WORK / name).symlink_to(ROOT / name)
    found = subprocess.run(
        [ROOT / "scripts" / "toolchain.sh", "path", "forge"], capture_output=True, text=True, check=True
    )
    binary = found.stdout.strip()
    try:
        whole = measured(binary, ())
        prices = {}
        for name, changes in CHECKS.items():
            prices[name] = whole - measured(binary, changes)
            print(f"{prices[name]:5} {name}", file=sys.stderr, flush=True)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    floor = {
        "a slot read and written, cold": COLD_WRITE,
        "the Transfer log": LOG,
        "calldata of the word": calldata_gas(),
    }
    rest = whole - sum(floor.values()) - sum(prices.values())
    rows = floor | prices | {"the batch's share, hashing, decoding, loop, new balance": rest, "**a credit**": whole}
    print("| | gas |\n|---|---|")
    for name, gas in rows.items():
        print(f"| {name} | {gas:,} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
