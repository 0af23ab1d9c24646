from . import (
    sale_advance_payment_inv,
    subscription_change,
    subscription_change_line,
    subscription_close,
    subscription_preview,
    subscription_preview_charge,
    subscription_run_exclude,
)
