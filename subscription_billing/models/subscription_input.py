from math import isfinite

from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError


class SubscriptionInput(models.AbstractModel):
    """Refuses, with the name of the record, values that no database column may hold.

    Constraints of the database say the same as ``_input_bounds``, to whoever writes
    past the ORM; they cannot name the record.
    """

    _name = "subscription.input"
    _description = "Checked input"

    # the smallest and the largest value of a field
    _input_bounds = {}

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_input(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_input(vals)
        return super().write(vals)

    def _check_input(self, vals):
        """:raises ValidationError: when a text holds a NUL character, or a number is none or out of its bounds."""
        for name, value in vals.items():
            if isinstance(value, str) and "\0" in value:
                self._refuse_input(
                    vals, name, self.env._("it holds a NUL character, which cannot be stored. Remove it.")
                )
            if isinstance(value, float) and not isfinite(value):
                self._refuse_input(vals, name, self.env._("%s is not an ordinary number.", value))
            for lines, line_vals in self._lines_in(name, value):
                lines._check_input(line_vals)
        for name, (low, high) in self._input_bounds.items():
            if name in vals and not low <= (vals[name] or 0) <= high:
                self._refuse_input(
                    vals,
                    name,
                    self.env._("%(value)s is not from %(low)s to %(high)s.", value=vals[name], low=low, high=high),
                )

    def _lines_in(self, name, value):
        """The records that commands of a field create or change, and their values."""
        field = self._fields.get(name)
        if field and field.type == "one2many" and hasattr(lines := self.env[field.comodel_name], "_check_input"):
            for command in value or ():
                if command[0] in (Command.CREATE, Command.UPDATE):
                    yield lines.browse(command[1] or []), command[2]

    def _refuse_input(self, vals, name, reason):
        raise ValidationError(
            self.env._(
                "%(record)s, %(field)s: %(reason)s",
                record=self._input_name(vals),
                field=self._fields[name].get_description(self.env)["string"],
                reason=reason,
            )
        )

    def _input_name(self, vals) -> str:
        """How a person calls the record that these values are for."""
        return ", ".join(self.mapped("display_name")) or vals.get("name") or self.env["ir.model"]._get(self._name).name

    def _changing(self, vals) -> dict:
        """Those of ``vals`` that are not there yet: commands of lines are, these decide for themselves."""
        self._check_input(vals)
        return {name: value for name, value in vals.items() if not all(row._holds(name, value) for row in self)}

    def _holds(self, name, value) -> bool:
        field = self._fields[name]
        if field.type in ("one2many", "properties"):
            return False
        if field.type == "many2many" and not all(
            isinstance(item, tuple | list) and item[0] == Command.SET for item in value or ()
        ):
            return False
        wanted, present = (field.convert_to_cache(item, self) for item in (value, self[name]))
        if field.type == "many2many":
            return {*(wanted or ())} == {*(present or ())}
        return (wanted or False) == (present or False)

    # what other applications send

    @api.model
    def _api_checked(self, values, allowed) -> dict:
        """Values as the ORM writes them, from those that another application sends.

        :raises UserError: when a field is unknown, or a related record is not the only one of its name.
        """
        if unknown := values.keys() - allowed:
            raise UserError(self.env._("%s cannot be set.", ", ".join(sorted(map(str, unknown)))))
        return {name: self._api_value(self._fields[name], value) for name, value in values.items()}

    @api.model
    def _api_value(self, field, value):
        if field.type == "many2one":
            return self._api_record(field, value).id
        if field.type == "many2many":
            return [Command.set([self._api_record(field, item).id for item in value])]
        if field.type == "date":
            return fields.Date.to_date(value) or False
        if field.type in ("float", "monetary", "integer") and not isinstance(value, (int, float)):
            raise UserError(self.env._("%(field)s is a number, not %(value)s.", field=field.name, value=value))
        return value

    @api.model
    def _api_record(self, field, value):
        """The record of an id, or of a name as a person would type it."""
        model = self.env[field.comodel_name]
        if not value:
            return model
        if type(value) is int:  # True is no id
            found = model.browse(value).exists()
        else:
            found = model.browse(record_id for record_id, _name in model.name_search(str(value), operator="=", limit=2))
        if len(found) != 1:
            raise UserError(
                self.env._(
                    "%(field)s: %(value)s stands for %(count)s records.",
                    field=field.name,
                    value=value,
                    count=len(found),
                )
            )
        return found
