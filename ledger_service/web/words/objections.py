"""Words of the pages of objections."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "{day}까지 답합니다": "answered by {day}",
    "{name} 님의 이의": "Objection of {name}",
    "이의 제출을 취소했습니다.": "The objection is withdrawn.",
    "끝난 것 보기": "See those that are over",
    "낸 이의": "My objections",
    "낸 이의가 없습니다.": "No objections yet.",
    "제출했습니다. 담당 부서가 {days}일 안에 여기에 답합니다.": "Filed. The coin office answers within {days} days, on this page.",
    "다른 내용으로": "about something else",
    "답": "Answer",
    "답을 기다림": "waiting for an answer",
    "답하기": "Answer",
    "답할 것 보기": "See those to answer",
    "답할 이의가 없습니다.": "There is nothing to answer.",
    "답함": "answered",
    "답했습니다. 주민의 화면에 보입니다.": "Answered. The resident sees it.",
    "무엇이 어떻게 다른가요?": "What is wrong, and how?",
    "빠진 것": "Something missing",
    "영수증 {number}번": "Receipt {number}",
    "영수증 {number}번, {day}, {coins}": "Receipt {number}, {day}, {coins}",
    "이 기록 정정하기": "Correct this entry",
    "이 기록에 대한 것입니다": "It is about this entry",
    "이의 제출 취소": "Withdraw the objection",
    "이의 내기": "Object",
    "있었던 날과 곳을 적어 주시면 빨리 찾습니다. 담당 부서만 읽습니다.": "Day and place help to find it. Only the coin office reads it.",
    "주민에게 보일 답": "What the resident will read",
    "코인이 빠졌거나 틀렸으면 적어 주세요. 담당 부서가 {days}일 안에 여기에 답합니다.": "Are coins missing or wrong? Write it here. The coin office answers within {days} days, on this page.",
    "답할 기한이 가까운 {count}건만 보입니다. 답하면 다음 것이 나옵니다.": "Only the {count} that are due first are shown. Once they are answered the next ones come.",
}
