from odoo import models
from odoo.exceptions import ValidationError

from ..core.written import read_day


class SubscriptionIndex(models.Model):
    """Values that a person pastes or uploads: read row by row, recorded all or none."""

    _inherit = "subscription.index"

    def _judge_written(self, rows) -> list[dict]:
        """What recording `WrittenRow`s would do, with what is wrong in each; writes nothing."""
        self.ensure_one()
        judged, readable = [], {}
        for row in rows:
            judgement = {"number": row.number, "period": row.period, "printed": row.value, "error": False}
            try:
                vals = self._read_written(row)
                first = readable.setdefault(vals["period"], judgement)
                if first is not judgement and first["vals"]["printed"] != vals["printed"]:
                    raise ValidationError(
                        self.env._(
                            "Row %(number)s says %(printed)s for the same period.",
                            number=first["number"],
                            printed=first["printed"],
                        )
                    )
                judgement["vals"] = vals
            except ValidationError as error:
                judgement["error"] = error.args[0]
            judged.append(judgement)
        right = [judgement for judgement in judged if not judgement["error"]]
        outcomes = self._judge([judgement["vals"] for judgement in right])
        for judgement, (outcome, _vals, known) in zip(right, outcomes, strict=True):
            judgement |= {"outcome": outcome, "known": known.printed or ""}
            judgement |= {name: judgement["vals"][name] for name in ("period", "printed")}
        return judged

    def _read_written(self, row) -> dict:
        """:raises ValidationError: saying what is wrong in the row."""
        period = self._period(row.period)
        self._refuse_after_last(period)
        try:
            published = read_day(row.published)
        except ValueError as error:
            raise ValidationError(
                self.env._("“%s” is no day of publication: write it as in 2024-09-30.", row.published)
            ) from error
        return {
            "period": str(period),
            "printed": self._printed(row.value),
            "publication_date": published,
            "source": row.source,
        }

    def _record_written(self, rows, source="") -> dict:
        """Record all the rows.

        :param source: of the rows that name none
        :raises ValidationError: naming every row that cannot be read; then none is recorded
        """
        judged = self._judge_written(rows)
        errors = [
            self.env._("Row %(number)s: %(error)s", number=judgement["number"], error=judgement["error"])
            for judgement in judged
            if judgement["error"]
        ]
        if errors:
            raise ValidationError("\n".join(errors))
        if not judged:
            raise ValidationError(self.env._("There is no value to record: paste lines, or choose a file."))
        return self._record([{**row["vals"], "source": row["vals"]["source"] or source} for row in judged])
