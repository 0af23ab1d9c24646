"""What a forked process may do: each job takes the environment and JSON values, and returns JSON."""

from odoo import fields
from odoo.exceptions import UserError


def _contracts(env, references):
    contracts = env["subscription.contract"]
    return contracts.search([("external_id", "in", references)]) if references else contracts.search([])


def arm(env):
    env["subscription.engine"]._arm()
    env.cr.commit()


def cron(env, batch_size=5):
    """The unattended run."""
    env["subscription.engine"]._cron_bill(batch_size=batch_size)


def scheduler(env):
    """Odoo's own scheduler, as a cron worker calls it."""
    env["ir.cron"]._process_jobs(env.cr.dbname)


def bill(env, references=(), until=None):
    """A person bills contracts one after the other; those that are busy refuse."""
    refusals = []
    for contract in _contracts(env, references):
        day = fields.Date.to_date(until) or contract._today()
        try:
            env["subscription.engine"]._bill(contract, day)
            env.cr.commit()
        except UserError as refusal:
            env.cr.rollback()
            refusals.append(str(refusal))
    return refusals


def amend(env, reference, day, values):
    """A person changes every line of a contract."""
    contract = _contracts(env, [reference])
    contract._amend(fields.Date.to_date(day), [(line, values) for line in contract.line_ids])
    env.cr.commit()


def add_fee(env, reference):
    """A person adds a fee to a contract, due on its first day."""
    contract = _contracts(env, [reference])
    fee = env["product.product"].create({"name": "Fee", "type": "service", "list_price": 9.0})
    contract._amend(contract.date_start, [(None, {"product_id": fee.id})])
    env.cr.commit()


def set_aside(env, reference):
    """An accountant puts a contract aside until tomorrow."""
    contract = _contracts(env, [reference])
    contract.next_attempt = fields.Datetime.add(env.cr.now(), days=1)
    env.cr.commit()


def gaps(env):
    """Every unbilled stretch and the reason."""
    return [(gap.display_name, gap.reason) for gap in env["subscription.gap"].search([])]


def preview(env, references=()):
    """The charges that are due, as text."""
    contracts = _contracts(env, references)
    return [
        f"{charge.contract.external_id} {charge.line.product_id.name} {charge.period.start} {charge.amount}"
        for charge in env["subscription.engine"]._preview(contracts, contracts[:1]._today())
    ]


def guard_errors(env):
    return env["subscription.engine"]._guard_errors()


def parked(env):
    """The contracts set aside with an error, and how many to-dos that made."""
    contracts = env["subscription.contract"].search([("billing_error", "!=", False)])
    return {contract.external_id: [contract.billing_error, len(contract.activity_ids)] for contract in contracts}


def archive_product_of(env, references):
    """Give each contract a product of its own that nobody may sell any more."""
    for contract in _contracts(env, references):
        line = contract.line_ids[:1]
        product = line.product_id.copy({"name": f"Forbidden {contract.external_id}"})
        env.cr.execute("UPDATE subscription_line SET product_id = %s WHERE id = %s", [product.id, line.id])
        product.active = False
    env.cr.commit()


def restore_products(env):
    env["product.product"].with_context(active_test=False).search([("name", "like", "Forbidden")]).active = True
    env["subscription.contract"].search([("billing_error", "!=", False)]).next_attempt = False
    env.cr.commit()


JOBS = {
    job.__name__: job
    for job in (
        arm,
        cron,
        scheduler,
        bill,
        amend,
        add_fee,
        set_aside,
        gaps,
        preview,
        guard_errors,
        parked,
        archive_product_of,
        restore_products,
    )
}
