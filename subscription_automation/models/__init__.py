from . import base_automation, subscription_automation, subscription_engine
