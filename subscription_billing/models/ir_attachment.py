import os

from odoo import api, models


class IrAttachment(models.Model):
    """A file that a full disk or a killed process cut short would refuse its own bytes for ever."""

    _inherit = "ir.attachment"

    @api.model
    def _get_path(self, bin_data, sha):
        path = self._full_path(f"{sha[:2]}/{sha}")
        if os.path.isfile(path) and os.path.getsize(path) < len(bin_data):
            os.remove(path)  # files bear the checksum of what they hold: this one is torn
        return super()._get_path(bin_data, sha)
