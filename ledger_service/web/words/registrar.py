"""Words of the registrar's pages."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "인쇄하기": "Print",
    "{name} 님": "{name}",
    "{name} 님의 새 카드": "New card of {name}",
    "다음 주민": "Next resident",
    "등록하기": "Register",
    "등록했습니다. 이제 카드를 만들어 주세요.": "Registered. Now give them a card.",
    "번호는 지금만 보입니다. 이 화면을 인쇄해 카드로 드리세요. 카드를 다시 만들면 다른 번호가 나오고 이 카드는 정지됩니다.": "The number is shown only now. Print this page as the card. Sending it again gives another number and blocks this card.",
    "비밀번호는 주민이 직접 누릅니다. 전에 쓰던 카드는 정지되고, 로그인한 곳에서는 모두 나가게 됩니다.": "The resident types the PIN. Earlier cards are blocked, and every session of theirs ends.",
    "사는 동": "Neighbourhood",
    "새 주민 등록": "Register a resident",
    "새 카드": "New card",
    "생년월일": "Date of birth",
    "신분증을 보고 적습니다. 신분증은 보관하지 않습니다. 등록하는 사람은 코인을 적립할 수 없습니다.": "Look at an identity document; it is not kept. Who registers cannot credit coins.",
    "이 주민의 카드를 모두 정지합니다.": "Blocks every card of this resident.",
    "잃어버린 카드 정지": "Block a lost card",
    "정지하기": "Block",
    "카드 {count}장을 정지했습니다.": "Cards blocked: {count}.",
    "카드 만들기": "Make a card",
    "카드 만들기와 정지": "Cards: make and block",
    "휴대전화(없어도 됩니다)": "Mobile phone (optional)",
}
