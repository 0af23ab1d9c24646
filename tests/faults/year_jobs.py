"""What persons, crons and the calendar do in a simulated year; each takes JSON and commits."""

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError

DAYS = ("day", "until", "date_start")


def act(env, acts):
    """Each act of a day in a transaction of its own: its result, or why it was refused."""
    return [_act(env, **one) for one in acts]


def _act(env, verb, reference, **arguments):
    try:
        contract = env["subscription.contract"].search([("external_id", "=", reference)])
        dates = {name: fields.Date.to_date(arguments[name]) for name in DAYS if arguments.get(name)}
        result = VERBS[verb](env, contract, **(arguments | dates))
        env.cr.commit()
        return {"result": result}
    except (UserError, ValidationError) as refusal:
        env.cr.rollback()
        return {"refused": str(refusal)}


def _line(contract, key):
    return contract.line_ids.filtered(lambda line: line.external_id == key)


def _product(env, name):
    return env["product.product"].search([("name", "=", name)], limit=1)


def activate(env, contract, name, plan, recurrence, lines, card=False, **values):
    reference = values.pop("external_id")
    partner = env["res.partner"].create({"name": name, "invoice_sending_method": "manual"})
    period = env.ref(f"subscription_billing.recurrence_{recurrence}").id
    contract = env["subscription.contract"].create(
        {
            **values,
            "external_id": reference,
            "partner_id": partner.id,
            "plan_id": env["subscription.plan"].search([("name", "=", plan)]).id,
            "recurrence_id": period,
            "line_ids": [
                Command.create({**line, "product_id": _product(env, line["product_id"]).id, "recurrence_id": period})
                for line in lines
            ],
        }
    )
    if card:
        contract.payment_token_id = env["payment.provider"].search([("code", "=", "bank")])._make_card(partner)
    contract.action_activate()


def _amend(contract, day, change):
    if not contract._amend(day, [change]):
        raise UserError("Nothing changed.")


def change(env, contract, key, day, values):
    _amend(contract, day, (_line(contract, key), values))


def drop(env, contract, key, day):
    _amend(contract, day, (_line(contract, key), None))


def add(env, contract, key, day, values):
    product = _product(env, values["product_id"])
    values = {**values, "product_id": product.id, "external_id": key, "recurrence_id": contract.recurrence_id.id}
    _amend(contract, day, (None, values))


def plan(env, contract, day, name):
    contract._change_plan(env["subscription.plan"].search([("name", "=", name)]), day)


def pause(env, contract, day, credit, until=None):
    contract._pause(day, until, credit=credit)


def resume(env, contract, day):
    contract._resume(day)


def convert(env, contract, day):
    contract._convert_trial()


def renew(env, contract):
    contract._renew()


def close(env, contract, day, credit):
    contract._close(day, env.ref("subscription_billing.close_reason_other"), credit=credit)


def reopen(env, contract, day):
    contract._reopen_from(day)


def undo(env, contract):
    """The last amendment is taken back."""
    contract.amendment_ids.sorted("number")[-1].action_undo()


def use(env, contract, events):
    return [answer["result"] for answer in env["subscription.usage"].record(events)]


def post_drafts(env, contract):
    moves = contract.invoice_ids.filtered(lambda move: move.state == "draft")
    moves.action_post()
    return len(moves)


def delete_draft(env, contract):
    moves = contract.invoice_ids.filtered(lambda move: move.state == "draft")
    moves.unlink()
    return len(moves)


def _last_invoice(contract):
    """The last one that nothing was paid of or given back."""

    def is_whole(move):
        states = set(move.line_ids.subscription_line_period_ids.mapped("state"))
        return move.state == "posted" and move.payment_state == "not_paid" and states <= {"billed", "kept"}

    invoices = contract.invoice_ids.filtered(lambda move: move.move_type == "out_invoice" and is_whole(move))
    return invoices.sorted("id")[-1:]


def cancel(env, contract, decision):
    move = _last_invoice(contract)
    if move:
        move.button_draft()
        move.button_cancel()
    return _decide(env, contract, move, decision)


def credit(env, contract, decision):
    move = _last_invoice(contract)
    if move:
        _reversal(env, move).refund_moves()
        move.reversal_move_ids.filtered(lambda note: note.state == "draft").action_post()
    return _decide(env, contract, move, decision)


def replace(env, contract):
    """*Reverse and create*, and the new draft posted as it is."""
    move = _last_invoice(contract)
    if move:
        wizard = _reversal(env, move)
        wizard.modify_moves()
        wizard.new_move_ids.filtered(lambda draft: draft.move_type == "out_invoice").action_post()
    return len(move)


def _reversal(env, move):
    return (
        env["account.move.reversal"]
        .with_context(active_model="account.move", active_ids=move.ids)
        .create({"journal_id": move.journal_id.id, "date": fields.Date.context_today(move)})
    )


def _decide(env, contract, move, decision):
    """What a person decides about what the invoice billed; the days and the usage concerned."""
    held = contract.period_ids.filtered(lambda period: period.state == "held" and period.move_id == move)
    concerned = [[row.chain_id.external_id, str(row.date_start), str(row.date_stop)] for row in held]
    usage = env["subscription.usage"].search([("period_id", "in", held.ids)]).mapped("external_id")
    getattr(held, {"waive": "action_waive", "again": "action_bill_again"}[decision])()
    return {"days": concerned, "usage": usage, "invoices": len(move)}


VERBS = {
    verb.__name__: verb
    for verb in (
        activate,
        change,
        drop,
        add,
        plan,
        pause,
        resume,
        convert,
        renew,
        close,
        reopen,
        undo,
        use,
        post_drafts,
        delete_draft,
        cancel,
        credit,
        replace,
    )
}
YEAR_JOBS = {"act": act}
