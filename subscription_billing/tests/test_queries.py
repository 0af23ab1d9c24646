from itertools import count

from lxml import etree

from odoo.tests import Form, freeze_time, tagged

from .sale_common import SaleSubscriptionCommon

FEW, MANY = 4, 8


@tagged("post_install", "-at_install")
@freeze_time("2026-03-10 10:00:00")
class TestQueries(SaleSubscriptionCommon):
    """What one more record costs in queries, pinned for each path.

    Each path is taken with a few records, then with twice as many of the same kind: the
    difference is what grows, whatever a call costs to begin with.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        cls.numbers = count(1)
        cls.traffic.default_code = "TRAFFIC"
        cls.today = cls.env.company._subscription_today()

    def assertGrowth(self, expected, prepare, act):
        """:param prepare: makes as many records as asked. :param act: the path, taken with them."""
        _warm, few, many = (self._queries(act, prepare(size)) for size in (FEW, FEW, MANY))
        self.assertLessEqual((many - few) / (MANY - FEW), expected, f"{few} queries for {FEW}, {many} for {MANY}")

    def _queries(self, act, records):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        act(records)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _bill(self, contracts, until):
        """With the statistics of what this transaction wrote: without, Odoo's payment state takes minutes."""
        self.env.flush_all()
        self.env.cr.execute("ANALYZE account_move, account_move_line, account_partial_reconcile, account_payment")
        return super()._bill(contracts, until)

    # what is prepared

    def _contracts(self, size, **values):
        """Contracts of three lines, each of a customer of its own."""
        contracts = self.env["subscription.contract"]
        for partner in self.env["res.partner"].create([{"name": "One of many"} for _number in range(size)]):
            contracts |= self._contract(self.hosting, self.support, self.traffic, partner_id=partner.id, **values)
        return contracts

    def _billed(self, size, **values):
        contracts = self._contracts(size, **values)
        self._bill(contracts, "2026-03-10")
        return contracts

    def _used(self, size):
        """Billed, with usage that waits."""
        contracts = self._billed(size)
        self.env["subscription.usage"].create(
            [
                {"contract_id": line.contract_id.id, "line_id": line.id, "date": "2026-03-09", "quantity": 1}
                for line in contracts.line_ids.filtered(lambda line: line.kind == "usage")
            ]
        )
        return contracts

    def _wide(self, size, **values):
        """A contract of many lines."""
        contract = self._contract(*[self.hosting] * size, **values)
        self._bill(contract, "2026-03-10")
        return contract

    def _changed(self, size):
        """A contract whose line was changed as often as asked."""
        contract = self._wide(1)
        for number in range(size):
            contract._amend(self.today, [(contract.line_ids[0].chain_id, {"quantity": number + 2.0})])
        return contract

    # the engine, per contract

    def test_preview(self):
        self.assertGrowth(0, self._contracts, lambda rows: self.engine._preview(rows, self._day("2026-12-31")))

    def test_bill(self):
        self.assertGrowth(2, self._contracts, lambda rows: self._bill(rows, "2026-01-01"))

    def test_bill_the_ordinary_way(self):
        self.patch(self.env.registry["subscription.engine"], "_is_proven", lambda engine, vals: False)
        self.assertGrowth(2, self._contracts, lambda rows: self._bill(rows, "2026-01-01"))

    def test_credit(self):
        def prepare(size):
            contracts = self._billed(size)
            for contract in contracts:
                contract._end(self.today, self.reason, "prorata")
            return contracts

        # Odoo settles the invoices of credit notes one by one
        self.assertGrowth(26, prepare, self.engine._credit_released)

    # the verbs, per line and per contract

    def assertVerb(self, per_line, per_contract, verb, prepared=lambda contract: contract, **values):
        def prepare(make):
            def prepare_all(size):
                contracts = make(size, **values)
                for contract in contracts:
                    prepared(contract)
                return contracts

            return prepare_all

        def act(contracts):
            for contract in contracts:
                verb(contract)

        for expected, make in ((per_line, self._wide), (per_contract, self._billed)):
            with self.subTest(make=make.__name__):
                self.assertGrowth(expected, prepare(make), act)

    def _double(self, contract):
        contract._amend(self.today, [(chain, {"quantity": 2.0}) for chain in contract.line_ids.chain_id])

    def _suspend(self, contract):
        contract._pause(self.today)

    def test_amend(self):
        self.assertVerb(11, 42, self._double)

    def test_amend_after_many_changes(self):
        self.assertGrowth(0, self._changed, self._double)

    def test_close(self):
        self.assertVerb(10, 112, lambda contract: contract._close(self.today, self.reason, "prorata"))

    def test_pause(self):
        self.assertVerb(9, 38, self._suspend)

    def test_resume(self):
        self.assertVerb(7, 39, lambda contract: contract._resume(self.today), prepared=self._suspend)

    def test_renew(self):
        self.assertVerb(1, 20, lambda contract: contract._renew(), commitment=12, renewal="accept")

    # orders

    def test_confirm_orders(self):
        def prepare(size):
            return self.env["sale.order"].union(
                *[self._quote(self.hosting, self.support, self.router) for _number in range(size)]
            )

        self.assertGrowth(37, prepare, lambda orders: orders.action_confirm())

    def test_confirm_lines(self):
        self.assertGrowth(2, lambda size: self._quote(*[self.hosting] * size), lambda order: order.action_confirm())

    # the desk, per contract

    def test_simulate(self):
        self.assertGrowth(3, self._run_over, lambda run: run.action_simulate())

    def test_approve(self):
        self.assertGrowth(0, self._simulated, lambda run: run.action_approve())

    def test_post(self):
        def post(run):
            run.action_post()
            self.env.flush_all()
            with self.enter_registry_test_mode():
                self.env.ref("subscription_billing.ir_cron_run").sudo().method_direct_trigger()

        self.assertGrowth(2, self._approved, post)

    def _run_over(self, size):
        contracts = self._contracts(size)
        return self.env["subscription.run"].create(
            {"until_date": "2026-03-10", "mode": "post", "domain": repr([("id", "in", contracts.ids)])}
        )

    def _simulated(self, size):
        run = self._run_over(size)
        run.action_simulate()
        return run

    def _approved(self, size):
        run = self._simulated(size)
        run.action_approve()
        return run

    def test_figures(self):
        self.assertGrowth(0, self._contracts, lambda rows: self.env["subscription.desk"].figures())

    def test_completeness(self):
        self.assertGrowth(0, self._contracts, lambda rows: self._read_list("subscription.gap", rows))

    def test_invariants(self):
        self.assertGrowth(0, self._billed, lambda rows: self.env["subscription.check"]._check(self.env.company))

    # screens, per record

    def test_lists(self):
        books = [self._used(size) for size in (FEW, FEW, MANY)]
        for model in ("contract", "line", "period", "amendment", "usage"):
            with self.subTest(model=model):
                sizes = iter(books)
                self.assertGrowth(
                    0,
                    lambda _size, sizes=sizes: next(sizes),
                    lambda rows, name=f"subscription.{model}": self._read_list(name, rows),
                )

    def test_proposals(self):
        self.assertGrowth(
            0, self._simulated, lambda run: self._read_list("subscription.run.proposal", run.proposal_ids)
        )

    def test_form(self):
        self.assertGrowth(0, self._wide, Form)

    def _read_list(self, model, records):
        """What the web client reads to show the list of ``model`` for these."""
        rows = self.env[model]
        columns = etree.fromstring(rows.get_view(view_type="list")["arch"]).iterfind(".//field")
        shown = {"fields": {"display_name": {}}}
        specification = {
            name: shown if rows._fields[name].relational else {} for name in (column.get("name") for column in columns)
        }
        name = "id" if model == records._name else "contract_id"
        self.assertTrue(rows.web_search_read([(name, "in", records.ids)], specification)["records"])

    # outside programs, per event and per line

    def test_usage(self):
        def record(contract):
            number, size = contract.external_id.split("-")
            event = {"contract": contract.external_id, "product": "TRAFFIC", "date": "2026-03-01", "quantity": 1.0}
            answers = self.env["subscription.usage"].record(
                [{**event, "external_id": f"{number}-{event_number}"} for event_number in range(int(size))]
            )
            self.assertEqual({answer["result"] for answer in answers}, {"recorded"})

        self.assertGrowth(
            0, lambda size: self._contract(self.traffic, external_id=f"{next(self.numbers)}-{size}"), record
        )

    def test_usage_of_contracts(self):
        def record(contracts):
            event = {"product": "TRAFFIC", "date": "2026-03-01", "quantity": 1.0}
            answers = self.env["subscription.usage"].record(
                [{**event, "contract": contract.name, "external_id": contract.name} for contract in contracts]
            )
            self.assertEqual({answer["result"] for answer in answers}, {"recorded"})

        self.assertGrowth(2, self._contracts, record)

    def test_upsert(self):
        def upsert(external_id, size, **values):
            lines = [{"external_id": f"{external_id}-{number}", **values} for number in range(size)]
            return self.env["subscription.contract"].upsert(
                external_id=external_id,
                values={"partner_id": self.customer.id, "plan_id": self.plan.id, "activate": True, "lines": lines},
            )

        def name(size):
            return f"upsert-{next(self.numbers)}", size

        def create(named):
            upsert(*named, product_id=self.hosting.id)
            return named

        def prepare(size):
            return create(name(size))

        with self.subTest("create"):
            self.assertGrowth(4, name, create)
        with self.subTest("repeat"):
            self.assertGrowth(1, prepare, lambda made: upsert(*made))
        with self.subTest("change"):
            self.assertGrowth(6, prepare, lambda made: upsert(*made, quantity=2))
