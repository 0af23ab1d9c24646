from . import (
    res_company,
    res_config_settings,
    subscription_amendment,
    subscription_contract_card,
    subscription_contract_customer,
    subscription_contract_facts,
    subscription_contract_rights,
    subscription_contract_wish,
    subscription_plan,
    subscription_plan_line,
    subscription_request,
)

# isort: split

# these override what is above
from . import (
    subscription_contract_legal,
    subscription_contract_welcome,
    subscription_outbox_letter,
    subscription_request_legal,
    subscription_request_letter,
    subscription_request_receipt,
)
