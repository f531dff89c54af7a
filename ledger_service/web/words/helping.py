"""Words of the pages of those who help a resident."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "{day}까지": "until {day}",
    "{name} 님의 강좌 신청": "Courses for {name}",
    "{name} 님의 도움 끝내기": "End the help of {name}",
    "{name} 님의 코인 보기": "See the coins of {name}",
    "가족처럼 믿는 주민이 내 코인을 대신 볼 수 있게 합니다. 도우미는 자기 카드로 로그인하며, 강좌 신청을 맡기지 않으면 코인을 쓸 수 없습니다. 도우미가 볼 때마다 기록이 남습니다.": "Lets a resident whom you trust, one of your family perhaps, look at your coins. Helpers sign in with their own card and spend nothing unless you let them sign up for courses. Each look is recorded.",
    "강좌 신청하기": "Sign up for a course",
    "강좌를 신청하고 취소하는 것도 맡깁니다": "They may also sign up for courses and cancel",
    "그만 돕기": "Stop helping",
    "내 도우미": "My helpers",
    "내가 돕는 분": "Whom I help",
    "도우미 정하기": "Name a helper",
    "도우미가 없습니다.": "There is no helper.",
    "도우미로 정하기": "Make them my helper",
    "도우미를 정했습니다.": "The helper is named.",
    "도우미의 이름": "The helper's name",
    "도우미의 회원번호": "The helper's member number",
    "마지막 날": "Last day",
    "보기만": "looking only",
    "보기와 강좌 신청": "looking and signing up",
}
