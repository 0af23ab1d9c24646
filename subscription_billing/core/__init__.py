"""The arithmetic of recurring billing: values in, values out.

Nothing here imports Odoo. Dates are calendar dates, intervals are half-open
``[start, stop)``, shares are exact fractions and money is ``Decimal``: the only
rounding is :func:`core.money.round_amount`, once per charge.
"""
