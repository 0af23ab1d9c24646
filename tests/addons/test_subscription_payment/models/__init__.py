from . import payment_provider, payment_transaction, subscription_charge_attempt, subscription_contract
