"""What a forked process may do: each job takes the environment and JSON values, and returns JSON."""

import sys
from datetime import timedelta

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


def differences(env):
    """Where the invariants of the addon do not hold."""
    return env["subscription.invariant"]._differences()


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


# price revisions


def propose_revisions(env):
    """A campaign of all contracts, approved: each line rises by 10 % one month after its start."""
    clause = env["subscription.revision.clause"].create(
        {"name": "10 %", "kind": "percentage", "percentage": 10, "date_rule": "periods", "automation": "none"}
    )
    contracts = _contracts(env, ())
    env.cr.execute("UPDATE subscription_contract SET revision_clause_id = %s", [clause.id])
    env.invalidate_all()
    campaign = env["subscription.revision.campaign"].create({"until_date": contracts[0]._today()})
    campaign._propose(campaign.until_date)
    campaign.revision_ids._approve()
    campaign.state = "applying"
    env.cr.commit()
    return len(campaign.revision_ids)


def apply_revisions(env, batch_size=5):
    """The unattended job goes on with the campaign."""
    campaigns = env["subscription.revision.campaign"]
    sys.modules[env.registry[campaigns._name]._cron_apply.__module__].BATCH = batch_size
    campaigns._cron_apply()


# the outbox


def send_by_mail(env, port, references):
    """The invoices of these contracts leave by mail, through a server on this machine."""
    env["ir.mail_server"].create(
        {"name": "Loopback", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"}
    )
    env.company.email = "billing@company.example.com"
    for contract in _contracts(env, references):
        contract.invoicing_mode = "post_send"
        contract.partner_id.email = f"{contract.external_id}@customer.example.com"
    env.cr.commit()


def charge_cards(env, address, references):
    """The invoices of these contracts are charged to cards of a bank at this address; no mail leaves."""
    env["ir.config_parameter"].set_param("test_subscription_payment.address", address)
    provider = env["payment.provider"]._make_bank(env.company)
    for contract in _contracts(env, references):
        contract.payment_token_id = provider._make_card(contract.partner_id)
        contract.invoicing_mode = "post_charge"
        contract.partner_id.invoice_sending_method = "manual"
    env.ref("subscription_billing.ir_cron_outbox").active = True
    env.cr.commit()


def attempts(env):
    """The states of all charges, oldest first."""
    return env["subscription.charge.attempt"].search([], order="id").mapped("state")


def unpaid(env, reference):
    """What is still due on the invoices of a contract."""
    return sum(_contracts(env, [reference]).invoice_ids.mapped("amount_residual"))


def notice(env, status):
    """The bank says by itself what became of the last charge, as its webhook does."""
    attempt = env["subscription.charge.attempt"].search([], limit=1)
    data = {"reference": attempt.reference, "amount": attempt.amount, "currency": attempt.currency_id.name}
    env["payment.transaction"]._process("bank", {**data, "status": status})
    env.cr.commit()


def charge_again(env):
    """A person charges again what was declined."""
    for attempt in env["subscription.charge.attempt"].search([("state", "=", "declined")], limit=1):
        attempt.action_charge_again()
    env.cr.commit()


def crons_on(env):
    """Odoo's own scheduler has everything to do that could bill, send or charge."""
    crons = env["ir.cron"].with_context(active_test=False)
    modules = ("subscription_billing", "mail", "account", "payment", "sale")
    ids = env["ir.model.data"].search([("model", "=", "ir.cron"), ("module", "in", modules)]).mapped("res_id")
    crons.browse(ids).write({"active": True, "nextcall": env.cr.now() - timedelta(hours=1)})
    env.cr.commit()


def outbox(env):
    """The worker of the outbox."""
    env["subscription.outbox"]._cron_work()


def mail_queue(env):
    """Odoo's own queue of mails."""
    env["mail.mail"].process_email_queue()


def later(env, hours):
    """As if these hours had passed for the outbox."""
    env.cr.execute(
        "UPDATE subscription_outbox SET since = since - %(h)s, next_attempt = next_attempt - %(h)s, "
        "create_date = create_date - %(h)s",
        {"h": timedelta(hours=hours)},
    )
    env.cr.execute(
        "UPDATE subscription_charge_attempt SET asked_on = asked_on - %(h)s, answered_on = answered_on - %(h)s",
        {"h": timedelta(hours=hours)},
    )
    env.cr.commit()


def effects(env):
    """What is in the outbox: state, tries and last answer of each effect."""
    rows = env["subscription.outbox"].search([], order="id")
    return [[row.kind, row.state, row.tries, row.last_error or ""] for row in rows]


def undelivered(env, reference):
    """What a contract says did not arrive, and how many to-dos there are about it."""
    contract = _contracts(env, [reference])
    return [contract.outbox_error or "", len(contract.activity_ids)]


def add_recipient(env, reference, address):
    """Somebody else at the customer's gets the invoices too: they follow its documents by template."""
    contract = _contracts(env, [reference])
    partner = env["res.partner"].create({"name": "Other", "email": address, "parent_id": contract.partner_id.id})
    env.ref("account.email_template_edi_invoice").write(
        {"use_default_to": False, "partner_to": f"{contract.partner_id.id},{partner.id}"}
    )
    env.cr.commit()


def bounce(env, reference, address):
    """The mail of an invoice comes back, as a mail server says it."""
    message = _contracts(env, [reference]).outbox_ids.message_id[-1:]
    notice = f"""\
From: MAILER-DAEMON@mx.example.com
To: bounce@company.example.com
Subject: Undelivered Mail Returned to Sender
Message-ID: <returned-{message.id}@mx.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

No such mailbox.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1

--B
Content-Type: message/rfc822

Message-Id: {message.message_id}
Subject: Invoice

--B--
"""
    env["mail.thread"].message_process(False, notice)
    env.cr.commit()


def correct_address(env, reference, address):
    """A person corrects the address and sends again."""
    contract = _contracts(env, [reference])
    contract.partner_id.email = address
    contract.outbox_ids.filtered(lambda effect: effect.state == "bounced").action_try_again()
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
        differences,
        preview,
        guard_errors,
        parked,
        archive_product_of,
        restore_products,
        propose_revisions,
        apply_revisions,
        send_by_mail,
        outbox,
        mail_queue,
        later,
        effects,
        undelivered,
        add_recipient,
        bounce,
        correct_address,
        charge_cards,
        crons_on,
        attempts,
        unpaid,
        notice,
        charge_again,
    )
}
