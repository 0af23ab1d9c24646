from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_amount, format_datetime

READERS = (
    "subscription_billing.group_subscription_user",
    "account.group_account_invoice",
    "account.group_account_readonly",
)
MAX_REASONS = 3


class SubscriptionDesk(models.AbstractModel):
    """The first page of billing: when it ran, what it billed, what waits for a person and why."""

    _name = "subscription.desk"
    _description = "Billing desk"

    @api.model
    def figures(self):
        """What the page shows to this person, in words and with the list behind each number."""
        if not any(self.env.user.has_group(group) for group in READERS):
            raise AccessError(self.env._("The billing desk is for sales and accounting."))
        _ = self.env._
        return {
            "alerts": self._alerts(),
            "clock": self._clock(),
            "sections": [
                {"id": "billed", "title": _("Billed"), "tiles": self._billed()},
                {"id": "waiting", "title": _("Waits for a person"), "tiles": self._waiting()},
                {"id": "coming", "title": _("To come"), "tiles": self._coming()},
            ],
            "may_run": self.env["subscription.run"].has_access("create"),
        }

    # is all well

    @api.model
    def _alerts(self) -> list[dict]:
        """Why nothing is billed at all."""
        _ = self.env._
        engine = self.env["subscription.engine"]
        alerts = []
        if not engine._is_armed():
            is_manager = self.env.user.has_group("subscription_billing.group_subscription_manager")
            alerts.append(
                {
                    "id": "not_armed",
                    "text": _(
                        "This database bills, sends and charges nothing: it is a copy, or its billing was never armed."
                    ),
                    "method": "action_arm_billing" if is_manager else False,
                    "button": _("Let it bill"),
                    "confirm": _(
                        "Invoices will be issued from this database from now on. "
                        "Do this on your production database only, never on a copy of it."
                    ),
                }
            )
        alerts += [{"id": f"guard_{index}", "text": text} for index, text in enumerate(engine._guard_errors())]
        if not self._cron().active:
            alerts.append(
                {
                    "id": "cron",
                    "text": _("Nobody bills by itself: the scheduled action “%s” is archived.", self._cron().name),
                }
            )
        return alerts

    @api.model
    def _cron(self):
        return self.env.ref("subscription_billing.ir_cron_bill").sudo().with_context(active_test=False)

    @api.model
    def _clock(self) -> dict:
        _ = self.env._
        cron = self._cron()
        never = _("never")
        return {
            "last": self._moment(cron.lastcall) if cron.lastcall else never,
            "next": self._moment(cron.nextcall) if cron.active else never,
        }

    @api.model
    def _moment(self, moment) -> str:
        return format_datetime(self.env, moment, dt_format="short")

    # what was billed

    @api.model
    def _billed(self) -> list[dict]:
        _ = self.env._
        if not self.env["account.move"].has_access("read"):
            return []
        today = self.env.company._subscription_today()
        yesterday = self.env.cr.now() - timedelta(hours=24)
        return [
            self._moves_tile(
                "billed_day", _("Last 24 hours"), [("create_date", ">=", fields.Datetime.to_string(yesterday))]
            ),
            self._moves_tile(
                "billed_month", _("This month"), [("invoice_date", ">=", fields.Date.to_string(today.replace(day=1)))]
            ),
        ]

    @api.model
    def _moves_tile(self, name, label, domain, state="posted", tone="success") -> dict:
        domain = [
            ("line_ids.subscription_line_id", "!=", False),
            ("company_id", "in", self.env.companies.ids),
            ("state", "=", state),
            *domain,
        ]
        rows = self.env["account.move"]._read_group(
            domain, ["company_currency_id"], ["__count", "amount_untaxed_signed:sum"]
        )
        return {
            "id": name,
            "label": label,
            "value": sum(count for _currency, count, _amount in rows),
            "details": [
                self.env._("%s untaxed", format_amount(self.env, amount, currency)) for currency, _count, amount in rows
            ],
            "tone": tone if rows else "muted",
            "action": self._list(self.env._("Invoices: %s", label), "account.move", domain),
        }

    # what waits

    @api.model
    def _waiting(self) -> list[dict]:
        _ = self.env._
        now = fields.Datetime.to_string(self.env.cr.now())
        tiles = [
            self._reasons_tile(
                "parked",
                _("Billing stopped"),
                "subscription.contract",
                [("billing_error", "!=", False)],
                "billing_error",
            ),
            self._set_aside([("billing_error", "=", False), ("next_attempt", ">", now)]),
            self._reasons_tile(
                "held", _("Periods that lost their invoice"), "subscription.period", [("state", "=", "held")], "reason"
            ),
            self._gaps(),
            self._reasons_tile(
                "undelivered",
                _("Did not arrive"),
                "subscription.outbox",
                [("state", "in", ("bounced", "failed", "held"))],
                "last_error",
            ),
            self._runs(),
        ]
        if self.env["account.move"].has_access("read"):
            tiles.append(self._moves_tile("drafts", _("Draft invoices to post"), [], state="draft", tone="warning"))
        return tiles

    @api.model
    def _reasons_tile(self, name, label, model, domain, reason, tone="danger") -> dict:
        """How many wait, and the reasons most of them share."""
        rows = self.env[model]._read_group(domain, [reason], ["__count"], order="__count DESC")
        return {
            "id": name,
            "label": label,
            "value": sum(count for _reason, count in rows),
            "details": [f"{count} × {self._short(text)}" for text, count in rows[:MAX_REASONS]],
            "tone": tone if rows else "muted",
            "action": self._list(label, model, domain),
        }

    @api.model
    def _short(self, text) -> str:
        first = (text or self.env._("no reason given")).strip().split("\n")[0]
        return first if len(first) <= 120 else f"{first[:119]}…"

    @api.model
    def _set_aside(self, domain) -> dict:
        """Contracts that a person excluded, with the reasons given in runs."""
        tile = self._reasons_tile(
            "set_aside", self.env._("Set aside"), "subscription.contract", domain, "state", tone="info"
        )
        excluded = [("state", "=", "excluded"), ("contract_ids", "any", domain)]
        rows = self.env["subscription.run.proposal"]._read_group(
            excluded, ["reason"], ["__count"], order="__count DESC"
        )
        return {**tile, "details": [self._short(text) for text, _count in rows[:MAX_REASONS]]}

    @api.model
    def _gaps(self) -> dict:
        domain = [("reason", "!=", "waiting")]
        label = self.env._("Unbilled days")
        rows = self.env["subscription.gap"]._read_group(domain, ["reason"], ["__count"])
        names = dict(self.env["subscription.gap"]._fields["reason"]._description_selection(self.env))
        return {
            "id": "gaps",
            "label": label,
            "value": sum(count for _reason, count in rows),
            "details": [f"{count} × {names[reason]}" for reason, count in rows],
            "tone": "danger" if rows else "muted",
            "action": {
                **self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_gap"),
                "domain": domain,
            },
        }

    @api.model
    def _runs(self) -> dict:
        label = self.env._("Runs to review")
        domain = [("state", "in", ("review", "approved"))]
        runs = self.env["subscription.run"].search(domain)
        action = self.env["ir.actions.act_window"]._for_xml_id("subscription_billing.action_subscription_run")
        return {
            "id": "runs",
            "label": label,
            "value": len(runs),
            "details": [
                self.env._(
                    "%(run)s: %(count)s to approve, %(failed)s blocked",
                    run=run.name,
                    count=run.to_approve_count,
                    failed=run.failed_count,
                )
                for run in runs[:MAX_REASONS]
            ],
            "tone": "warning" if runs else "muted",
            "action": {**action, "domain": domain, "context": {}},
        }

    # what comes

    @api.model
    def _coming(self) -> list[dict]:
        _ = self.env._
        today = self.env.company._subscription_today()
        return [
            self._due_tile("due", _("Due today or overdue"), [("next_billing_date", "<=", today)], "warning"),
            self._due_tile(
                "due_week",
                _("In the next seven days"),
                [("next_billing_date", ">", today), ("next_billing_date", "<=", today + timedelta(days=7))],
                "info",
            ),
            {
                "id": "calendar",
                "label": _("Next twelve months"),
                "icon": "fa-calendar",
                "details": [_("What running contracts will be invoiced, by month, customer and plan")],
                "tone": "info",
                "action": "subscription_billing.action_subscription_forecast",
            },
        ]

    @api.model
    def _due_tile(self, name, label, domain, tone) -> dict:
        domain = [
            ("state", "!=", "draft"),
            *((field, operator, fields.Date.to_string(day)) for field, operator, day in domain),
        ]
        count = self.env["subscription.contract"].search_count(domain)
        return {
            "id": name,
            "label": label,
            "value": count,
            "details": [self.env._("contracts")] if count else [],
            "tone": tone if count else "muted",
            "action": self._list(label, "subscription.contract", domain),
        }

    @api.model
    def _list(self, name, model, domain) -> dict:
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "domain": domain,
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "context": {"create": False},
        }
