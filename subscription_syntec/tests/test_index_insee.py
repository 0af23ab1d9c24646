import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import file_open

from odoo.addons.subscription_syntec.insee import BadAnswer, read_answer
from odoo.addons.subscription_syntec.models import subscription_index_insee as insee

from .common_index import IndexCommon

with file_open("subscription_syntec/tests/data/insee_bdm_sample.xml", "rb") as sample:
    SAMPLE = sample.read()

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">%s]>
<message:StructureSpecificData xmlns:message="m"><Series IDBANK="001515333" FREQ="T" TITLE_FR="&e9;"/>
</message:StructureSpecificData>""" % b"".join(
    b'<!ENTITY e%d "%s">' % (level, (b"&a;" if level == 0 else b"&e%d;" % (level - 1)) * 10) for level in range(10)
)
FILE_ENTITY = b"""<?xml version="1.0"?>
<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/hostname">]>
<message:StructureSpecificData xmlns:message="m"><Series IDBANK="001515333" FREQ="T">&secret;</Series>
</message:StructureSpecificData>"""


class _Insee(BaseHTTPRequestHandler):
    """Answers what the test put at the end of the address, and remembers what it was asked."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers["Accept"], self.headers["User-Agent"]))
        status, body = self.server.reply(self.path.rpartition("/")[2].split("+"))
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.server.send(self.wfile, body)

    def log_message(self, *_):
        pass


