"""The table of pages: one row for each address and method. What is not here is not there."""

from __future__ import annotations

from ledger_service.domain.actors import Role
from ledger_service.web.pages import (
    account,
    approvals,
    centre,
    centre_file,
    closing,
    credited,
    door,
    ending,
    enrolling,
    giving,
    helping,
    invited,
    kiosk,
    office,
    offline,
    own,
    public,
    registrar,
    resident,
    security,
    staff,
    treasury,
    venue,
    venue_lists,
)
from ledger_service.web.pages.table import Page

_RESIDENT = frozenset({Role.RESIDENT})
_STAFF = frozenset(Role) - _RESIDENT
_CENTRE = frozenset({Role.CLERK, Role.APPROVER, Role.OFFICE})
_CLERK = frozenset({Role.CLERK})
_DESKS = frozenset({Role.CLERK, Role.APPROVER, Role.VENUE, Role.OFFICE})
_REGISTRAR = frozenset({Role.REGISTRAR})
_ADMIN = frozenset({Role.ADMIN})
_VENUE = frozenset({Role.VENUE, Role.OFFICE})
_OFFICE = frozenset({Role.OFFICE, Role.AUDITOR})  # who may look
_COIN_OFFICE = frozenset({Role.OFFICE})  # who may act

PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/"): Page(public.home, None),
    ("GET", "/impact"): Page(public.impact, None),
    ("GET", "/rates"): Page(public.rates, None),
    ("GET", "/places"): Page(public.places, None),
    ("GET", "/courses"): Page(public.courses, None),
    ("GET", "/verify"): Page(public.verify, None),
    ("GET", "/verify/{desk}/{seq}"): Page(public.batch, None),
    ("GET", "/proof"): Page(public.check_form, None, again=public.check_again),
    ("POST", "/proof"): Page(public.check, None, again=public.check_again),
    ("GET", "/proof/{journal_no}"): Page(public.proof, None),
    ("GET", "/proof/{journal_no}/state"): Page(public.entry_state, None, knows_who=False, asked_again=True),
    ("GET", "/view"): Page(public.change_view, None, knows_who=False),
    ("GET", "/sign-in"): Page(door.ask, None),
    ("POST", "/sign-in/resident"): Page(door.resident, None, again=door.ask_again_resident, checks_secret=True),
    ("POST", "/sign-in/staff"): Page(door.staff, None, again=door.ask_again_staff, checks_secret=True),
    ("GET", "/sign-in/passkey"): Page(door.ask_passkey, None),
    ("POST", "/sign-in/passkey"): Page(door.passkey, None, again=door.ask_passkey, checks_secret=True),
    ("GET", "/sign-in/district"): Page(door.depart, None),
    ("GET", "/sign-in/district/return"): Page(door.arrive, None),
    ("GET", "/account"): Page(account.home, _STAFF),
    ("POST", "/account/passkeys/begin"): Page(account.begin, _STAFF, again=account.home, checks_secret=True),
    ("POST", "/account/passkeys"): Page(account.add, _STAFF, again=account.home),
    ("POST", "/account/passkeys/{passkey}/revoke"): Page(account.revoke, _STAFF, again=account.home),
    ("POST", "/account/sessions/{session}/end"): Page(account.end_session, _STAFF, again=account.home),
    ("GET", "/invitation"): Page(invited.ask, None),
    ("POST", "/invitation"): Page(invited.accept, None, again=invited.ask_again, checks_secret=True),
    ("POST", "/invitation/confirm"): Page(invited.confirm, None, again=invited.confirm_again),
    ("POST", "/invitation/passkey"): Page(invited.begin_passkey, None, again=invited.confirm_again),
    ("POST", "/invitation/passkey/confirm"): Page(invited.add_passkey, None, again=invited.confirm_again),
    ("GET", "/staff"): Page(staff.home, _ADMIN),
    ("GET", "/staff/{account}"): Page(staff.one, _ADMIN),
    ("POST", "/staff/{account}/invitation"): Page(staff.invite, _ADMIN, again=staff.again),
    ("POST", "/staff/{account}/sign-on"): Page(staff.register, _ADMIN, again=staff.again),
    ("POST", "/staff/{account}/sign-on/remove"): Page(staff.unregister, _ADMIN, again=staff.again),
    ("POST", "/staff/{account}/sessions/end"): Page(staff.end_sessions, _ADMIN, again=staff.again),
    ("POST", "/account/sign-out"): Page(account.sign_out_everywhere, _STAFF),
    ("POST", "/sign-out"): Page(door.sign_out, frozenset(Role)),
    ("GET", "/me"): Page(resident.balance, _RESIDENT),
    ("POST", "/me/payment-code"): Page(resident.payment, _RESIDENT, gives_code=True),
    ("GET", "/me/lines"): Page(resident.lines, _RESIDENT),
    ("GET", "/receipts/{journal_no}"): Page(resident.receipt, frozenset({Role.RESIDENT, Role.VENUE, Role.OFFICE})),
    ("GET", "/receipts/{journal_no}/pdf"): Page(
        own.receipt_file, frozenset({Role.RESIDENT, Role.VENUE, Role.OFFICE}), prints=True
    ),
    ("GET", "/receipts/{journal_no}/certificate"): Page(
        own.certificate, frozenset({Role.RESIDENT, Role.OFFICE}), prints=True
    ),
    ("GET", "/me/payment-code/{offer}"): Page(resident.payment_offered, _RESIDENT),
    ("GET", "/me/payment-code/{offer}/state"): Page(resident.payment_state, _RESIDENT, asked_again=True),
    ("GET", "/me/wish"): Page(own.wish, _RESIDENT),
    ("POST", "/me/wish/confirm"): Page(own.confirm_wish, _RESIDENT, again=own.wish_again),
    ("POST", "/me/wish"): Page(own.set_wish, _RESIDENT, again=own.wish_again),
    ("GET", "/me/objections"): Page(own.objections, _RESIDENT),
    ("POST", "/me/objections"): Page(own.file_objection, _RESIDENT, again=own.objections_again),
    ("POST", "/me/objections/{objection}/withdraw"): Page(
        own.withdraw_objection, _RESIDENT, again=own.objections_again
    ),
    ("GET", "/offline"): Page(offline.page, None, knows_who=False),
    ("GET", "/offline-worker.js"): Page(offline.worker, None, knows_who=False),
    ("GET", "/session/clock"): Page(security.clock, None, knows_who=False),
    ("POST", "/session/go-on"): Page(security.go_on, frozenset(Role)),
    ("GET", "/me/security"): Page(security.home, _RESIDENT),
    ("POST", "/me/security/pin"): Page(security.change_pin, _RESIDENT, again=security.again, checks_secret=True),
    ("POST", "/me/security/sessions/end"): Page(security.end_sessions, _RESIDENT),
    ("POST", "/me/security/sessions/{session}/end"): Page(security.end_session, _RESIDENT, again=security.again),
    ("POST", "/me/security/block"): Page(security.block_card, _RESIDENT),
    ("GET", "/me/looks"): Page(own.looks, _RESIDENT),
    ("GET", "/me/helpers"): Page(helping.helpers, _RESIDENT),
    ("POST", "/me/helpers"): Page(helping.name_helper, _RESIDENT, again=helping.helpers_again),
    ("POST", "/me/helpers/{grant}/end"): Page(helping.end_help, _RESIDENT, again=helping.helpers_again),
    ("GET", "/helping/{grant}"): Page(helping.one, _RESIDENT, helps="look"),
    ("GET", "/helping/{grant}/courses"): Page(helping.courses, _RESIDENT, helps="sign_up"),
    ("GET", "/helping/{grant}/courses/{course}/sign-up"): Page(enrolling.form, _RESIDENT, helps="sign_up"),
    ("POST", "/helping/{grant}/courses/{course}/sign-up/confirm"): Page(
        enrolling.confirm, _RESIDENT, again=enrolling.form_again, helps="sign_up"
    ),
    ("POST", "/helping/{grant}/courses/{course}/sign-up"): Page(
        enrolling.enrol, _RESIDENT, again=enrolling.form_again, helps="sign_up"
    ),
    ("GET", "/helping/{grant}/sign-ups/{sign_up}"): Page(enrolling.sign_up, _RESIDENT, helps="sign_up"),
    ("GET", "/helping/{grant}/sign-ups/{sign_up}/cancel"): Page(enrolling.ask_cancel, _RESIDENT, helps="sign_up"),
    ("POST", "/helping/{grant}/sign-ups/{sign_up}/cancel"): Page(
        enrolling.cancel, _RESIDENT, again=enrolling.cancel_again, helps="sign_up"
    ),
    ("GET", "/courses/{course}/sign-up"): Page(enrolling.form, _RESIDENT),
    ("POST", "/courses/{course}/sign-up/confirm"): Page(enrolling.confirm, _RESIDENT, again=enrolling.form_again),
    ("POST", "/courses/{course}/sign-up"): Page(enrolling.enrol, _RESIDENT, again=enrolling.form_again),
    ("GET", "/me/sign-ups"): Page(enrolling.sign_ups, _RESIDENT),
    ("GET", "/me/sign-ups/{sign_up}"): Page(enrolling.sign_up, _RESIDENT),
    ("GET", "/me/sign-ups/{sign_up}/cancel"): Page(enrolling.ask_cancel, _RESIDENT),
    ("POST", "/me/sign-ups/{sign_up}/cancel"): Page(enrolling.cancel, _RESIDENT, again=enrolling.cancel_again),
    ("GET", "/donate"): Page(giving.form, _RESIDENT),
    ("POST", "/donate/confirm"): Page(giving.confirm, _RESIDENT, again=giving.form_again),
    ("POST", "/donate"): Page(giving.give, _RESIDENT, again=giving.form_again),
    ("GET", "/centre"): Page(centre.home, _CENTRE),
    ("GET", "/centre/act"): Page(centre.act_form, _CENTRE),
    ("POST", "/centre/act/confirm"): Page(centre.act_confirm, _CENTRE, again=centre.act_again, looks_up=True),
    ("POST", "/centre/act"): Page(centre.submit_act, _CENTRE, again=centre.act_confirm_again),
    ("GET", "/centre/file"): Page(centre_file.file_form, _CENTRE),
    ("GET", "/centre/file/to-fill"): Page(centre_file.file_to_fill, _CENTRE),
    ("POST", "/centre/file"): Page(centre_file.submit_file, _CENTRE, again=centre_file.file_again, upload=True),
    ("GET", "/centre/attendance"): Page(kiosk.attendance, _CENTRE),
    ("POST", "/centre/attendance/{attendance}"): Page(kiosk.end, _CENTRE, again=kiosk.attendance_again),
    ("GET", "/kiosk"): Page(kiosk.choose, _CLERK),
    ("POST", "/kiosk"): Page(kiosk.open_door, _CLERK, again=kiosk.choose),
    ("GET", "/kiosk/{desk}/{programme}"): Page(kiosk.kiosk, _CLERK),
    ("POST", "/kiosk/{desk}/{programme}"): Page(kiosk.read, _CLERK, again=kiosk.kiosk_again, looks_up=True),
    ("GET", "/assist"): Page(kiosk.assist_form, _DESKS),
    ("POST", "/assist"): Page(kiosk.assist, _DESKS, again=kiosk.assist_again, checks_secret=True),
    ("GET", "/registrar"): Page(registrar.home, _REGISTRAR),
    ("POST", "/registrar/find"): Page(registrar.find, _REGISTRAR, again=registrar.home_again, looks_up=True),
    ("POST", "/registrar/open"): Page(registrar.open_resident, _REGISTRAR, again=registrar.home_again),
    ("POST", "/registrar/cards"): Page(registrar.issue, _REGISTRAR, again=registrar.find_again, checks_secret=True),
    ("POST", "/registrar/block"): Page(registrar.block, _REGISTRAR, again=registrar.find_again),
    ("GET", "/approvals"): Page(approvals.queue, _CENTRE | _OFFICE),
    ("GET", "/approvals/{approval}"): Page(approvals.one, _CENTRE | _OFFICE),
    ("GET", "/approvals/{approval}/recorded"): Page(approvals.recorded, _CENTRE | _OFFICE, asked_again=True),
    ("GET", "/approvals/{approval}/repairs"): Page(approvals.repair_list, _CENTRE | _OFFICE, prints=True),
    ("GET", "/approvals/{approval}/entries"): Page(credited.entries, _CENTRE),
    ("POST", "/approvals/{approval}/entries"): Page(credited.find, _CENTRE, again=credited.again, looks_up=True),
    ("POST", "/approvals/{approval}/approve"): Page(
        approvals.approve, frozenset({Role.APPROVER, Role.OFFICE}), again=approvals.again
    ),
    ("POST", "/approvals/{approval}/decline"): Page(approvals.decline, _CENTRE, again=approvals.again),
    ("GET", "/desk"): Page(venue.choose, _VENUE),
    ("GET", "/desk/{desk}"): Page(venue.charge_form, _VENUE),
    ("POST", "/desk/{desk}/charge/confirm"): Page(
        venue.charge_confirm, _VENUE, again=venue.charge_again, looks_up=True
    ),
    ("POST", "/desk/{desk}/charge"): Page(venue.charge, _VENUE, again=venue.charge_confirm_again, checks_secret=True),
    ("GET", "/desk/{desk}/today"): Page(venue_lists.day, _VENUE),
    ("GET", "/desk/{desk}/charges/{charge}"): Page(venue.charged, _VENUE),
    ("POST", "/desk/{desk}/charges/{charge}/refund/confirm"): Page(
        venue.refund_confirm, _VENUE, again=venue.refund_again
    ),
    ("POST", "/desk/{desk}/charges/{charge}/refund"): Page(venue.refund, _VENUE, again=venue.refund_again),
    ("GET", "/desk/{desk}/sign-ups"): Page(venue_lists.sign_ups, _VENUE),
    ("GET", "/desk/{desk}/sign-ups/{sign_up}"): Page(venue.sign_up, _VENUE),
    ("POST", "/desk/{desk}/sign-ups/{sign_up}/confirm"): Page(venue.confirm_sign_up, _VENUE, again=venue.sign_up_again),
    ("POST", "/desk/{desk}/sign-ups/{sign_up}/cancel"): Page(venue.cancel_sign_up, _VENUE, again=venue.sign_up_again),
    ("GET", "/desk/{desk}/closes"): Page(closing.venue_months, _VENUE),
    ("GET", "/desk/{desk}/closes/{close}"): Page(closing.venue_one, _VENUE),
    ("POST", "/desk/{desk}/closes/{close}/confirm"): Page(closing.confirm, _VENUE, again=closing.venue_again),
    ("POST", "/desk/{desk}/closes/{close}/withdraw"): Page(closing.withdraw, _VENUE, again=closing.venue_again),
    ("GET", "/closes/{close}/statement"): Page(closing.statement, _VENUE | _OFFICE, prints=True),
    ("GET", "/office"): Page(office.home, _OFFICE),
    ("GET", "/office/dashboard"): Page(office.dashboard, _OFFICE),
    ("GET", "/office/budget"): Page(office.budget, _OFFICE),
    ("GET", "/office/desks"): Page(office.desks, _OFFICE),
    ("GET", "/office/rates"): Page(office.rates, _OFFICE),
    ("GET", "/office/propose"): Page(office.propose_form, _COIN_OFFICE),
    ("GET", "/office/propose/{kind}"): Page(office.file_in_force, _COIN_OFFICE),
    ("POST", "/office/propose"): Page(office.propose, _COIN_OFFICE, again=office.propose_again, upload=True),
    ("GET", "/office/findings"): Page(office.findings, _OFFICE),
    ("POST", "/office/findings/{finding}"): Page(office.acknowledge, _COIN_OFFICE, again=office.findings_again),
    ("GET", "/office/objections"): Page(own.office_objections, _COIN_OFFICE),
    ("GET", "/office/objections/{objection}"): Page(own.office_objection, _COIN_OFFICE),
    ("POST", "/office/objections/{objection}"): Page(
        own.answer_objection, _COIN_OFFICE, again=own.office_objection_again
    ),
    ("GET", "/office/closes"): Page(closing.month, _OFFICE),
    ("POST", "/office/closes"): Page(closing.prepare, _COIN_OFFICE, again=closing.month_again),
    ("GET", "/office/closes/{close}"): Page(closing.one, _OFFICE),
    ("GET", "/office/payments/{month}"): Page(closing.payments, _OFFICE, prints=True),
    ("GET", "/corrections"): Page(treasury.corrections, _CENTRE | _OFFICE),
    ("POST", "/corrections/confirm"): Page(treasury.correction_confirm, _CENTRE, again=treasury.corrections_again),
    ("POST", "/corrections"): Page(treasury.propose_correction, _CENTRE, again=treasury.corrections_again),
    ("GET", "/office/expiry"): Page(treasury.expiry, _OFFICE),
    ("POST", "/office/expiry/preview"): Page(treasury.expiry_preview, _OFFICE, again=treasury.expiry_again),
    ("POST", "/office/expiry"): Page(treasury.propose_expiry, _COIN_OFFICE, again=treasury.expiry_again),
    ("GET", "/office/accounts"): Page(ending.home, _COIN_OFFICE),
    ("POST", "/office/accounts/close/confirm"): Page(
        ending.close_confirm, _COIN_OFFICE, again=ending.again, looks_up=True
    ),
    ("POST", "/office/accounts/close"): Page(ending.propose_close, _COIN_OFFICE, again=ending.again),
    ("POST", "/office/accounts/merge/confirm"): Page(
        ending.merge_confirm, _COIN_OFFICE, again=ending.again, looks_up=True
    ),
    ("POST", "/office/accounts/merge"): Page(ending.propose_merge, _COIN_OFFICE, again=ending.again),
    ("GET", "/office/freezes"): Page(treasury.freezes, _COIN_OFFICE),
    ("POST", "/office/freezes/confirm"): Page(treasury.freeze_confirm, _COIN_OFFICE, again=treasury.freezes_again),
    ("POST", "/office/freezes"): Page(treasury.propose_freeze, _COIN_OFFICE, again=treasury.freezes_again),
    ("POST", "/office/freezes/lift"): Page(treasury.propose_lift, _COIN_OFFICE, again=treasury.freezes_again),
}
