"""What a finding means, and what to do, for the coin office. Posting writes one English line for machines and logs; this stands before it."""

from __future__ import annotations

import re
from collections.abc import Callable

from ledger_service.web.titles import matched

MEANINGS = (
    (
        re.compile(r"desk (?P<number>\d+)"),
        "{number}번 기관이 멈췄습니다. 그 기관의 적립과 기록은 담당자가 풀 때까지 기다립니다. 아래 까닭을 보고 운영자와 함께 풀어 주세요.",
    ),
    (
        re.compile(r"batch (?P<number>\d+)/(?P<seq>\d+)"),
        "{number}번 기관의 {seq}번 묶음이 원장에 오르지 못하고 있습니다. 한도나 여는 기간을 확인해 주세요.",
    ),
    (
        re.compile(r"skip (?P<number>\d+)/(?P<seq>\d+)/(?P<index>\d+)"),
        "원장이 {number}번 기관의 {seq}번 묶음 {index}번째 기록을 반영하지 않았습니다. 해당 기관과 정리한 뒤 확인했다고 적어 주세요.",
    ),
    (
        re.compile(r"signature (?P<number>\d+)"),
        "{number}번 기관이 사흘 넘게 서명하지 않았습니다. 기관에 서명을 요청해 주세요.",
    ),
    (
        re.compile(r"needs (?P<number>\d+)"),
        "{number}번 기관에서 쓴 코인이 너무 많은 기관에서 온 것이라 한 번에 기록하지 못했습니다. 나누어 받았는지 확인해 주세요.",
    ),
    (re.compile(r"close .+"), "월 정산이 사용처의 서명을 기다립니다."),
    (re.compile(r"orders"), "운영 변경이 담당 부서의 서명을 기다립니다. 그 뒤의 기록도 함께 기다립니다."),
    (
        re.compile(r"reorg"),
        "확정된 기록이 원장에서 빠졌습니다. 자동으로 다시 올리고 있으니 모두 오른 뒤 확인했다고 적어 주세요.",
    ),
    (re.compile(r"sender"), "원장이 기록을 받지 않습니다. 운영자에게 알려 주세요."),
    (
        re.compile(r"three-way check"),
        "장부와 원장의 합계가 다릅니다. 같아질 때까지 적립과 정산이 멈춥니다. 어느 합계인지 아래에 있습니다.",
    ),
    (
        re.compile(r"three-way check outside"),
        "장부에 내용이 없는 기록이 원장에 있습니다. 묶음 파일을 되찾거나 기관의 열쇠를 확인해 주세요.",
    ),
    (re.compile(r"thresholds"), "정한 금액에 이르렀습니다. 자동으로 멈추는 것은 없습니다."),
    (re.compile(r"open until"), "원장을 여는 기간이 곧 끝납니다. 담당 부서의 서명이 되고 있는지 확인해 주세요."),
    (re.compile(r"read back"), "잃은 장부를 원장과 묶음 파일에서 되살렸습니다. 되살리지 못한 것이 아래에 있습니다."),
    (
        re.compile(r"(audit|access) log"),
        "장부를 되살렸지만 기록부의 일부가 없습니다. 파일을 되찾거나 확인했다고 적어 주세요.",
    ),
)
OTHER = "운영자에게 알려 주세요."


def meaning_of(say: Callable[..., str], subject: str) -> str:
    """In the visitor's language; what is not in the table is for the operator."""
    found = matched(MEANINGS, subject)
    if found is None:
        return say(OTHER)
    korean, values = found
    return say(korean, **values)
