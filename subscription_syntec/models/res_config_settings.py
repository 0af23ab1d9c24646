from odoo import fields, models

from ..insee import DEFAULT_URL, URL_PARAMETER


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    subscription_insee_url = fields.Char(
        "INSEE address",
        config_parameter=URL_PARAMETER,
        default=DEFAULT_URL,
        help="The SDMX service of the macro-economic database (BDM). Empty: the public one.",
    )
