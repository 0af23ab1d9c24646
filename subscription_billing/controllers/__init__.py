from . import sale_portal, subscription_summary
