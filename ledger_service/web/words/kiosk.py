"""Words of the kiosk's pages."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "{activity} 출석": "Coming and going: {activity}",
    "{name} 님, 수고하셨습니다. {spent} 동안 하셨습니다. 승인되면 코인이 쌓입니다.": "Thank you, {name}: {spent}. The coins come once it is approved.",
    "{name} 님, 어서 오세요. {time}에 왔습니다.": "Welcome, {name}: here since {time}.",
    "나간 기록이 없음": "never left",
    "나간 시각": "Left at",
    "나간 시각 적기": "Enter when they left",
    "도움이 필요하면 직원을 부르거나 전화해 주세요.": "Ask the staff, or call, if you need help.",
    "문 앞 출석 화면": "the page at a door",
    "활동을 누르면 이 기기는 12시간 동안 그 출석 화면만 보이고, 이 기기의 로그인은 끝납니다. 그만두려면 다른 기기의 '계정 보안'에서 끝내거나 이 기기에서 다시 로그인하세요.": "Once you press an activity, this device shows its page only, for 12 hours, and your sign-in on this device ends. To stop, end it under 'Account security' on another device, or sign in here again.",
    "이 화면은 {clock}에 끝납니다.": "This page ends at {clock}.",
    "이 화면은 {clock}에 끝납니다. 직원에게 알려 주세요.": "This page ends at {clock}. Please tell the staff.",
    "문 앞에 둘 화면을 고릅니다. 주민이 올 때 카드를 읽고, 갈 때 다시 읽으면 그 사이가 활동 한 건이 되어 승인을 기다립니다.": "Choose the page for the door. A card is read when somebody comes and again when they go; the time between becomes an act that waits for approval.",
    "기록을 삭제했습니다.": "The record is deleted.",
    "기록 삭제": "Delete the record",
    "삭제함": "deleted",
    "승인 대기로 보내기": "Send it for approval",
    "승인 대기로 보냈습니다.": "Sent for approval.",
    "출석 기록": "Attendance records",
    "올 때 한 번, 갈 때 한 번입니다. 카드 번호를 직접 적어도 됩니다.": "Once when you come, once when you go. The number may be typed, too.",
    "제출함": "submitted",
    "주민이 직접 누릅니다.": "The resident types it.",
    "주민이 카드와 비밀번호를 보이면 10분 동안 주민의 화면을 함께 씁니다. 하는 일마다 주민과 직원이 모두 기록됩니다. 끝나면 '도움 끝내기'를 누르세요.": "With the resident's card and PIN you share the resident's pages for ten minutes. Everything is recorded with both of you. Press 'Stop assisting' at the end.",
    "지금 있음": "here now",
    "지난 것": "Earlier",
    "출석 화면 고르기": "Choose a page for the door",
    "카드를 읽혀 주세요": "Please scan your card",
    "함께 쓰기 시작": "Begin",
}
