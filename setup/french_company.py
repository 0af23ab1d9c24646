"""Make the demo company a French one: its address, the euro, the chart of accounts and VAT of 20 %.

``setup/run`` runs it with ``env`` on Odoo's own demo data, before our addons come.
"""

company = env.ref("base.main_company")
company.partner_id.write(
    {
        "country_id": env.ref("base.fr").id,
        "state_id": False,
        "vat": "FR12000000000",
        "company_registry": "00000000000000",
        "phone": "+33 1 99 00 00 00",  # a number that France keeps for fiction
    }
)
env["account.chart.template"].try_loading("fr", company, install_demo=True)

# the companies that Odoo's demo data adds for each country would only stand in the way
env["res.users"].search([]).company_ids = company
env["res.company"].search([("id", "!=", company.id)]).active = False
env.cr.commit()