@tagged("post_install", "-at_install")
class TestIndexInsee(IndexCommon):
    """What INSEE answers is recorded; what it does not leaves everything as it was, and says why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._on("2026-07-20")
        cls.rents = cls.env.ref("subscription_syntec.index_irl")
        cls.monthly = cls._index("Monthly", idbank="999999999")
        cls.Index.search([("idbank", "!=", False)]).filtered(
            lambda index: index not in cls.rents | cls.monthly
        ).idbank = False
        cls.server = ThreadingHTTPServer(("127.0.0.1", 0), _Insee)
        cls.server.daemon_threads = True
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.env["ir.config_parameter"].set_param(
            insee.URL_PARAMETER, f"http://127.0.0.1:{cls.server.server_address[1]}/series/"
        )

    def setUp(self):
        super().setUp()
        self.server.asked = []
        self._serve(SAMPLE)

    def _serve(self, body, status=200):
        self.server.reply = lambda numbers: (status, body)
        self.server.send = lambda stream, body: stream.write(body)

    def _sample(self, *replacements):
        body = SAMPLE
        for old, new in replacements:
            self.assertIn(old, body)
            body = body.replace(old, new)
        return body

    def _assert_nothing_lost(self, message):
        """The fetch failed, says so, and the value that was there before is there still."""
        known = self.rents._current_values()
        self.rents._fetch()
        self.assertTrue(self.rents.last_fetch_failed)
        self.assertRegex(self.rents.last_fetch_message, message)
        self.assertEqual(self.rents._current_values(), known)

    def test_several_series_come_in_one_call(self):
        self.Index._cron_fetch()
        self.assertEqual(len(self.server.asked), 1)
        path, accept, agent = self.server.asked[0]
        self.assertEqual({*path.removeprefix("/series/").split("+")}, {"001515333", "999999999"})
        self.assertEqual(accept, "application/xml")
        self.assertIn("Odoo", agent)
        self.assertRecordValues(
            self.rents.value_ids.sorted("period"),
            [
                # due on the last working day of April: nothing else is said of it
                {
                    "period": "2026-Q1",
                    "printed": "146.60",
                    "status": "final",
                    "publication_date": self._day("2026-04-30"),
                },
                {
                    "period": "2026-Q2",
                    "printed": "148.37",
                    "status": "final",
                    "publication_date": self._day("2026-07-12"),
                },
            ],
        )
        self.assertRecordValues(
            self.monthly.value_ids.sorted("period"),
            [
                {"period": "2026-04", "printed": "130.1", "status": "provisional"},
                {"period": "2026-05", "printed": "130.5", "status": "provisional"},
            ],
        )
        self.assertEqual(
            set(self.rents.value_ids.mapped("source")), {"INSEE, BDM, series 001515333, read on 2026-07-20"}
        )
        self.assertFalse(self.rents.last_fetch_failed)
        self.assertEqual(self.rents.last_fetch_message, "2 new, 0 revised, 0 unchanged.")

    def test_fetching_again_changes_nothing_and_a_revised_value_is_a_vintage(self):
        self.rents._fetch()
        first = self.rents.value_ids
        self.rents._fetch()
        self.assertEqual(
            (self.rents.value_ids, self.rents.last_fetch_message), (first, "0 new, 0 revised, 2 unchanged.")
        )
        self._serve(self._sample((b'OBS_VALUE="146.6"', b'OBS_VALUE="146.61" OBS_REV="1"')))
        self.rents._fetch()
        self.assertEqual(self.rents._reading_record("2026-Q1").vintage, 2)
        self.assertEqual(self.rents.last_fetch_message, "0 new, 1 revised, 1 unchanged.")
        self.monthly._fetch()
        self._serve(self._sample((b'OBS_STATUS="P" OBS_QUAL="P"', b'OBS_STATUS="A" OBS_QUAL="DEF"')))
        self.monthly._fetch()
        self.assertEqual(
            (self.monthly._reading("2026-05").status, self.monthly._reading("2026-05").vintage), ("final", 2)
        )

    def test_a_wrong_answer_loses_nothing(self):
        self._record(("2026-Q1", "146.60"), index=self.rents)
        for body, message in (
            (b"", "no list of values"),
            (SAMPLE[:-200], "no list of values"),
            (b"<html><body>Maintenance</body></html>", "no list of values .*html"),
            (BOMB, "no list of values"),
            (FILE_ENTITY, "document type not allowed"),
            (self._sample((b"001515333", b"001515334")), "knows no series 001515333"),
            (self._sample((b'FREQ="T"', b'FREQ="M"')), "by another period"),
            (self._sample((b'OBS_VALUE="148.37"', b'OBS_VALUE="0"')), "no positive number"),
            (self._sample((b'OBS_VALUE="148.37"', b'OBS_VALUE="inf"')), "no positive number"),
            (self._sample((b"2026-Q2", b"2026-05")), "published by quarter"),
        ):
            self._serve(body)
            self._assert_nothing_lost(message)
        self._serve(b"", 404)
        self._assert_nothing_lost("knows no series 001515333")
        self._serve(b"", 503)
        self._assert_nothing_lost("HTTP 503")

    def test_the_answer_may_not_be_endless(self):
        with patch.object(insee, "LARGEST", 1000):
            self._assert_nothing_lost("more than 1000 bytes")

    def test_insee_may_not_take_for_ever(self):
        def drip(stream, body):
            for start in range(0, len(body), 100):
                stream.write(body[start : start + 100])
                stream.flush()
                time.sleep(0.02)

        self.server.send = drip
        with patch.object(insee, "LONGEST", 0.1), patch.object(insee, "CHUNK", 100):
            self._assert_nothing_lost("did not answer in time")

    def test_insee_may_be_away(self):
        self.env["ir.config_parameter"].set_param(insee.URL_PARAMETER, "http://127.0.0.1:9/series")
        (self.rents | self.monthly)._fetch()
        self.assertRegex(self.monthly.last_fetch_message, "cannot be reached")
        self._assert_nothing_lost("cannot be reached")

    def test_one_wrong_series_keeps_no_other_waiting(self):
        self.monthly.idbank = "000000000"
        self.server.reply = lambda numbers: (404, b"") if "000000000" in numbers else (200, SAMPLE)
        self.Index._cron_fetch()
        self.assertEqual(self.rents.value_count, 2)
        self.assertFalse(self.rents.last_fetch_failed)
        self.assertEqual(self.monthly.last_fetch_message, "INSEE knows no series 000000000: correct its number.")
        # nor does one whose values are refused
        self.monthly.write({"idbank": "999999999", "last_period": "2026-04"})
        self._serve(self._sample((b'OBS_VALUE="148.37"', b'OBS_VALUE="148.38"')))
        self.Index._cron_fetch()
        self.assertRegex(self.monthly.last_fetch_message, "stopped after April 2026")
        self.assertFalse(self.monthly.value_ids)
        self.assertEqual(self.rents._reading_record("2026-Q2").printed, "148.38")

    def test_a_stopped_series_names_what_is_to_be_linked(self):
        self._serve(self._sample((b'FREQ="M"', b'FREQ="M" SERIE_ARRETEE="TRUE"')))
        self.monthly._fetch()
        self.assertEqual(self.monthly.value_count, 2)
        self.assertIn(
            "stopped this series after May 2026: enter this as its last period", self.monthly.last_fetch_message
        )
        successor = self._index("Base 2025", idbank="011814056")
        self.monthly.write({"last_period": "2026-05", "successor_id": successor.id})
        self.monthly._fetch()
        self.assertIn("goes on as Base 2025 (011814056): enter the link coefficient", self.monthly.last_fetch_message)

    def test_the_night_asks_nothing_of_what_is_complete_and_over(self):
        self._record(("2026-04", "130.1"), index=self.monthly)
        self.monthly.last_period = "2026-04"
        self.Index._cron_fetch()
        self.assertEqual([path for path, *_ in self.server.asked], ["/series/001515333"])

    def test_managers_fetch_and_see_what_came_of_it(self):
        manager = new_test_user(self.env, "insee_manager", groups="subscription_billing.group_subscription_manager")
        answer = self.rents.with_user(manager).action_fetch()
        self.assertEqual(answer["params"]["type"], "success")
        self.assertIn("2 new", answer["params"]["message"])
        reader = new_test_user(self.env, "insee_reader", groups="subscription_billing.group_subscription_user_all")
        with self.assertRaises(AccessError):
            self.rents.with_user(reader).action_fetch()
        self.assertEqual(len(self.server.asked), 1)
        with self.assertRefused(UserError, "None of these indexes"):
            self.index.action_fetch()

    def test_entities_never_reach_the_values(self):
        for attack in (BOMB, FILE_ENTITY):
            with self.assertRaises(BadAnswer):
                read_answer(attack)

    def test_the_address_is_a_setting(self):
        self.env["ir.config_parameter"].set_param(insee.URL_PARAMETER, False)
        settings = self.env["res.config.settings"].create({})
        self.assertEqual(settings.subscription_insee_url, insee.DEFAULT_URL)
        settings.subscription_insee_url = "https://example.com/bdm"
        settings.execute()
        self.assertEqual(self.env["ir.config_parameter"].get_param(insee.URL_PARAMETER), "https://example.com/bdm")
