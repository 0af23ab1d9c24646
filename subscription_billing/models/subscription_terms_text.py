from odoo import models


class SubscriptionTermsText(models.AbstractModel):
    """Terms in words, for those who are bound by them."""

    _inherit = "subscription.terms"

    def _selection_text(self, name) -> str:
        """The label of the value of a selection field, in the language of the reader."""
        self.ensure_one()
        return dict(self._fields[name]._description_selection(self.env))[self[name]]

    def _duration_text(self, count, unit) -> str:
        """ "1 month", "12 months"."""
        if count == 1:
            return {
                "day": self.env._("1 day"),
                "week": self.env._("1 week"),
                "month": self.env._("1 month"),
                "year": self.env._("1 year"),
            }[unit]
        return {
            "day": self.env._("%(count)s days", count=count),
            "week": self.env._("%(count)s weeks", count=count),
            "month": self.env._("%(count)s months", count=count),
            "year": self.env._("%(count)s years", count=count),
        }[unit]

    def _commitment_text(self) -> str:
        self.ensure_one()
        if not self.commitment:
            return self.env._("None")
        return self._duration_text(self.commitment, self.commitment_unit)

    def _renewal_text(self) -> str:
        """How a term that ends goes on; empty for a contract without term."""
        self.ensure_one()
        if not self.commitment:
            return ""
        if self.renewal == "none":
            return self._selection_text("renewal")
        length = (
            (self.renewal_term, self.renewal_term_unit)
            if self.renewal_term
            else (self.commitment, self.commitment_unit)
        )
        return self.env._(
            "%(renewal)s, for %(duration)s each time",
            renewal=self._selection_text("renewal"),
            duration=self._duration_text(*length),
        )

    def _notice_text(self) -> str:
        self.ensure_one()
        if not self.notice:
            return ""
        duration = self._duration_text(self.notice, self.notice_unit)
        if not self.commitment:
            return duration
        return self.env._("%(duration)s before the end of a term", duration=duration)
