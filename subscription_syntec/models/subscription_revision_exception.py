from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SubscriptionRevisionException(models.Model):
    """A line that another clause revises than that of its contract, or none."""

    _name = "subscription.revision.exception"
    _description = "Line with a revision of its own"
    _order = "contract_id, id"
    _check_company_auto = True

    contract_id = fields.Many2one("subscription.contract", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="contract_id.company_id", store=True)
    chain_id = fields.Many2one("subscription.line", "Line", required=True, index=True, ondelete="cascade")
    clause_id = fields.Many2one(
        "subscription.revision.clause", "Price revision", ondelete="restrict", help="Empty: never revised."
    )
    reason = fields.Char()

    _line_unique = models.UniqueIndex("(chain_id)", "A line has one revision of its own.")

    @api.constrains("chain_id", "contract_id")
    def _check_chain(self):
        for exception in self:
            chain = exception.chain_id
            if chain.contract_id != exception.contract_id or chain.chain_id != chain:
                raise ValidationError(
                    self.env._("%s is no line of this contract.", chain.display_name or self.env._("Nothing"))
                )

    @api.onchange("chain_id")
    def _onchange_chain_id(self):
        self.chain_id = self.chain_id.chain_id
