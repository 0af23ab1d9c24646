from . import (
    subscription_index_import,
    subscription_index_import_row,
    subscription_revision_decision,
    subscription_revision_setup,
    subscription_revision_whatif,
    subscription_revision_whatif_month,
)
