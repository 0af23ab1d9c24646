def uninstall_hook(env):
    """The automation rules of Odoo that were ours go with us."""
    env["subscription.automation"].with_context(active_test=False).search([]).unlink()
