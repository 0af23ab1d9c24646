"""Databases that are copied, restored, or upgraded while their rows contradict each other."""

import subprocess

import psycopg2
import pytest

BILL_AGAIN = """
    INSERT INTO subscription_period (
        contract_id, company_id, line_id, chain_id, currency_id, date_start, date_stop, state
    )
    SELECT contract_id, company_id, line_id, chain_id, currency_id, date_start, date_stop, 'billed'
      FROM subscription_period ORDER BY id LIMIT 1
"""
HOLD_TWICE = """
    UPDATE subscription_line SET chain_id = (SELECT min(chain_id) FROM subscription_line)
     WHERE id = (SELECT min(id) + 1 FROM subscription_line)
"""


def _restore(site):
    """Save the database and restore it under its own name."""
    saved = f"{site.name}_saved"
    site.databases.clone(site.name, saved)
    site.databases.drop(site.name)
    site.databases.clone(saved, site.name)
    site.databases.drop(saved)


def test_R20_restored_database_bills_nothing_until_armed(squad, squad_reference):
    _restore(squad)
    squad.run("cron")
    refusals = squad.run("bill")
    assert squad.ledger() == []
    assert squad.count_invoices() == 0
    assert len(refusals) == 10
    assert all("is a copy, or its billing was never armed" in refusal for refusal in refusals)
    assert {reason for _gap, reason in squad.run("gaps")} == {"not_armed"}

    squad.run("arm")
    squad.run("cron")
    assert (squad.ledger(), squad.count_invoices()) == squad_reference
    assert not squad.faults()


def _upgrade(site):
    """Upgrade the addon as an administrator does; what Odoo wrote in its log."""
    odoo = site.databases.odoo
    command = odoo.command(
        f"--database={site.name}", "--update=subscription_billing", "--stop-after-init", "--no-http", "--log-level=warn"
    )
    with odoo.start(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        log = process.communicate()[0]
    assert process.returncode == 0, log
    return log


def test_upgrade_over_contradicting_rows_is_noticed(squad):
    squad.run("cron")
    squad.drop_constraints()
    squad.query(BILL_AGAIN)
    squad.query("UPDATE subscription_contract SET next_billing_date = date_start, revision = 0")
    log = _upgrade(squad)  # ends well, with a warning in its log
    assert "subscription_period_billed_once" in log

    errors = squad.run("guard_errors")
    assert "subscription_period_billed_once" in errors[0]
    assert "subscription_line_chain_disjoint" not in errors[0]  # its rows were in order
    assert "hold on the same day" in errors[1]
    squad.run("cron")
    assert squad.query("SELECT DISTINCT revision FROM subscription_contract") == [(0,)]  # nobody was even looked at

    squad.query("UPDATE subscription_period SET state = 'void' WHERE id = (SELECT max(id) FROM subscription_period)")
    _upgrade(squad)
    assert squad.run("guard_errors") == []
    with pytest.raises((psycopg2.errors.ExclusionViolation, psycopg2.errors.UniqueViolation)):
        squad.query(BILL_AGAIN)
    with pytest.raises(psycopg2.errors.ExclusionViolation):
        squad.query(HOLD_TWICE)
    squad.run("cron")
    assert not squad.faults()
