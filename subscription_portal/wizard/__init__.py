from . import subscription_declaration
