from . import sale_order, subscription_contract, subscription_engine
