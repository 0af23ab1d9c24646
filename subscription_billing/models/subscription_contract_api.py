from datetime import timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from .subscription_line import CARRIED

# said once, when a line opens; afterwards only an equal value is accepted
OPENING = ("external_id", "date_start", "date_end", "occurrences", "discount_occurrences")
LINE_KEYS = frozenset(CARRIED + OPENING) - {"anchor_date", "analytic_distribution"}


class SubscriptionContractApi(models.Model):
    """Contracts of other applications: created, changed and read by their own references."""

    _inherit = "subscription.contract"

    @api.model
    def upsert(self, external_id: str, values: dict) -> dict:
        """Create or change the contract that another application knows as ``external_id``.

        A field is named as in Odoo; a related record is given by its id or by what a
        person would type: name, reference, email, login. What is not named stays; what is
        equal writes nothing, so that a call may be repeated.

        :param external_id: its reference in the other application, unique per company.
        :param values: fields of the contract, and

            - ``lines``: dicts of fields of lines, each known by its own ``external_id``, else
              by its ``product_id``; ``"stop": true`` ends one;
            - ``effective_date``: when changes of a running contract take effect, today unless
              given; all of them are one amendment;
            - ``activate``: whether a draft starts to run.
        :returns: the contract as ``describe`` tells it, and ``result``: ``created``,
            ``changed`` or ``unchanged``.
        :raises UserError: nothing is written; the message names the contract and the line.
        """
        if not external_id or not isinstance(external_id, str) or not isinstance(values, dict):
            raise UserError(self.env._("Send external_id, a text, and values, a dictionary."))
        try:
            return self._upsert(external_id, dict(values))
        except AccessError:
            raise
        except (UserError, ValueError, TypeError) as error:
            raise UserError(
                self.env._("Contract %(reference)s: %(error)s", reference=external_id, error=error)
            ) from error

    @api.model
    @api.readonly
    def describe(self, contract: str) -> dict:
        """A contract, its lines in force and its next invoice, in plain values.

        :param contract: its number or external reference.
        """
        found = self._named([contract])
        if len(found) != 1:
            raise UserError(
                self.env._("%(name)s stands for %(count)s contracts you may read.", name=contract, count=len(found))
            )
        return found._described()

    @api.model
    def _named(self, names):
        """The contracts that bear one of these numbers or external references."""
        return self.search(["|", ("name", "in", [*names]), ("external_id", "in", [*names])])

    # create or change

    @api.model
    def _upsert(self, external_id, values):
        company = self._api_record(self._fields["company_id"], values.pop("company_id", False)) or self.env.company
        model = self.with_company(company)
        contract = model._known_as(external_id)
        day = fields.Date.to_date(values.pop("effective_date", False)) or contract._today()
        activate, lines = values.pop("activate", False), self._api_lines(values.pop("lines", []))
        fields_values = model._api_values(values)
        if not contract:
            contract, result = model._api_create(external_id, company, fields_values, lines), "created"
        else:
            result = "changed" if contract._api_change(fields_values, lines, day) else "unchanged"
        if activate and contract.state == "draft":
            contract.action_activate()
            result = "created" if result == "created" else "changed"
        return {"result": result, **contract._described()}

    @api.model
    def _known_as(self, external_id):
        """The contract of this company and reference; it is no secret that it is somebody else's."""
        known = self.sudo().search([("company_id", "=", self.env.company.id), ("external_id", "=", external_id)])
        known.sudo(self.env.su).check_access("write")
        return known.sudo(self.env.su)

    @api.model
    def _api_create(self, external_id, company, values, lines):
        commands = [Command.create(self._api_line(line)) for line in lines]
        return self.create({**values, "external_id": external_id, "company_id": company.id, "line_ids": commands})

    def _api_change(self, values, lines, day) -> bool:
        """Write what differs; tells whether anything did."""
        values = self._changing(values)
        changes = [change for change in (self._api_line_change(line, day) for line in lines) if change]
        if not values and not changes:
            return False
        self._locked()
        if values:
            self.write(values)
        if changes and self.state == "draft":
            self._api_edit(changes)
        elif changes:
            self._amend(day, changes, reason=self.env._("From another application"))
        return True

    def _api_edit(self, changes):
        """What ``_amend`` does to a running contract, done to the lines of a draft."""
        for line, values in changes:
            if line is None:
                self.line_ids = [Command.create(values)]
            elif values is None:
                line.unlink()
            else:
                line.write(values)

    # lines

    @api.model
    def _api_lines(self, lines) -> list[dict]:
        """:raises UserError: when one is no dictionary, or is there twice."""
        names = set()
        for line in lines:
            if not isinstance(line, dict):
                raise UserError(self.env._("a line is a dictionary, not %s.", line))
            name = self._api_line_name(line)
            if name in names:
                raise UserError(self.env._("line %s is there twice: give each line an external_id.", name))
            names.add(name)
        return lines

    def _api_line_change(self, line, day):
        """What makes of a line what is asked, as ``_amend`` takes it; None when it is so already."""
        values = self._api_line({key: value for key, value in line.items() if key != "stop"})
        rows = self._api_rows(values, line, day)
        row = rows[:1] if self.state == "draft" else rows.filtered(lambda row: row._period().stop > day)[:1]
        if line.get("stop"):
            return (row, None) if row else None
        if not rows or not (row or values.get("external_id") or rows[0].kind == "one_off"):
            return (None, values)
        changes = (row or rows[-1])._changing(self._api_still_open(rows, values))
        if self.state != "draft":
            fixed = {name: value for name, value in changes.items() if name in OPENING or not row}
            self._api_refuse(line, fixed, day)
        if "tax_ids" in changes and self.state != "draft":
            [[_command, _id, changes["tax_ids"]]] = changes["tax_ids"]
        return (row, changes) if changes else None

    def _api_still_open(self, rows, values) -> dict:
        """``values`` less what was said of the chain when it opened, and may have run its course since."""
        root, names = rows[0].chain_id, {"external_id", "date_start", "occurrences", "discount_occurrences"}
        opening = {name: value for name, value in values.items() if name in names}
        told = {name: value for name, value in opening.items() if not root._changing({name: value})}
        if told.get("discount_occurrences"):
            told["discount"] = values.get("discount")
        if "date_end" in values and not rows[-1]._changing({"date_end": values["date_end"]}):
            told["date_end"] = values["date_end"]
        return {name: value for name, value in values.items() if name not in told}

    def _api_refuse(self, line, fixed, day):
        if fixed:
            raise UserError(
                self.env._(
                    "line %(line)s: %(fields)s cannot change on %(day)s. Stop it and open another one.",
                    line=self._api_line_name(line),
                    fields=", ".join(sorted(fixed)),
                    day=day,
                )
            )

    def _api_rows(self, values, line, day):
        """The rows of the chain that is meant, by date: by its reference, else by its product."""
        reference, product = values.get("external_id"), values.get("product_id")
        if not reference and not product:
            raise UserError(self.env._("a line needs an external_id or a product_id."))
        rows = self.line_ids.filtered(lambda row: row._period())
        chains = rows.chain_id.filtered(
            lambda chain: (
                chain.external_id == reference
                if reference
                else chain.product_id.id == product and not chain.external_id
            )
        )
        served = rows.filtered(lambda row: row._period().stop > day).chain_id
        chains = chains & served or chains[-1:]
        if len(chains) > 1:
            raise UserError(
                self.env._("line %s stands for several: give each an external_id.", self._api_line_name(line))
            )
        return rows.filtered(lambda row: row.chain_id == chains).sorted("date_start")

    @api.model
    def _api_line_name(self, line) -> str:
        return str(line.get("external_id") or line.get("product_id") or "?")

    @api.model
    def _api_line(self, line) -> dict:
        try:
            return self.env["subscription.line"]._api_checked(line, LINE_KEYS)
        except (UserError, ValueError, TypeError) as error:
            raise UserError(
                self.env._("line %(line)s: %(error)s", line=self._api_line_name(line), error=error)
            ) from error

    # plain values

    @api.model
    def _api_values(self, values) -> dict:
        writable = {
            name
            for name, field in self._fields.items()
            if field.store and not field.readonly and field.type not in ("one2many", "properties")
        }
        return self._api_checked(values, writable - {"external_id", "company_id"})

    def _described(self) -> dict:
        self.ensure_one()
        return {
            "id": self.id,
            "number": self.name,
            "external_id": self.external_id,
            "state": self.state,
            "customer": self.partner_id.display_name,
            "plan": self.plan_id.name,
            "currency": self.currency_id.name,
            "mrr": self.mrr,
            "date_start": fields.Date.to_string(self.date_start),
            "date_end": fields.Date.to_string(self.date_end),
            "lines": [self._described_line(line) for line in self._lines_in_order()],
            "next_invoice": self._next_invoice(),
        }

    def _lines_in_order(self):
        return self.current_line_ids.sorted(lambda line: (line.sequence, line.chain_id.id, line.date_start))

    @api.model
    def _described_line(self, line) -> dict:
        return {
            "external_id": line.chain_id.external_id,
            "product": line.product_id.display_name,
            "name": line.name,
            "quantity": line.quantity,
            "price_unit": line.price_unit,
            "discount": line.discount,
            "recurrence": line.recurrence_id.name,
            "date_start": fields.Date.to_string(line.date_start),
            "date_end": fields.Date.to_string(line.date_end),
        }

    def _next_invoice(self) -> dict | bool:
        """What the next document will say, False when nothing is due any more."""
        engine = self.env["subscription.engine"]
        charges = engine._preview(self, self.next_billing_date) if self.next_billing_date else []
        if not charges:
            return False
        group = engine._groups(charges)[0]
        return {
            "date": fields.Date.to_string(self.next_billing_date),
            "amount": engine._amount_total(group),
            "lines": [
                {
                    "product": charge.line.product_id.display_name,
                    "name": engine._describe(charge),
                    "date_start": fields.Date.to_string(charge.period.start),
                    "date_end": fields.Date.to_string(charge.period.stop - timedelta(days=1)),
                    "quantity": charge.quantity,
                    "amount": float(charge.amount),
                }
                for charge in group
            ],
        }
