from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase


class IndexCommon(TransactionCase):
    """An index of months printed with one decimal, on a day of our choice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Index = cls.env["subscription.index"]
        cls.Value = cls.env["subscription.index.value"]
        cls.index = cls._index("Own")
        cls._on("2024-12-15")

    @classmethod
    def _on(cls, day):
        """Let today be ``day``, by the clock of the transaction."""
        moment = fields.Datetime.to_datetime(f"{day} 10:00:00")
        cls.enterClassContext(patch.object(type(cls.env.cr), "now", lambda cursor: moment))

    @classmethod
    def _index(cls, name, **values):
        return cls.Index.create({"name": name, "code": name.upper(), **values})

    def _record(self, *rows, index=None, **values):
        return (index or self.index)._record(
            [{"period": period, "printed": printed, **values} for period, printed in rows]
        )

    @contextmanager
    def assertRefused(self, error, message):
        """What is done inside is refused with a message, and undone."""
        with self.assertRaisesRegex(error, message), self.env.cr.savepoint():
            yield

    def _day(self, text):
        return fields.Date.to_date(text)
