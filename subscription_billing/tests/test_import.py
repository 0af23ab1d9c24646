import csv
import io
import json

import xlsxwriter
from openpyxl import load_workbook

from odoo.exceptions import UserError
from odoo.http import Request
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import file_open

from .common import SubscriptionCommon
from .test_run import RunCommon

OPTIONS = {
    "has_headers": True,
    "quoting": '"',
    "separator": ",",
    "encoding": "utf-8",
    "float_thousand_separator": "",
    "float_decimal_separator": ".",
    "date_format": "%Y-%m-%d",
    "datetime_format": "",
    "keep_matches": False,
}
COLUMNS = [
    "external_id",
    "partner_id",
    "plan_id",
    "date_start",
    "billed_until",
    "legacy_amount",
    "line_ids/product_id",
    "line_ids/quantity",
    "line_ids/price_unit",
    "line_ids/date_end",
]


class FileCommon(SubscriptionCommon):
    """Files through Odoo's own import."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._follow_frozen_clock()
        with file_open("subscription_billing/static/import/contracts.csv") as template:
            cls.header, *cls.rows = csv.reader(template)

    def _csv(self, rows) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode()

    def _xlsx(self, rows) -> bytes:
        content = io.BytesIO()
        with xlsxwriter.Workbook(content) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        return content.getvalue()

    def _wizard(self, content, model="subscription.contract", kind="text/csv"):
        return self.env["base_import.import"].create(
            {"res_model": model, "file": content, "file_name": "contracts", "file_type": kind}
        )

    def _import(self, rows, columns=COLUMNS, **options):
        """What Odoo's import says of a file; a header first."""
        wizard = self._wizard(self._csv([columns, *rows]), **options)
        return wizard.execute_import(columns, columns, OPTIONS)

    def _contracts(self):
        return self.env["subscription.contract"].search([("external_id", "like", "OLD-")], order="external_id")


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestImport(FileCommon, RunCommon):
    """Contracts of another application come with what was billed there, and are looked at before they bill."""

    def test_template_is_understood_and_imports(self):
        [template] = self.env["subscription.contract"].get_import_templates()
        self.assertEqual(template["template"], "/subscription_billing/static/import/contracts.csv")
        for kind, content in (
            ("text/csv", self._csv([self.header, *self.rows])),
            (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                self._xlsx([self.header, *self.rows]),
            ),
        ):
            with self.subTest(kind=kind), self.env.cr.savepoint() as savepoint:
                preview = self._wizard(content, kind=kind).parse_preview({**OPTIONS, "sheet": ""})
                matched = ["/".join(preview["matches"][index]) for index in range(len(self.header))]
                self.assertEqual(matched, COLUMNS)
                result = self._wizard(content, kind=kind).execute_import(matched, self.header, OPTIONS)
                self.assertEqual((result["messages"], len(result["ids"])), ([], 2))
                first, second = self._contracts()
                self.assertEqual(first.state, "draft")
                self.assertTrue(first.is_imported and second.is_imported)
                self.assertEqual(
                    [(str(line.date_start), str(line.date_end)) for line in first.line_ids],
                    [("2024-03-31", "False"), ("2024-03-31", "2026-12-30")],
                )
                self.assertEqual((second.recurrence_id, second.commitment), (self.yearly, 12))
                savepoint.rollback()

    def test_R70_all_or_nothing_with_row_numbers(self):
        good, line, second = self.rows
        wrong_plan = [*second[:2], "No such plan", *second[3:]]
        before_start = [*second[:4], "2020-01-01", *second[5:]]
        for row, word in ((wrong_plan, "No such plan"), (before_start, "before its start")):
            with self.subTest(word):
                result = self._import([good, line, row])
                self.assertFalse(result["ids"])
                found = [message["rows"] for message in result["messages"] if word in message["message"]]
                self.assertIn({"from": 2, "to": 2}, found)
                self.assertFalse(self._contracts())

    def test_people_never_meet_an_excluded_end(self):
        fields = self._wizard(b"", model="subscription.line").get_fields_tree("subscription.line")
        names = {field["name"] for field in fields}
        self.assertIn("date_end", names)
        self.assertNotIn("date_stop", names)
        for model in ("subscription.contract", "subscription.line", "subscription.period"):
            self.assertFalse(self.env[model].fields_get(["date_stop"])["date_stop"]["exportable"])

    def test_R71_billed_until_is_never_billed_again(self):
        self._import(self.rows)
        contracts = self._contracts()
        contracts.action_activate()
        first = contracts[0]
        self.assertEqual(
            [(str(row.date_start), str(row.date_end), row.state) for row in first.period_ids],
            [("2024-03-31", "2026-05-30", "imported")] * 2,
        )
        self.assertEqual(str(first.next_billing_date), "2026-05-31")
        move = self._bill(first, "2026-06-15")
        self.assertEqual(move.amount_untaxed, 145.0)

    def test_activated_together_or_not_at_all(self):
        self._import(self.rows)
        empty = self._contract(activate=False)
        empty.line_ids.unlink()
        with self.assertRaisesRegex(UserError, empty.name), self.env.cr.savepoint():
            (self._contracts() | empty).action_activate()
        self.assertEqual(set(self._contracts().mapped("state")), {"draft"})

    def _imported(self, amount="145.00"):
        good, line, _second = self.rows
        self._import([[*good[:5], amount, *good[6:]], line])
        contract = self._contracts()
        contract.action_activate()
        return contract

    def test_first_invoice_waits_for_a_person(self):
        contract = self._imported()
        self.assertEqual(contract.invoicing_mode, "post")
        first = self._bill(contract, "2026-06-15")
        self.assertEqual(first.state, "draft")
        with freeze_time("2026-07-01 10:00:00"):
            second = self._bill(contract, "2026-07-01")
            self.assertEqual(second.state, "draft")
            first.action_post()
            self.assertFalse(contract.is_imported)
            self.assertEqual(second.state, "draft")
        with freeze_time("2026-08-01 10:00:00"):
            self.assertEqual(self._bill(contract, "2026-08-01").state, "posted")

    def test_nobody_lifts_the_check_by_hand(self):
        with self.assertRaisesRegex(UserError, "Imported"):
            self._imported().is_imported = False

    def test_contract_entered_by_hand_is_not_imported(self):
        self.plan.invoicing_mode = "post"
        contract = self._contract(date_start="2026-06-01", billed_until="2026-06-10")
        self.assertFalse(contract.is_imported)
        self.assertEqual(self._bill(contract, "2026-06-15").state, "posted")

    def _row(self, contract):
        run = self._run(domain=repr([("id", "=", contract.id)]))
        return run.proposal_ids

    def test_run_compares_with_the_former_application(self):
        for amount, expected, word in (
            ("145.00", (True, 145.0, 0.0), "as invoiced elsewhere"),
            ("160.00", (True, 160.0, -15.0), "-9.4 %"),
            ("", (False, 0.0, 0.0), "nothing to compare with"),
        ):
            with self.subTest(amount=amount), self.env.cr.savepoint() as savepoint:
                contract = self._imported(amount)
                row = self._row(contract)
                self.assertEqual((row.is_compared, row.previous_amount, row.variance), expected)
                self.assertIn(word, row.warning)
                savepoint.rollback()

    def test_run_that_posts_leaves_a_draft_to_post(self):
        contract = self._imported()
        row = self._row(contract)
        row.run_id.action_approve()
        row.run_id.action_post()
        self._work(row.run_id)
        self.assertEqual((row.state, row.move_id.state), ("drafted", "draft"))
        self.assertTrue(contract.is_imported)
        row.run_id.action_approve()
        row.run_id.action_post()
        self._work(row.run_id)
        self.assertEqual((row.state, row.move_id.state), ("posted", "posted"))
        self.assertFalse(contract.is_imported)


