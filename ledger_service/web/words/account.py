"""Words of signing in with a device or by the district, and of an account's security."""

from __future__ import annotations

WORDS: dict[str, str] = {
    "구청 통합 로그인": "The district's own sign-on",
    "패스키로 로그인": "Sign in with a passkey",
    "이 기기에 등록한 패스키(지문, 얼굴, 화면 잠금, 보안 키)로 로그인합니다.": "With a passkey of this device: fingerprint, face, screen lock or security key.",
    "패스키를 읽지 못했습니다. 다시 하거나 비밀번호로 로그인해 주세요.": "The passkey was not read. Try again, or sign in with your password.",
    "패스키 확인": "Show the passkey",
    "비밀번호로 로그인": "Sign in with a password",
    "패스키 등록": "Add a passkey",
    "기기가 물으면 지문, 얼굴, 화면 잠금 또는 보안 키로 확인해 주세요. 그 정보는 기기를 떠나지 않습니다.": "When the device asks, confirm by fingerprint, face, screen lock or security key. None of that leaves the device.",
    "패스키를 만들지 못했습니다. 다시 해 주세요.": "No passkey was made. Try again.",
    "이 패스키의 이름": "A name for this passkey",
    "내 기기": "my device",
    "패스키 만들기": "Make the passkey",
    "계정 보안": "Account security",
    "패스키": "Passkeys",
    "비밀번호와 인증 번호 대신 기기의 지문, 얼굴, 화면 잠금이나 보안 키로 로그인합니다.": "In the place of password and one-time code: the device's fingerprint, face or screen lock, or a security key.",
    "등록": "added",
    "마지막 사용": "last used",
    "폐기": "Revoke",
    "등록한 패스키가 없습니다.": "There is no passkey yet.",
    "이 서비스에서는 패스키를 쓰지 않습니다.": "Passkeys are off here.",
    "열려 있는 접속": "Open sessions",
    "모든 기기에서 로그아웃": "Sign out everywhere",
    "비밀번호와 두 번째 인증을 정했습니다. 이제 로그인해 주세요.": "Password and second factor are set. Please sign in.",
}
