"""The addons of others that come with ours."""

from environment.addons import companions

CUSTOMERS = """
sequence = env["ir.sequence"].search([("code", "=", "res.partner")])
sequence.write({"prefix": "CUST-", "padding": 4, "number_next": 42})
def partner(**values):
    return env["res.partner"].create({"name": "A customer", **values})
first, second = partner(is_company=True), partner(is_company=True)
address = partner(parent_id=first.id)
print(first.ref, second.ref, address.ref)
"""


def test_F70_customer_reference_by_rule(databases, odoo, database):
    databases.install(database, [*companions()])
    assert odoo.run_code(database, CUSTOMERS).splitlines()[-1] == "CUST-0042 CUST-0043 CUST-0042"
