import base64
from datetime import datetime
from io import BytesIO

from openpyxl import Workbook

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common_index import IndexCommon


@tagged("post_install", "-at_install")
class TestIndexImport(IndexCommon):
    """What is pasted or uploaded is shown before it is kept, and kept all or not at all."""

    def _paste(self, text, **values):
        return self.env["subscription.index.import"].create({"index_id": self.index.id, "text": text, **values})

    def _upload(self, content, name="values.csv"):
        return self._paste("", file=base64.b64encode(content), file_name=name)

    def _workbook(self, *rows):
        book, stream = Workbook(), BytesIO()
        for row in rows:
            book.active.append(row)
        book.save(stream)
        return stream.getvalue()

    def test_what_is_pasted_is_shown_and_then_recorded(self):
        self._record(("2024-08", "314.1"), ("2024-09", "314.0"), ("2024-07", "313.9"), status="derived")
        self._record(("2024-08", "314.1"))
        paste = self._paste(
            "juillet 2024;313,9\n2024-08 314.1\n09/2024\t314,5\nOctober 2024;315.0;29/11/2024;Le Moniteur"
        )
        self.assertRecordValues(
            paste.row_ids,
            [
                {"number": 1, "period": "2024-07", "printed": "313.9", "known": "313.9", "outcome": "confirmed"},
                {"number": 2, "period": "2024-08", "printed": "314.1", "known": "314.1", "outcome": "unchanged"},
                {"number": 3, "period": "2024-09", "printed": "314.5", "known": "314.0", "outcome": "revised"},
                {"number": 4, "period": "2024-10", "printed": "315.0", "known": "", "outcome": "new"},
            ],
        )
        self.assertEqual((paste.error_count, paste.record_count), (0, 3))
        self.assertEqual(len(self.index.value_ids), 4, "showing writes nothing")
        paste.source = "https://www.syntec.fr"
        message = paste.action_record()["params"]["message"]
        self.assertEqual(message, "1 new, 2 revised, 1 unchanged.")
        self.assertRecordValues(
            self.index._reading_record("2024-10"),
            [{"printed": "315.0", "publication_date": self._day("2024-11-29"), "source": "Le Moniteur"}],
        )
        self.assertEqual(self.index._reading("2024-09").source, "https://www.syntec.fr")
        again = self._paste(paste.text)
        self.assertEqual(set(again.row_ids.mapped("outcome")), {"unchanged"})

    def test_one_wrong_row_keeps_all_out_and_every_wrong_row_is_named(self):
        self.index.last_period = "2024-12"
        paste = self._paste(
            "Period;Value\n2024-08;314.1\nsoon;314.5\n2024-10;many\n2024-11;315.0;yesterday\n2024-08;314.2\n2025-01;316.0"
        )
        self.assertEqual(paste.row_ids.filtered("error").mapped("number"), [3, 4, 5, 6, 7])
        self.assertEqual(paste.error_count, 5)
        with self.assertRefused(
            ValidationError, "(?s)^Row 3: .*month.*\nRow 4: .*many.*\nRow 5: .*yesterday.*\nRow 6: "
        ) as _:
            paste.action_record()
        self.assertRegex(paste.row_ids[4].error, "Row 2 says 314.1")
        self.assertRegex(paste.row_ids[5].error, "stopped after December 2024")
        self.assertFalse(self.index.value_ids)

    def test_nothing_to_record_is_said(self):
        for text in ("", "  \n\n", "Period;Value"):
            with self.assertRefused(ValidationError, "no value to record"):
                self._paste(text).action_record()

    def test_files_are_read(self):
        files = {
            "utf-8": "Mois;Indice\naoût 2024;314,1\nseptembre 2024;314,5\n".encode(),
            "bom": "\ufeffperiod,value\r\n2024-08,314.1\r\n2024-09,314.5\r\n".encode(),
            "old": "août 2024;314,1\nsept. 2024;314,5\n".encode("cp1252"),
            "book": self._workbook(["Mois", "Indice"], [datetime(2024, 8, 1), 314.1], ["sept. 2024", "314,5"]),
            "figures": self._workbook(["2024-08", 314.1], ["2024-09", 314.5000000001]),
        }
        for name, content in files.items():
            upload = self._upload(content, name)
            self.assertEqual(
                [(row.period, row.printed, row.error) for row in upload.row_ids],
                [("2024-08", "314.1", False), ("2024-09", "314.5", False)],
                name,
            )
        upload.action_record()
        self.assertEqual(self.index.value_count, 2)

    def test_rows_of_a_workbook_keep_their_numbers(self):
        upload = self._upload(self._workbook(["Mois", "Indice"], [], ["2024-08", 0]), "values.xlsx")
        self.assertEqual(upload.row_ids.mapped("number"), [3])
        with self.assertRefused(ValidationError, "Row 3: .*positive"):
            upload.action_record()

    def test_what_is_no_table_is_refused(self):
        for content in (b"PK\x03\x04 torn", b"\xd0\xcf\x11\xe0\x00\x00", self._workbook(["2024-08", 1])[:-100]):
            with self.assertRefused(UserError, "values.xls is neither"):
                self._upload(content, "values.xls")

    def test_the_screen_shows_it_while_typing(self):
        with Form(self.env["subscription.index.import"].with_context(default_index_id=self.index.id)) as form:
            form.text = "2024-08 314.1\nnonsense"
            self.assertEqual((form.error_count, form.record_count), (1, 1))
            form.text = "2024-08 314.1"
            self.assertEqual((form.error_count, form.record_count), (0, 1))
        form.record.action_record()
        self.assertEqual(self.index.value_ids.printed, "314.1")

    def test_only_managers_paste(self):
        user = new_test_user(self.env, "paste_reader", groups="subscription_billing.group_subscription_user_all")
        with self.assertRaises(AccessError):
            self.env["subscription.index.import"].with_user(user).create({"index_id": self.index.id})
