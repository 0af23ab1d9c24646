from time import monotonic

import requests

from odoo import api, fields, models, release
from odoo.exceptions import UserError

from ..insee import DEFAULT_URL, URL_PARAMETER, BadAnswer, Series, read_answer

HEADERS = {"Accept": "application/xml", "User-Agent": f"Odoo/{release.version} (subscription_syntec)"}
SERIES_PER_CALL = 50
# seconds without a word from INSEE, seconds for a whole answer, bytes of an answer
PATIENCE = 20
LONGEST = 90
LARGEST = 20_000_000
CHUNK = 65_536


class SubscriptionIndex(models.Model):
    """Values fetched from INSEE, on demand and every night.

    Several series are asked for in one call; where that fails, each is asked for alone, so
    that a wrong number keeps no other index waiting. Whatever happens is said on the index.
    """

    _inherit = "subscription.index"

    last_fetch_on = fields.Datetime("Last fetch", readonly=True, copy=False)
    last_fetch_message = fields.Text("Result of the last fetch", readonly=True, copy=False)
    last_fetch_failed = fields.Boolean("The last fetch failed", readonly=True, copy=False)

    def action_fetch(self):
        """Fetch these indexes from INSEE and say what came of it."""
        self.check_access("write")
        asked = self.filtered("idbank")
        if not asked:
            raise UserError(
                self.env._("None of these indexes has an INSEE series: enter its number, or paste the values.")
            )
        asked._fetch()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if any(asked.mapped("last_fetch_failed")) else "success",
                "title": self.env._("INSEE"),
                "message": "\n".join(f"{index.name}: {index.last_fetch_message}" for index in asked),
                "sticky": any(asked.mapped("last_fetch_failed")),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @api.model
    def _cron_fetch(self):
        """Every series of INSEE that may still be published."""
        indexes = self.search([("idbank", "!=", False)])
        indexes.filtered(lambda index: not index.last_period or index.is_incomplete)._fetch()

    def _fetch(self):
        for start in range(0, len(self), SERIES_PER_CALL):
            self[start : start + SERIES_PER_CALL]._fetch_together()

    def _fetch_together(self):
        try:
            answer = read_answer(self._ask_insee())
        except (BadAnswer, requests.RequestException) as error:
            if len(self) == 1 or not self._is_of_one_series(error):
                return self._note_fetch(self._failure(error), failed=True)
            for index in self:
                index._fetch_together()
            return None
        for index in self:
            index._take(answer.get(index.idbank))
        return None

    def _ask_insee(self) -> bytes:
        """The answer of INSEE for these series."""
        base = self.env["ir.config_parameter"].sudo().get_param(URL_PARAMETER) or DEFAULT_URL
        url = f"{base.rstrip('/')}/{'+'.join(self.mapped('idbank'))}"
        deadline = monotonic() + LONGEST
        content = bytearray()
        with requests.get(url, headers=HEADERS, timeout=PATIENCE, stream=True) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_content(CHUNK):
                content += chunk
                if monotonic() > deadline:
                    raise requests.Timeout
                if len(content) > LARGEST:
                    raise BadAnswer(f"more than {LARGEST} bytes")
        return bytes(content)

    @staticmethod
    def _is_of_one_series(error) -> bool:
        """Whether one wrong series may be all that is wrong."""
        return isinstance(error, BadAnswer) or getattr(error.response, "status_code", 0) in (400, 404)

    def _failure(self, error) -> str:
        """What went wrong, and what a person can do."""
        if isinstance(error, BadAnswer):
            return self.env._("INSEE answered something that is no list of values (%s).", error)
        status = getattr(error.response, "status_code", None)
        if status == 404:
            return self.env._("INSEE knows no series %s: correct its number.", self.idbank)
        if status:
            return self.env._("INSEE refused to answer (HTTP %s): try again later.", status)
        if isinstance(error, requests.Timeout):
            return self.env._("INSEE did not answer in time: try again later.")
        return self.env._("INSEE cannot be reached: check the network, and the address in the settings.")

    def _take(self, series: Series | None):
        """Record what INSEE said of this index, all of it or nothing."""
        self.ensure_one()
        if not series:
            return self._note_fetch(
                self.env._("INSEE knows no series %s: correct its number.", self.idbank), failed=True
            )
        if series.frequency != self.frequency:
            return self._note_fetch(
                self.env._(
                    "INSEE publishes series %(idbank)s (%(title)s) by another period than this index has: "
                    "correct one of them.",
                    idbank=self.idbank,
                    title=series.title,
                ),
                failed=True,
            )
        try:
            with self.env.cr.savepoint():
                self.decimals = max(self.decimals, series.decimals)
                recorded = self._record(self._rows_of(series))
        except UserError as error:
            return self._note_fetch(error.args[0], failed=True)
        message = self.env._(
            "%(new)s new, %(revised)s revised, %(unchanged)s unchanged.",
            new=len(recorded["new"]),
            revised=len(recorded["revised"] | recorded["confirmed"]),
            unchanged=len(recorded["unchanged"]),
        )
        return self._note_fetch(" ".join(filter(None, [message, series.is_stopped and self._stopped_text(series)])))

    def _rows_of(self, series) -> list[dict]:
        today = fields.Date.to_string(self.env.company._subscription_today())
        source = self.env._("INSEE, BDM, series %(idbank)s, read on %(day)s", idbank=series.idbank, day=today)
        return [
            {
                "period": observation.period,
                "printed": observation.value,
                "publication_date": observation.published,
                "status": "final" if observation.is_final else "provisional",
                "source": source,
            }
            for observation in series.observations
        ]

    def _stopped_text(self, series) -> str:
        """What is left to do about a series that INSEE publishes no more."""
        if not series.observations:
            return self.env._("INSEE stopped this series.")
        last = max(observation.period for observation in series.observations)
        if not self.successor_id:
            return self.env._(
                "INSEE stopped this series after %s: enter this as its last period, the series it goes on as, and the "
                "link coefficient.",
                self._period_label(self._period(last)),
            )
        if not self.link_coefficient:
            return self.env._(
                "INSEE stopped this series, which goes on as %(successor)s (%(idbank)s): enter the link coefficient.",
                successor=self.successor_id.name,
                idbank=self.successor_id.idbank or self.successor_id.code,
            )
        return self.env._("INSEE stopped this series, which goes on as %s.", self.successor_id.name)

    def _note_fetch(self, message, failed=False):
        self.write({"last_fetch_on": self.env.cr.now(), "last_fetch_message": message, "last_fetch_failed": failed})
