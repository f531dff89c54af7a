"""What a proposal is called on the pages. The books keep one English title for machines and logs; here it is said in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ledger_service.web.formats import Formats

TITLES = (
    (re.compile(r"centers \((?P<count>\d+)\)"), "센터 {count}곳"),
    (re.compile(r"venues \((?P<count>\d+)\)"), "사용처 {count}곳"),
    (re.compile(r"programmes \((?P<count>\d+)\)"), "적립 기준 {count}가지"),
    (re.compile(r"funds \((?P<count>\d+)\)"), "모금 {count}가지"),
    (re.compile(r"values \((?P<count>\d+)\)"), "코인의 가치 {count}가지"),
    (re.compile(r"limits \((?P<count>\d+)\)"), "한도 {count}가지"),
    (re.compile(r"open and seal"), "원장 열기"),
    (re.compile(r"end fund (?P<code>.+)"), "모금 끝내기: {code}"),
    (re.compile(r"adopt desk (?P<number>\d+)"), "{number}번 기관의 원장 내용 받아들이기"),
    (
        re.compile(r"new keys for desk (?P<number>\d+), held by the organisation"),
        "{number}번 기관의 새 열쇠(기관이 맡음)",
    ),
    (
        re.compile(r"new keys for desk (?P<number>\d+), held by the operator"),
        "{number}번 기관의 새 열쇠(운영자가 맡음)",
    ),
    (re.compile(r"revoke the keys of desk (?P<number>\d+)"), "{number}번 기관의 열쇠 폐기"),
    (re.compile(r"close an account \(\w+\): to fund (?P<code>.+)"), "계정 종료(남은 코인은 {code} 모금으로)"),
    (re.compile(r"close an account \(\w+\): burn what is left"), "계정 종료(남은 코인 소멸)"),
    (re.compile(r"merge .*"), "계정 합치기"),
    (re.compile(r"freeze to (?P<day>\S+)"), "사용 정지({day}까지)"),
    (re.compile(r"unfreeze"), "사용 정지 풀기"),
    (re.compile(r"close (?P<month>\d{4}-\d{2}): (?P<payee>.+)"), "{payee} {month} 정산"),
    (
        re.compile(r"expire to (?P<day>\S+) \((?P<accounts>[\d,]+) accounts, (?P<coins>[\d,]+) coins\)"),
        "{day}까지인 코인 소멸({accounts}명, {coins}코인)",
    ),
    (re.compile(r"take back (?P<coins>\d+) of entry (?P<number>\d+)"), "{number}번 기록에서 {coins}코인 되돌리기"),
    (
        re.compile(r"give back (?P<coins>\d+) of entry (?P<number>\d+)"),
        "소멸한 {number}번 기록의 {coins}코인 돌려주기",
    ),
    (re.compile(r"balances \((?P<lots>[\d,]+) lots, (?P<coins>[\d,]+) coins\)"), "이월 잔액 {lots}건({coins}코인)"),
)


def matched(table: Iterable[tuple[re.Pattern[str], str]], text: str) -> tuple[str, dict[str, str]] | None:
    """The Korean of the first shape that the text has, and what is to be filled in; None where it has none of them."""
    for shape, korean in table:
        found = shape.fullmatch(text)
        if found is not None:
            return korean, found.groupdict()
    return None


def titled(say: Callable[..., str], formats: Formats, title: str) -> str:
    """The title in the visitor's language; one that is not in the table (a file's source) as it is."""
    found = matched(TITLES, title)
    if found is None:
        return title
    korean, values = found
    if "day" in values:
        values["day"] = formats.day_named(values["day"])
    if "month" in values:
        values["month"] = formats.month_named(values["month"])
    if coins := values.get("coins"):
        values["coins"] = f"{int(coins.replace(',', '')):,}"
    return say(korean, **values)
