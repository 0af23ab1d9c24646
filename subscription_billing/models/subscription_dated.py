from datetime import timedelta

from odoo import api, fields, models

from ..core.period import FOREVER, Period

# the context value of a running verb: an object, so that no RPC client can send it
VERB = object()


class SubscriptionDated(models.AbstractModel):
    """A row that holds from a day to another.

    ``date_stop`` is the first day outside, for code and constraints; ``date_end``
    is the last day inside, the only one that people read, type and import.
    """

    _name = "subscription.dated"
    _description = "Dated row"

    date_start = fields.Date("Start", required=True)
    date_stop = fields.Date(readonly=True, copy=False, exportable=False, export_string_translation=False)
    date_end = fields.Date(
        "End",
        compute="_compute_date_end",
        inverse="_inverse_date_end",
        store=True,
        precompute=True,
        copy=False,
        help="Last day included. Empty when no end is planned.",
    )

    @api.depends("date_stop")
    def _compute_date_end(self):
        for row in self:
            row.date_end = row.date_stop and row.date_stop - timedelta(days=1)

    def _inverse_date_end(self):
        for row in self:
            row.date_stop = row.date_end and row.date_end + timedelta(days=1)

    def _in_verb(self) -> bool:
        return self.env.context.get("subscription_verb") is VERB

    def _is_in_force(self, day) -> bool:
        return day in self._period()

    def _period(self) -> Period:
        self.ensure_one()
        return Period(self.date_start, self.date_stop or FOREVER)