@freeze_time("2026-06-15 10:00:00")
@tagged("post_install", "-at_install")
class TestExport(FileCommon, HttpCase):
    """What Odoo exports comes back through its import and changes nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids |= cls.env.ref("base.group_allow_export")
        cls.contract = cls._contract(
            {"product_id": cls.hosting.id, "discount": 10, "external_id": "l1"},
            cls.traffic,
            cls.setup_fee,
            external_id="OLD-1",
            note="<p>Terms &amp; <b>conditions</b></p>",
            tag_ids=[(0, 0, {"name": "A tag"})],
        )
        cls.draft = cls._contract(external_id="OLD-2", activate=False)
        cls.env["subscription.usage"].record(
            [
                {"contract": "OLD-1", "date": day, "quantity": 12.5, "external_id": day}
                for day in ("2026-01-05", "2026-06-05")
            ]
        )
        cls.engine._bill(cls.contract, cls.contract._today())
        cls.contract._amend(cls.contract._today(), [(cls.contract.line_ids[0], {"quantity": 3})])

    def _export(self, model, columns, kind):
        self.authenticate(self.env.user.login, self.env.user.login)
        parameters = {
            "model": model,
            "fields": [{"name": name, "label": name, "type": "char"} for name in columns],
            "ids": False,
            "domain": [("contract_id" if model != "subscription.contract" else "id", "in", self._ids)],
            "import_compat": True,
            "context": {},
        }
        response = self.url_open(
            f"/web/export/{kind}",
            data={"data": json.dumps(parameters), "csrf_token": Request.csrf_token(self)},
        )
        response.raise_for_status()
        return response.content

    @property
    def _ids(self):
        return (self.contract | self.draft).ids

    def _columns(self, model, prefix=""):
        """What a person may import of a model, related records by their external identifiers."""
        columns = [f"{prefix}id"]
        for name, field in self.env[model].fields_get().items():
            if name == "id" or field.get("readonly") or not field.get("exportable", True) or not field.get("store"):
                continue
            if field["type"] in ("many2one", "many2many"):
                columns.append(f"{prefix}{name}/id")
            elif field["type"] not in ("one2many", "properties", "binary", "json", "many2one_reference", "reference"):
                columns.append(f"{prefix}{name}")
        return columns

    def _rows(self):
        """Every stored value of the contracts and of what belongs to them."""
        self.env.flush_all()
        tables = ("contract", "line", "period", "usage", "amendment", "contract_subscription_tag_rel")
        found = {}
        for table in tables:
            self.env.cr.execute(f"SELECT * FROM subscription_{table} ORDER BY 1, 2")
            found[table] = self.env.cr.fetchall()
        return found

    def _assert_comes_back(self, model, columns):
        before = self._rows()
        for kind in ("csv", "xlsx"):
            with self.subTest(model=model, kind=kind):
                content = self._export(model, columns, kind)
                if kind == "xlsx":
                    sheet = load_workbook(io.BytesIO(content)).active
                    rows = [[self._text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
                else:
                    rows = [*csv.reader(io.StringIO(content.decode("utf-8-sig")))]
                self.assertGreater(len(rows), 1)
                result = self._import(rows[1:], columns=columns, model=model)
                self.assertEqual(result["messages"], [])
                self.assertEqual(self._rows(), before)

    def _text(self, cell) -> str:
        return "" if cell is None else str(cell).removesuffix(" 00:00:00")

    def test_contracts(self):
        self._assert_comes_back("subscription.contract", self._columns("subscription.contract"))

    def test_contracts_with_their_lines(self):
        columns = ["id", "external_id", "partner_id/id", *self._columns("subscription.line", "line_ids/")]
        columns.remove("line_ids/contract_id/id")
        self._assert_comes_back("subscription.contract", columns)

    def test_lines(self):
        self._assert_comes_back("subscription.line", self._columns("subscription.line"))

    def test_usage(self):
        self._assert_comes_back("subscription.usage", self._columns("subscription.usage"))

    def test_periods_leave_and_never_come_back(self):
        columns = ["id", "contract_id/id", "date_start", "date_end", "amount_invoiced", "state"]
        before = self._rows()
        for kind in ("csv", "xlsx"):
            self.assertTrue(self._export("subscription.period", columns, kind))
        rows = [*csv.reader(io.StringIO(self._export("subscription.period", columns, "csv").decode("utf-8-sig")))]
        result = self._import(rows[1:], columns=columns, model="subscription.period")
        self.assertFalse(result["ids"])
        self.assertIn("not allowed", result["messages"][0]["message"])
        self.assertEqual(self._rows(), before)
