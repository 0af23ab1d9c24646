import logging
from ast import literal_eval
from random import randint

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, ValidationError

_logger = logging.getLogger(__name__)


class SubscriptionTag(models.Model):
    """A word that sorts contracts, given by hand or by a rule."""

    _name = "subscription.tag"
    _description = "Contract tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))
    domain = fields.Char(
        "Rule",
        groups="subscription_billing.group_subscription_manager",
        help="The contracts that bear this tag, decided once a day. Empty: it is given by hand.",
    )

    _name_unique = models.Constraint("UNIQUE(name)", "This tag exists already.")

    @api.constrains("domain")
    def _check_domain(self):
        for tag in self.filtered(lambda tag: tag.sudo().domain):
            try:
                tag._ruled()
            except Exception as error:
                raise ValidationError(
                    self.env._("The rule of the tag %(tag)s: %(error)s", tag=tag.name, error=error)
                ) from error

    def _ruled(self):
        """The contracts, of every company, that the rule of this tag describes."""
        self.ensure_one()
        return self.env["subscription.contract"].sudo().search(literal_eval(self.sudo().domain))

    def _apply_rule(self):
        """Give the tag to those it describes, take it from all others."""
        self.ensure_one()
        wanted = self._ruled()
        present = wanted.search([("tag_ids", "in", self.ids)])
        (wanted - present).write({"tag_ids": [Command.link(self.id)]})
        (present - wanted).write({"tag_ids": [Command.unlink(self.id)]})

    @api.model
    def _cron_apply_rules(self):
        """A rule that cannot be read any more does not stop the others."""
        for tag in self.search([("domain", "not in", (False, "[]"))]):
            try:
                with self.env.cr.savepoint():
                    tag._apply_rule()
            except Exception:
                _logger.exception("Subscriptions: the rule of the tag %s cannot be applied", tag.name)

    def action_apply_rule(self):
        """Do now what is done once a day."""
        if not self.env.user.has_group("subscription_billing.group_subscription_manager"):
            raise AccessError(self.env._("Only a manager of subscriptions applies the rules of tags."))
        for tag in self.filtered(lambda tag: tag.domain not in (False, "[]")):
            tag._apply_rule()
        return True
