# the abstract model first: others inherit from it
from . import subscription_preview

# isort: split

from . import (
    base_partner_merge_automatic_wizard,
    sale_advance_payment_inv,
    subscription_card,
    subscription_change,
    subscription_change_line,
    subscription_close,
    subscription_offer,
    subscription_past,
    subscription_pause,
    subscription_preview_charge,
    subscription_resume,
    subscription_run_exclude,
)
