"""What the outcome of a row means to whoever repairs it. Korean; English through the table of words."""

from __future__ import annotations

OUTCOMES = {
    "malformed": "읽을 수 없음",
    "unknown_programme": "없는 활동코드",
    "unknown_center": "없는 센터코드",
    "not_in_force": "그날 적용되는 기준 없음",
    "unknown_member": "없는 회원번호",
    "identity_mismatch": "본인 정보 불일치",
    "future_date": "아직 오지 않은 날",
    "too_late": "3개월이 지난 활동",
    "duplicate_record": "이미 접수된 실적",
    "not_eligible": "대상이 아님",
    "overlap": "시간 겹침",
    "capped": "하루 한도까지만 인정",
    "ok": "인정",
}
REPAIRS = {
    "malformed": "칸을 고쳐서 다시 올려 주세요",
    "unknown_programme": "활동코드를 '파일 올리기'의 코드 표에서 확인해 주세요",
    "unknown_center": "센터코드를 '파일 올리기'의 코드 표에서 확인해 주세요",
    "not_in_force": "활동일과 활동코드를 확인해 주세요",
    "unknown_member": "회원번호를 확인하거나 회원 가입을 먼저 해 주세요",
    "identity_mismatch": "회원번호의 이름과 생년월일이 맞는지 본인에게 확인해 주세요",
    "future_date": "활동일을 확인해 주세요",
    "too_late": "증빙을 갖추어 승인 담당자에게 문의해 주세요",
    "duplicate_record": "고칠 것이 없습니다. 두 번 적립되지 않습니다",
    "not_eligible": "나이 같은 참여 조건을 확인해 주세요",
    "overlap": "같은 사람의 다른 활동과 시간이 겹칩니다",
}
FAULTS = {
    "row_shifted": "칸이 밀려 있습니다",
    "record_number_empty": "실적번호가 비어 있습니다",
    "record_number_rounded": "실적번호가 엑셀에서 잘렸습니다(예: 1.23E+11)",
    "member_number_empty": "회원번호가 비어 있습니다",
    "date_unreadable": "날짜를 읽을 수 없습니다",
    "time_unreadable": "시각을 읽을 수 없습니다",
    "end_not_after_start": "종료 시각이 시작 시각보다 빠릅니다",
    "quantity_unreadable": "수량을 읽을 수 없습니다",
    "name_differs": "이름이 명부와 다릅니다",
    "birth_date_differs": "생년월일이 명부와 다릅니다",
}
