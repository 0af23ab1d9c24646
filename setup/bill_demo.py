"""Bill what is due and print every invoice of a contract. `setup/run` runs it with `env`."""

COLUMNS = ("Number", "Customer", "Invoice date", "Contract", "Untaxed", "VAT", "Total")
NUMERIC = {"Untaxed", "VAT", "Total"}


def row(invoice):
    return (
        invoice.name if invoice.state == "posted" else invoice.state,
        invoice.partner_id.display_name,
        str(invoice.invoice_date or ""),
        ", ".join(invoice.subscription_contract_ids.mapped("name")),
        *amounts(invoice, invoice.currency_id),
    )


def totals(invoices):
    for currency, group in invoices.grouped("currency_id").items():
        yield "Total", "", "", "", *amounts(group, currency)


def amounts(invoices, currency):
    untaxed = sum(invoices.mapped("amount_untaxed_in_currency_signed"))
    total = sum(invoices.mapped("amount_total_in_currency_signed"))
    return [f"{amount:,.{currency.decimal_places}f} {currency.name}" for amount in (untaxed, total - untaxed, total)]


def print_table(rows):
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    for cells in [COLUMNS, ["-" * width for width in widths], *rows]:
        aligned = (
            cell.rjust(width) if name in NUMERIC else cell.ljust(width)
            for name, cell, width in zip(COLUMNS, cells, widths, strict=True)
        )
        print("  ".join(aligned).rstrip())


# contracts that are charged by themselves, and what the demonstration provider answers
CARDS = {"contract_clinic_maintenance": "done", "contract_hotel": "error"}


def store_cards():
    provider = env.ref("payment.payment_provider_demo")
    for name, answer in CARDS.items():
        contract = env.ref(f"subscription_billing.{name}", raise_if_not_found=False)
        if contract and not contract.payment_token_id:
            card = env["payment.token"].create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": provider.payment_method_ids[:1].id,
                    "partner_id": contract.partner_id.id,
                    "provider_ref": "demonstration",
                    "payment_details": "4242",
                    "demo_simulated_state": answer,
                }
            )
            contract.write({"payment_token_id": card.id, "invoicing_mode": "post_charge"})


env["subscription.engine"]._arm()
store_cards()
env["subscription.engine"]._cron_bill()
for charge in env["subscription.outbox"].search([("kind", "=", "charge")]):
    charge._work()
env.cr.commit()

invoices = env["account.move"].search([("subscription_contract_ids", "!=", False)], order="invoice_date, name, id")
print(f"\n{len(invoices)} invoices and credit notes of contracts:\n")
print_table([*map(row, invoices), *totals(invoices)])
