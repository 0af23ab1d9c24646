from odoo import Command, api, models
from odoo.exceptions import UserError
from odoo.tools import str2bool


class SubscriptionContractSale(models.Model):
    """What an order does to its contract: withdraw it, open it again, sell more on it."""

    _inherit = "subscription.contract"

    def action_upsell_quote(self):
        """A quotation whose lines join this contract when it is confirmed."""
        return self._open_quote(self.env._("Upsell"), "upsell")

    def action_change_quote(self):
        """A quotation of the present lines, to be accepted with other quantities and prices, more or less of them."""
        return self._open_quote(self.env._("Change"), "upsell", self._rows_on(self._today()))

    def action_renewal_quote(self):
        """A quotation of the next term, with the present lines and discounts."""
        self.ensure_one()
        if obstacle := self._obstacle_to_renewal():
            raise UserError(obstacle)
        return self._open_quote(self.env._("Renewal"), "renewal", self._rows_to_renew(), self._term_stop())

    def _rows_to_renew(self):
        """The lines of the last day of the term."""
        return self._rows_on(self.term_end)

    def _open_quote(self, title, intent, rows=(), start=None):
        self.ensure_one()
        order = self.env["sale.order"].create(
            {
                **self._quote_vals(),
                "subscription_intent": intent,
                "subscription_start_date": start,
                "order_line": [Command.create(row._quote_line_vals()) for row in rows],
            }
        )
        return order._get_records_action(name=title)

    def _quote_vals(self) -> dict:
        """Values of a quotation on this contract, lines excepted."""
        position = {"fiscal_position_id": self.fiscal_position_id.id} if self.fiscal_position_id else {}
        return {
            **position,
            "partner_id": self.partner_id.id,
            "partner_invoice_id": self.partner_invoice_id.id,
            "partner_shipping_id": self.partner_shipping_id.id,
            "company_id": self.company_id.id,
            "pricelist_id": self.pricelist_id.id,
            "payment_term_id": self.payment_term_id.id,
            "user_id": self.user_id.id,
            "team_id": self.team_id.id,
            "client_order_ref": self.client_order_ref,
            "origin": self.name,
            "subscription_plan_id": self.plan_id.id,
            "subscription_contract_id": self.id,
        }

    def _has_billed(self) -> bool:
        """Whether money was asked for, or will be, for a day of this contract."""
        self.ensure_one()
        return bool(self.sudo().period_ids.filtered(lambda period: period.state not in ("waived", "void")))

    def _is_untouched(self) -> bool:
        """Closed without a single day in the ledger, as an order leaves it that was cancelled."""
        self.ensure_one()
        return self.state == "closed" and not self.sudo().period_ids

    def _withdraw(self, reason):
        """Close a contract that billed nothing as if it had never served."""
        self.ensure_one()
        self._close(self.date_start)
        self._locked().write({"state": "closed"})
        self.message_post(body=reason)

    def _reopen(self, values):
        """A withdrawn contract is a draft again, under its number, with other lines and ``values``."""
        self.ensure_one()
        contract = self._locked()
        contract.write(
            {
                "state": "draft",
                "date_stop": False,
                "anchor_date": False,
                "term_start": False,
                "term_end": False,
                "close_reason_id": False,
                "next_billing_date": False,
            }
        )
        contract.line_ids.unlink()
        contract.write({**contract._plan_values(contract.plan_id.browse(values["plan_id"])), **values})

    @api.model
    def _check_none_is_running(self):
        """Uninstalling would forget what running contracts still have to bill.

        :raises UserError: while one runs, unless ``subscription_billing.force_uninstall`` is set.
        """
        forced = self.env["ir.config_parameter"].sudo().get_param("subscription_billing.force_uninstall")
        running = self.sudo().search([("state", "in", ("active", "paused"))])
        if running and not str2bool(forced or "0"):
            raise UserError(
                self.env._(
                    "%(count)s contracts are running, %(names)s among them: uninstalling would forget what they still "
                    "have to bill. Close them first, or set the system parameter %(parameter)s to 1.",
                    count=len(running),
                    names=", ".join(running[:3].mapped("display_name")),
                    parameter="subscription_billing.force_uninstall",
                )
            )
