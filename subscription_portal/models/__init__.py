from . import (
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
