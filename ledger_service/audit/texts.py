"""The sentences of findings, in English and Korean, and what no audit of the chain can prove."""

from __future__ import annotations

# Code: (English, Korean). `where`, `expected` and `found` are filled in.
TEXTS: dict[str, tuple[str, str]] = {
    "balance": (
        "Account {where} should hold {expected} coins by its entries; the contract says {found}.",
        "계정 {where}의 잔액은 거래 내역상 {expected} 코인이어야 하는데 컨트랙트에는 {found} 코인으로 되어 있습니다.",
    ),
    "debt": (
        "Account {where} should owe {expected} coins; the contract says {found}.",
        "계정 {where}의 미회수 코인은 {expected}이어야 하는데 컨트랙트에는 {found}(으)로 되어 있습니다.",
    ),
    "lots": (
        "The lots of account {where} add up to {found}; its entries leave {expected}.",
        "계정 {where}의 적립분 합계는 {found}인데 거래 내역상 {expected}이어야 합니다.",
    ),
    "expired_early": (
        "Expiry {where} took {found} coins; by the chain's lots {expected} had expired then.",
        "소멸 {where}에서 {found} 코인이 소멸되었으나 체인의 적립분에 따르면 그때 소멸 대상은 {expected} 코인이었습니다.",
    ),
    "books_debt": (
        "Account {where} owes {expected} coins on the chain; the books say {found}.",
        "계정 {where}의 체인상 미회수 코인은 {expected}인데 장부에는 {found}(으)로 되어 있습니다.",
    ),
    "earned": (
        "Account {where} should have earned {expected} lately (month, in it, before); the contract says {found}.",
        "계정 {where}의 최근 적립(월, 당월, 전월)은 {expected}이어야 하는데 컨트랙트에는 {found}입니다.",
    ),
    "flags": (
        "Account {where} should be {expected}; the contract says {found}.",
        "계정 {where}의 상태는 {expected}이어야 하는데 컨트랙트에는 {found}(으)로 되어 있습니다.",
    ),
    "krw_due": (
        "{where} is due {expected} KRW by the entries; the contract says {found}.",
        "{where}에 지급할 금액은 거래 내역상 {expected}원인데 컨트랙트에는 {found}원으로 되어 있습니다.",
    ),
    "totals": (
        "The contract's sum '{where}' should be {expected}; it says {found}.",
        "컨트랙트의 합계 '{where}'은(는) {expected}이어야 하는데 {found}(으)로 되어 있습니다.",
    ),
    "supply": (
        "The coins in being should be {expected}; the contract says {found}.",
        "유통 중인 코인은 {expected}이어야 하는데 컨트랙트에는 {found}(으)로 되어 있습니다.",
    ),
    "status": (
        "The contract's status '{where}' should be {expected}; it says {found}.",
        "컨트랙트의 상태 '{where}'은(는) {expected}이어야 하는데 {found}(으)로 되어 있습니다.",
    ),
    "tip": (
        "Desk {where} should stand at {expected} (next seq, head, last day); the contract says {found}.",
        "창구 {where}의 위치(다음 순번, 헤드, 마지막 날)는 {expected}이어야 하는데 컨트랙트에는 {found}입니다.",
    ),
    "post_number": (
        "Batch {where} should have post number {expected}, not {found}. The batches between are missing or hidden.",
        "묶음 {where}의 게시 번호는 {expected}이어야 하는데 {found}입니다. 그 사이의 묶음이 빠졌거나 가려졌습니다.",
    ),
    "unreadable": (
        "The entries of batch {where} cannot be read from its transaction: {found}. Nothing after it can be trusted.",
        "묶음 {where}의 내역을 거래 데이터에서 읽을 수 없습니다: {found}. 그 뒤의 결과는 믿을 수 없습니다.",
    ),
    "head": (
        "Batch {where} was announced with head {found}, but its content has the digest {expected}.",
        "묶음 {where}의 헤드는 {found}(으)로 공표되었으나 내용의 해시는 {expected}입니다.",
    ),
    "stored_head": (
        "The head of batch {where} should be {expected}; the contract keeps {found}.",
        "묶음 {where}의 헤드는 {expected}이어야 하는데 컨트랙트에는 {found}(으)로 되어 있습니다.",
    ),
    "checkpoint": (
        "Batch {where} has head {found}; the checkpoint kept elsewhere says {expected}. The history was replaced.",
        "묶음 {where}의 헤드는 {found}인데 따로 보관한 체크포인트는 {expected}입니다. 기록이 바뀌었습니다.",
    ),
    "landed": (
        "Batch {where} is on the chain although the rules refuse it: {found}.",
        "묶음 {where}은(는) 규칙상 거절되어야 하는데 체인에 올라 있습니다: {found}.",
    ),
    "coins_applied": (
        "Batch {where} should have moved {expected} coins; its event says {found}.",
        "묶음 {where}에서 처리된 코인은 {expected}이어야 하는데 이벤트에는 {found}(으)로 되어 있습니다.",
    ),
    "skips": (
        "Batch {where} should skip {expected}; its events say {found}.",
        "묶음 {where}에서 제외될 항목은 {expected}이어야 하는데 이벤트에는 {found}(으)로 되어 있습니다.",
    ),
    "skipped_hash": (
        "Batch {where} should have skipped hash {expected}; its event says {found}.",
        "묶음 {where}의 제외 항목 해시는 {expected}이어야 하는데 이벤트에는 {found}(으)로 되어 있습니다.",
    ),
    "stored_skips": (
        "The skipped entries of batch {where} should be {expected}; the contract keeps {found}.",
        "묶음 {where}의 제외 항목은 {expected}이어야 하는데 컨트랙트에는 {found}(으)로 되어 있습니다.",
    ),
    "orders": (
        "The orders of batch {where} should end as {expected}; the events say {found}.",
        "묶음 {where}의 명령 결과는 {expected}이어야 하는데 이벤트에는 {found}(으)로 되어 있습니다.",
    ),
    "reissued": (
        "Batch {where} should reissue {expected}; its events say {found}.",
        "묶음 {where}의 재발행은 {expected}이어야 하는데 이벤트에는 {found}(으)로 되어 있습니다.",
    ),
    "transfers": (
        "The transfers of account {where} should add up to {expected} coins; the events add up to {found}.",
        "계정 {where}의 이동 합계는 {expected} 코인이어야 하는데 이벤트 합계는 {found} 코인입니다.",
    ),
    "deployment": (
        "The contract at {where} is not the published one: expected {expected}, found {found}.",
        "{where}의 컨트랙트가 공개된 것과 다릅니다: {expected}이어야 하는데 {found}입니다.",
    ),
    "books_row": (
        "Row {where} of the books does not fit the chain of hashes: expected {expected}, found {found}.",
        "장부의 {where} 행이 해시 사슬과 맞지 않습니다: {expected}이어야 하는데 {found}입니다.",
    ),
    "books_evidence_root": (
        "The evidence of batch {where} does not lead to the root that was signed: expected {expected}, found {found}.",
        "묶음 {where}의 증빙이 서명된 루트와 맞지 않습니다: {expected}이어야 하는데 {found}입니다.",
    ),
    "books_entry": (
        "Entry {where} of the books is not the one on the chain: expected {expected}, found {found}.",
        "장부의 항목 {where}이(가) 체인과 다릅니다: {expected}이어야 하는데 {found}입니다.",
    ),
    "books_missing": (
        "The books lack {where}: expected {expected}, found {found}.",
        "장부에 {where}이(가) 없습니다: {expected}이어야 하는데 {found}입니다.",
    ),
    "books_extra": (
        "The books hold {where}, which is not on the chain: expected {expected}, found {found}.",
        "장부에 체인에 없는 {where}이(가) 있습니다: {expected}이어야 하는데 {found}입니다.",
    ),
    "books_audit_head": (
        "Batch {where} sealed the audit log at {expected}; the books' log gives {found}.",
        "묶음 {where}에 봉인된 감사 기록 헤드는 {expected}인데 장부의 기록은 {found}입니다.",
    ),
    "books_balance": (
        "Account {where} holds {expected} coins on the chain; the books say {found}.",
        "계정 {where}의 체인상 잔액은 {expected} 코인인데 장부에는 {found} 코인으로 되어 있습니다.",
    ),
    "books_total": (
        "The books' sum '{where}' should be {expected}; they say {found}.",
        "장부의 합계 '{where}'은(는) {expected}이어야 하는데 {found}(으)로 되어 있습니다.",
    ),
    "receipt_signature": (
        "Receipt {where} is not signed by the service key: expected {expected}, found {found}.",
        "영수증 {where}의 서명이 서비스 키와 다릅니다: {expected}이어야 하는데 {found}입니다.",
    ),
    "receipt_omitted": (
        "Receipt {where} was to be on the chain by {expected}; its entry is not there ({found}).",
        "영수증 {where}의 항목은 {expected}까지 체인에 올라야 하는데 없습니다({found}).",
    ),
    "receipt_differs": (
        "Receipt {where} promises {expected}; the entry on the chain says {found}.",
        "영수증 {where}의 내용은 {expected}인데 체인의 항목은 {found}입니다.",
    ),
    "no_consent": (
        "Debit {where} has no consent in its evidence.",
        "차감 {where}에 동의 증빙이 없습니다.",
    ),
    "daily_units": (
        "Account, rate and day {where}: {found} units were credited in all; one record may have {expected}.",
        "계정·기준·날짜 {where}: 합계 {found} 단위가 적립되었습니다. 한 건의 상한은 {expected}입니다.",
    ),
    "credits_at_the_maximum": (
        "Desk {where}: {found} of its credits are at the rate's maximum; over all centres it is {expected}.",
        "창구 {where}: 적립의 {found}이(가) 상한값입니다. 전체 센터는 {expected}입니다.",
    ),
    "operator_holds_keys": (
        "The operator holds the keys of {found} of {expected} desks: {where}.",
        "{expected}개 창구 중 {found}개의 키를 운영자가 가지고 있습니다: {where}.",
    ),
    "conflicts": (
        "{found} batches were refused as Conflict: another batch has their place. A desk may have signed two for one place.",
        "다른 묶음이 자리를 차지하여 거절된 묶음이 {found}건입니다. 한 창구가 같은 자리에 두 번 서명했을 수 있습니다.",
    ),
    "not_sealed": (
        "The contract is still in setup: rates and limits may change without notice, also for past days.",
        "컨트랙트가 아직 준비 단계입니다. 기준과 한도가 예고 없이, 지난 날짜로도 바뀔 수 있습니다.",
    ),
    "more": (
        "{found} further findings of the kind '{where}' are not listed ({expected} are).",
        "'{where}' 종류의 문제가 {found}건 더 있습니다(표시된 것은 {expected}건).",
    ),
}

NOT_PROVEN: tuple[tuple[str, str], ...] = (
    ("that the work behind a credit was done", "적립의 바탕이 된 활동이 실제로 있었는지"),
    ("that one account is one person", "한 계정이 한 사람인지"),
    ("that a key was used by whom it belongs to", "키를 주인이 직접 썼는지"),
    ("that a resident consented to a debit", "주민이 차감에 동의했는지"),
    (
        "that timed programmes kept their common daily cap over all centres (a rate does not say that it is timed)",
        "시간제 활동의 하루 합산 한도를 모든 센터에 걸쳐 지켰는지(체인의 기준에는 시간제 여부가 없음)",
    ),
    (
        "that the node shows the newest history: hold its heads against checkpoints kept elsewhere",
        "노드가 최신 기록을 보여 주는지(따로 보관한 체크포인트와 비교해야 함)",
    ),
    (
        "that no account outside the history holds coins: the contract cannot list its accounts",
        "내역에 없는 계정에 코인이 없는지(컨트랙트는 계정 목록을 주지 않음)",
    ),
)
