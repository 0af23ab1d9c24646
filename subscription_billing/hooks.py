def pre_init_hook(env):
    """Ranges and numbers in one exclusion constraint need ``btree_gist``."""
    env.cr.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")


def post_init_hook(env):
    """Whoever installs the addon means this database to bill, not its copies."""
    env["subscription.engine"]._arm()


def uninstall_hook(env):
    """Orders stay invoiced as they are, invoices stay as they are, and nothing of ours stays behind."""
    env["subscription.contract"]._check_none_is_running()
    env["sale.order.line"]._subscription_give_back()
    env["ir.config_parameter"].sudo().search([("key", "=like", "subscription\\_billing.%")]).unlink()
