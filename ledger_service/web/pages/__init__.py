"""The table of pages: one row for each address and method. What is not here is not there."""

from __future__ import annotations

from ledger_service.domain.actors import Role
from ledger_service.web.pages import approvals, centre, door, enrolling, giving, office, public, resident, venue
from ledger_service.web.pages.table import Page

_RESIDENT = frozenset({Role.RESIDENT})
_CENTRE = frozenset({Role.CLERK, Role.APPROVER, Role.OFFICE})
_VENUE = frozenset({Role.VENUE, Role.OFFICE})
_OFFICE = frozenset({Role.OFFICE, Role.AUDITOR})

PAGES: dict[tuple[str, str], Page] = {
    ("GET", "/"): Page(public.home, None),
    ("GET", "/impact"): Page(public.impact, None),
    ("GET", "/rates"): Page(public.rates, None),
    ("GET", "/places"): Page(public.places, None),
    ("GET", "/courses"): Page(public.courses, None),
    ("GET", "/verify"): Page(public.verify, None),
    ("GET", "/verify/{desk}/{seq}"): Page(public.batch, None),
    ("GET", "/view"): Page(public.change_view, None, knows_who=False),
    ("GET", "/sign-in"): Page(door.ask, None),
    ("POST", "/sign-in/resident"): Page(door.resident, None, again=door.ask_again_resident),
    ("POST", "/sign-in/staff"): Page(door.staff, None, again=door.ask_again_staff),
    ("POST", "/sign-out"): Page(door.sign_out, frozenset(Role)),
    ("GET", "/me"): Page(resident.balance, _RESIDENT),
    ("POST", "/me/payment-code"): Page(resident.payment, _RESIDENT),
    ("GET", "/me/lines"): Page(resident.lines, _RESIDENT),
    ("GET", "/receipts/{journal_no}"): Page(resident.receipt, frozenset({Role.RESIDENT, Role.VENUE, Role.OFFICE})),
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
    ("POST", "/centre/act/confirm"): Page(centre.act_confirm, _CENTRE, again=centre.act_again),
    ("POST", "/centre/act"): Page(centre.submit_act, _CENTRE, again=centre.act_confirm_again),
    ("GET", "/centre/file"): Page(centre.file_form, _CENTRE),
    ("POST", "/centre/file"): Page(centre.submit_file, _CENTRE, again=centre.file_again, upload=True),
    ("GET", "/approvals"): Page(approvals.queue, _CENTRE | _OFFICE),
    ("GET", "/approvals/{approval}"): Page(approvals.one, _CENTRE | _OFFICE),
    ("POST", "/approvals/{approval}/approve"): Page(
        approvals.approve, frozenset({Role.APPROVER, Role.OFFICE}), again=approvals.again
    ),
    ("POST", "/approvals/{approval}/decline"): Page(approvals.decline, _CENTRE, again=approvals.again),
    ("GET", "/desk"): Page(venue.choose, _VENUE),
    ("GET", "/desk/{desk}"): Page(venue.charge_form, _VENUE),
    ("POST", "/desk/{desk}/charge/confirm"): Page(venue.charge_confirm, _VENUE, again=venue.charge_again),
    ("POST", "/desk/{desk}/charge"): Page(venue.charge, _VENUE, again=venue.charge_again),
    ("GET", "/desk/{desk}/today"): Page(venue.day, _VENUE),
    ("GET", "/desk/{desk}/charges/{charge}"): Page(venue.charged, _VENUE),
    ("POST", "/desk/{desk}/charges/{charge}/refund/confirm"): Page(
        venue.refund_confirm, _VENUE, again=venue.refund_again
    ),
    ("POST", "/desk/{desk}/charges/{charge}/refund"): Page(venue.refund, _VENUE, again=venue.refund_again),
    ("GET", "/desk/{desk}/sign-ups"): Page(venue.sign_ups, _VENUE),
    ("GET", "/desk/{desk}/sign-ups/{sign_up}"): Page(venue.sign_up, _VENUE),
    ("POST", "/desk/{desk}/sign-ups/{sign_up}/confirm"): Page(venue.confirm_sign_up, _VENUE, again=venue.sign_up_again),
    ("POST", "/desk/{desk}/sign-ups/{sign_up}/cancel"): Page(venue.cancel_sign_up, _VENUE, again=venue.sign_up_again),
    ("GET", "/office"): Page(office.home, _OFFICE),
    ("GET", "/office/desks"): Page(office.desks, _OFFICE),
}
