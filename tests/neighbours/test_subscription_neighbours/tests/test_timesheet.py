from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.subscription_billing.tests.sale_common import SaleSubscriptionCommon


@tagged("post_install", "-at_install")
class TestTimesheet(SaleSubscriptionCommon):
    """Hours spent on what a contract bills are never invoiced by Sales."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("hr.group_hr_user") + cls.env.ref("project.group_project_manager")
        by_hour = {"service_policy": "delivered_timesheet", "service_type": "timesheet"}
        cls.care = cls._product("Care", 100.0, **by_hour)
        cls.advice = cls._product("Advice by the hour", 90.0, subscription_recurring=False, **by_hour)
        cls.employee = cls.env["hr.employee"].create({"name": "A technician", "company_id": cls.env.company.id})
        cls.project = cls.env["project.project"].create(
            {"name": "Service", "allow_billable": True, "allow_timesheets": True, "partner_id": cls.customer.id}
        )

    def _spend(self, order, product, hours):
        line = self._line(order, product)
        task = self.env["project.task"].create(
            {"name": product.name, "project_id": self.project.id, "sale_line_id": line.id}
        )
        return self.env["account.analytic.line"].create(
            {
                "name": "Work",
                "date": self.today,
                "project_id": self.project.id,
                "task_id": task.id,
                "employee_id": self.employee.id,
                "unit_amount": hours,
            }
        )

    def _invoice(self, order, **values):
        return self.env["sale.advance.payment.inv"].create(
            {"sale_order_ids": [Command.set(order.ids)], "date_start_invoice_timesheet": self.today, **values}
        )

    def test_the_hours_of_a_period_leave_recurring_lines_out(self):
        order = self._order(self.care, self.advice)
        on_care, on_advice = self._spend(order, self.care, 5), self._spend(order, self.advice, 3)
        self.assertEqual((on_care.so_line, on_advice.so_line), (order.order_line[0], order.order_line[1]))
        wizard = self._invoice(order)
        self.assertTrue(wizard.invoicing_timesheet_enabled)
        invoice = wizard._create_invoices(order)
        self.assertEqual(invoice.invoice_line_ids.mapped("product_id"), self.advice)
        self.assertEqual(invoice.amount_untaxed, 270.0)
        self.assertEqual(on_advice.timesheet_invoice_id, invoice)
        self.assertFalse(on_care.timesheet_invoice_id)
        self.assertEqual(self._line(order, self.care).qty_to_invoice, 0.0)
        self.assertEqual(order.invoice_status, "invoiced")

    def test_hours_alone_make_no_invoice(self):
        order = self._order(self.care)
        self._spend(order, self.care, 5)
        order.order_line._recompute_qty_to_invoice(self.today, self.today)
        self.assertEqual(order.order_line.qty_to_invoice, 0.0)
        with self.assertRaises(UserError):
            self._invoice(order)._create_invoices(order)

    def test_the_contract_bills_its_price_whatever_the_hours(self):
        order = self._order(self.care)
        hours = self._spend(order, self.care, 5)
        invoice = self._first_bill(order)
        self.assertEqual(invoice.amount_untaxed, 100.0)
        self.assertFalse(hours.timesheet_invoice_id)
