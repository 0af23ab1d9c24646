"""A book of contracts as companies have them, as large as asked.

A few patterns are made and activated by the ORM; the rest of the book and its history
are copies of them made in SQL, so that 20,000 contracts take seconds.
"""

from dateutil.relativedelta import relativedelta

from odoo import Command
from odoo.tools import SQL

PATTERNS = 20


class Book:
    """The contracts of a benchmark, each due for the first time on ``first_day``."""

    def __init__(self, env, first_day):
        self.env = env
        self.first_day = first_day
        self.patterns = _make_patterns(env, first_day)
        self.moves = env["subscription.engine"]._bill(self.patterns, first_day)
        env.flush_all()
        # the patterns themselves are never due again
        env.cr.execute("UPDATE subscription_contract SET next_billing_date = NULL")

    def add(self, size, years=0):
        """``size`` contracts of three lines, with ``years`` of invoices behind them."""
        patterns, first_day = self.patterns, f"'{self.first_day}'::date"
        began = f"({first_day} - make_interval(years => {years}))::date"
        copies = _Copies(self.env, -(-size // PATTERNS))
        copies.copy(
            patterns.partner_id, name="t.name || ' ' || m.copy", complete_name="t.complete_name || ' ' || m.copy"
        )
        copies.copy(
            patterns,
            name="t.name || '/' || m.id",
            date_start=began,
            term_start=began,
            next_billing_date=first_day,
        )
        copies.copy(patterns.line_ids, date_start=began, covered_until=first_day)
        copies.copy(patterns.message_follower_ids, links={"res_id": patterns})
        if years:
            _copy_invoices(copies, self.moves, 12 * years)
        contracts = copies.of(patterns)[:size]
        self.env.invalidate_all()
        self.env.cr.commit()
        return contracts


def _make_patterns(env, day):
    """Contracts that differ as those of a company do: taxes, currencies, terms, analytics, salespeople."""
    company = env.company
    company.subscription_tz = "Europe/Paris"
    if company.chart_template != "fr":
        env["account.chart.template"].try_loading("fr", company)
    dollar = env.ref("base.USD")
    dollar.active = True
    for month in range(18):
        rate = {"name": day + relativedelta(months=month), "rate": 1.08 + month / 100, "company_id": company.id}
        env["res.currency.rate"].create({"currency_id": dollar.id, **rate})
    pricelists = env["product.pricelist"].create(
        [{"name": currency.name, "currency_id": currency.id} for currency in (company.currency_id, dollar)]
    )
    terms = _payment_terms(env)
    products = _products(env)
    analytics = _analytic_accounts(env)
    salespeople = env["res.users"].create(
        [
            {
                "name": f"Salesperson {number}",
                "login": f"salesperson{number}",
                "email": f"salesperson{number}@example.com",
                "group_ids": [Command.link(env.ref("sales_team.group_sale_salesman").id)],
            }
            for number in range(3)
        ]
    )
    plan = env["subscription.plan"].create({"name": "Monthly"})
    customers = env["res.partner"].create(
        [
            {"name": f"Customer {n}", "email": f"customer{n}@example.com", "country_id": env.ref("base.fr").id}
            for n in range(PATTERNS)
        ]
    )
    contracts = env["subscription.contract"].create(
        [
            {
                "partner_id": customer.id,
                "plan_id": plan.id,
                "date_start": day,
                "pricelist_id": pricelists[number % 10 == 9].id,
                "payment_term_id": (terms["early_discount"] if number == 0 else terms["instalments"]).id,
                "user_id": salespeople[number % 3].id,
                "client_order_ref": f"PO {number}",
                "line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "quantity": 1 + (number + index) % 4,
                            "price_unit": 19.9 + 7.35 * number + index,
                            "analytic_distribution": {str(analytics[0].id): 60, str(analytics[1].id): 40},
                        }
                    )
                    for index, product in enumerate(products)
                ],
            }
            for number, customer in enumerate(customers)
        ]
    )
    for contract in contracts:
        contract.message_subscribe(contract.partner_id.ids)
    contracts.action_activate()
    return contracts


def _payment_terms(env):
    """Two instalments, and the discount for early payment that the fast path leaves to Odoo."""

    def instalment(percent, days):
        return Command.create({"value": "percent", "value_amount": percent, "nb_days": days})

    return {
        "instalments": env["account.payment.term"].create(
            {"name": "30 % at once, 70 % at 30 days", "line_ids": [instalment(30, 0), instalment(70, 30)]}
        ),
        "early_discount": env["account.payment.term"].create(
            {
                "name": "30 days, 2 % less within 8 days",
                "line_ids": [instalment(100, 30)],
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 8,
            }
        ),
    }


def _products(env):
    """Three products: full rate, full rate with a levy per unit, reduced rate."""
    sale_taxes = env["account.tax"].with_context(active_test=False).search([("type_tax_use", "=", "sale")])
    sale_taxes = sale_taxes.filtered(lambda tax: tax.amount_type == "percent" and not tax.price_include)
    full, reduced = (sale_taxes.filtered(lambda tax, rate=rate: tax.amount == rate)[0] for rate in (20, 10))
    reduced.active = True
    levy = full.copy(
        {"name": "Levy", "amount_type": "fixed", "amount": 0.15, "sequence": 1, "include_base_amount": True}
    )
    return env["product.product"].create(
        [
            {"name": name, "type": "service", "subscription_recurring": True, "taxes_id": [Command.set(taxes.ids)]}
            for name, taxes in (("Hosting", full), ("Maintenance", full | levy), ("Documentation", reduced))
        ]
    )


