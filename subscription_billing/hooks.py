from odoo.tools import SQL


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
    models = [model for model in env.values() if model._original_module == "subscription_billing"]
    # Odoo fails to forget a model one of whose attachments has no file, such as a link
    env["ir.attachment"].sudo().search([("res_model", "in", [model._name for model in models])]).unlink()
    _drop_references(env, [model._table for model in models])


def _drop_references(env, tables):
    """Odoo deletes plans, stages and recurrences before the contracts that refer to them."""
    env.flush_all()
    references = env.execute_query(
        SQL(
            """
            SELECT conrelid::regclass::text, conname
              FROM pg_constraint
             WHERE contype = 'f' AND confrelid IN (SELECT to_regclass(name)::oid FROM unnest(%s) AS name)
            """,
            tables,
        )
    )
    for table, constraint in references:
        env.cr.execute(SQL("ALTER TABLE %s DROP CONSTRAINT %s", SQL.identifier(table), SQL.identifier(constraint)))
