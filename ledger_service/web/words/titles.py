"""What proposals are called."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "원장 열기": "Open the ledger",
    "{day}까지인 코인 소멸({accounts}명, {coins}코인)": "Expiry of coins up to {day} ({accounts} residents, {coins} coins)",
    "{number}번 기관의 원장 내용 받아들이기": "Take the ledger's content for organisation {number}",
    "{number}번 기록에서 {coins}코인 되돌리기": "Take back {coins} coins of entry {number}",
    "모금 {count}가지": "Funds: {count}",
    "모금 끝내기: {code}": "End of fund {code}",
    "사용 정지 풀기": "End of a freeze",
    "사용 정지({day}까지)": "Freeze up to {day}",
    "{payee} {month} 정산": "{month} close of {payee}",
    "사용처 {count}곳": "Venues: {count}",
    "센터 {count}곳": "Centres: {count}",
    "소멸한 {number}번 기록의 {coins}코인 돌려주기": "Give back {coins} expired coins of entry {number}",
    "이월 잔액 {lots}건({coins}코인)": "Balances brought over: {lots} lots ({coins} coins)",
    "적립 기준 {count}가지": "Rates: {count}",
    "코인의 가치 {count}가지": "Coin values: {count}",
    "한도 {count}가지": "Limits: {count}",
    "{number}번 기관의 새 열쇠(기관이 맡음)": "New keys of organisation {number}, kept by itself",
    "{number}번 기관의 새 열쇠(운영자가 맡음)": "New keys of organisation {number}, kept by the operator",
    "{number}번 기관의 열쇠 폐기": "Keys of organisation {number} revoked",
    "계정 종료(남은 코인은 {code} 모금으로)": "An account is closed (what is left goes to fund {code})",
    "계정 종료(남은 코인 소멸)": "An account is closed (what is left expires)",
    "계정 합치기": "Two accounts are merged",
}