def _analytic_accounts(env):
    plan = env["account.analytic.plan"].create({"name": "Activities"})
    return env["account.analytic.account"].create(
        [{"name": name, "plan_id": plan.id} for name in ("Infrastructure", "Support")]
    )


def _copy_invoices(copies, moves, months):
    """Every invoice of every month before ``moves``, paid, with its ledger rows and chatter."""
    paid = {"amount_residual": "0", "amount_residual_signed": "0", "payment_state": "'paid'"}
    prefix = "'INV/' || extract(year FROM t.date - make_interval(months => m.month)) || '/'"
    settled = {
        "amount_residual": "0",
        "amount_residual_currency": "0",
        "reconciled": "t.display_type = 'payment_term'",
        "move_name": f"{prefix} || m.id",
    }
    copies.copy(moves, months, name=f"{prefix} || m.id", sequence_prefix=prefix, sequence_number="m.id", **paid)
    copies.copy(moves.line_ids, months, **settled)
    copies.copy_links(moves.line_ids, "tax_ids")
    copies.copy_links(moves.line_ids, "tax_tag_ids")
    copies.copy(moves.line_ids.analytic_line_ids, months)
    copies.copy(moves.line_ids.subscription_line_period_ids, months)
    copies.copy(moves.message_ids, months, links={"res_id": moves})
    copies.copy(moves.message_ids.sudo().tracking_value_ids, months)
    copies.copy(moves.message_follower_ids, months, links={"res_id": moves})


class _Copies:
    """Copies of records in SQL; what refers to a copied record refers to the copy of the same number."""

    def __init__(self, env, count):
        self.env = env
        self.count = count
        env.cr.execute(
            "CREATE TEMPORARY TABLE copied"
            " (model varchar, origin integer, copy integer, month integer, id integer) ON COMMIT DROP"
        )
        env.cr.execute("CREATE INDEX ON copied (model, origin, copy, month)")

    def copy(self, records, months=0, links=None, **expressions):
        """Copy ``records``, or their copies for each of the ``months`` before them, whose dates are moved back.

        :param links: integer columns that hold ids of copied records.
        :param expressions: SQL of the columns that differ, from ``t`` (the origin) and ``m`` (the copy).
        """
        cr, table = self.env.cr, records._table
        cr.execute(
            SQL(
                "INSERT INTO copied SELECT %s, origin, copy, month, nextval(%s) FROM ("
                " SELECT * FROM generate_series(1, %s) copy, generate_series(%s, %s) month, unnest(%s::int[]) origin"
                " ORDER BY copy, month, origin) numbered",
                records._name,
                f"{table}_id_seq",
                self.count,
                1 if months else 0,
                months,
                records.ids,
            )
        )
        cr.execute("ANALYZE copied")
        known = {name for [name] in self.env.execute_query(SQL("SELECT DISTINCT model FROM copied"))}
        values, joins = {}, []
        for [column, kind] in self._columns(table):
            field = records._fields.get(column)
            comodel = (
                links[column]._name
                if links and column in links
                else field and field.type == "many2one" and field.comodel_name
            )
            if column in expressions:
                values[column] = expressions[column]
            elif comodel in known:
                joins.append(
                    f"LEFT JOIN copied r_{column} ON r_{column}.model = '{comodel}' AND r_{column}.origin = t.{column}"
                    f" AND r_{column}.copy = m.copy AND r_{column}.month IN (0, m.month)"
                )
                values[column] = f"COALESCE(r_{column}.id, t.{column})"
            elif months and kind == "date":
                values[column] = f"(t.{column} - make_interval(months => m.month))::date"
            else:
                values[column] = f"t.{column}"
        cr.execute(
            f"INSERT INTO {table} (id, {', '.join(values)}) SELECT m.id, {', '.join(values.values())}"
            f" FROM copied m JOIN {table} t ON t.id = m.origin {' '.join(joins)}"
            f" WHERE m.model = '{records._name}' AND m.origin = ANY(%s)",
            [records.ids],
        )

    def copy_links(self, records, name):
        """The many2many ``name`` of copied records."""
        field = records._fields[name]
        self.env.cr.execute(
            f"INSERT INTO {field.relation} ({field.column1}, {field.column2}) SELECT m.id, t.{field.column2}"
            f" FROM {field.relation} t JOIN copied m ON m.model = '{records._name}' AND m.origin = t.{field.column1}"
        )

    def of(self, records):
        """The copies of ``records``."""
        rows = self.env.execute_query(SQL("SELECT id FROM copied WHERE model = %s ORDER BY id", records._name))
        return records.browse([id_ for [id_] in rows])

    def _columns(self, table):
        return self.env.execute_query(
            SQL(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_name = %s AND column_name != 'id' AND is_generated = 'NEVER'",
                table,
            )
        )
