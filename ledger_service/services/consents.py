"""A resident's word for a charge, as the entry's evidence: a one-time code from their phone, or card and PIN at the counter."""

from __future__ import annotations

from dataclasses import dataclass

from ledger_service.domain.cells import plain_code
from ledger_service.errors import Refused
from ledger_service.journal.unit import WriteUnit
from ledger_service.services.context import Context


class ConsentRefused(Refused):
    """The payment code was used before, its time is over, it is for another desk or amount, it never was one, or it is another resident's."""

    code = "consent_refused"


@dataclass(frozen=True, slots=True)
class Word:
    """What the resident showed: a payment code, or a card whose PIN was checked (`card_person`: its owner)."""

    payment_code: str | None = None
    card_person: str | None = None


def consent_of(
    context: Context, unit: WriteUnit, word: Word, person_id: str | None, desk: int, coins: int
) -> tuple[str, str | None]:
    """Write: (person, consent) of a charge. A code is used up here, for this desk and amount, in the charge's own transaction.

    Without a word the consent is None, which the audit of the books lists.
    """
    now = context.clock.now()
    if word.payment_code is not None:
        code = plain_code(word.payment_code).upper().replace("-", "")
        used = unit.consents.use(context.vault.token_hash(code), desk, coins, now)
        if used is None or person_id not in (None, used[1]):
            raise ConsentRefused(
                "this payment code was used, is too old, or is for another place or amount: ask for a new one",
                "이미 사용했거나 시간이 지났거나 다른 곳·다른 금액의 결제 번호입니다. 새 번호를 받아 주세요",
            )
        return used[1], used[0]
    if word.card_person is not None:
        if person_id not in (None, word.card_person):
            raise ConsentRefused("this is another resident's card", "다른 분의 카드입니다")
        consent_id = context.new_id()
        unit.consents.give(consent_id, "card_pin", word.card_person, desk, coins, now)
        return word.card_person, consent_id
    if person_id is None:
        raise ConsentRefused(
            "say who pays: a payment code, a card, or the resident's id", "결제할 분의 번호나 카드를 확인해 주세요"
        )
    return person_id, None
