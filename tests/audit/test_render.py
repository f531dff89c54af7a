"""Reports for people: in both languages, and nothing in them is taken as markup."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from ledger_service.audit.findings import Counts, Findings, Report, Severity, finding
from ledger_service.audit.render import Language, render
from ledger_service.audit.texts import NOT_PROVEN, TEXTS


def rendered(report: Report, language: Language) -> str:
    out = StringIO()
    render(report, Console(file=out, width=200, force_terminal=False), language)
    return out.getvalue()


def report(*codes: str) -> Report:
    broken = tuple(finding(code, "0xabc", "5", "[bold]6[/bold]") for code in codes)
    signals = (finding("operator_holds_keys", "1, 2", 5, 2),)
    return Report(31_337, "0x" + "11" * 20, 7, "0x" + "22" * 32, Counts(entries=1_234), broken, signals, NOT_PROVEN)


def test_a_report_that_holds_says_so_in_both_languages() -> None:
    english, korean = (rendered(report(), language) for language in Language)
    assert "The ledger holds" in english
    assert "장부가 맞습니다" in korean
    assert "1,234" in english
    assert "1,234" in korean
    assert "The operator holds the keys of 2 of 5 desks" in english
    assert "운영자" in korean
    assert NOT_PROVEN[0][0] in english
    assert NOT_PROVEN[0][1] in korean


def test_findings_are_listed_as_they_are() -> None:
    english = rendered(report("balance"), Language.ENGLISH)
    assert "does not hold: 1 findings" in english
    assert "Account 0xabc should hold 5 coins by its entries; the contract says [bold]6[/bold]." in english


def test_every_text_has_two_languages_and_fills_in() -> None:
    for code in TEXTS:
        one = finding(code, "W", "E", "F")
        assert one.message
        assert one.message_ko
        assert "{" not in one.message + one.message_ko
        assert any("가" <= letter <= "힣" for letter in one.message_ko)


def test_a_flood_of_findings_is_counted_and_not_listed() -> None:
    findings = Findings(each_code_max=3)
    for number in range(10):
        findings.compare("balance", number, 0, 1)
    findings.compare("balance", 10, 1, 1)
    listed = findings.listed()
    assert [one.code for one in listed] == ["balance"] * 3 + ["more"]
    assert (listed[-1].where, listed[-1].found, listed[-1].severity) == ("balance", "7", Severity.BROKEN)
