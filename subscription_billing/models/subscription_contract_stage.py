from odoo import fields, models


class SubscriptionContractStage(models.Model):
    """Entering a stage writes to the customer: a mail, a request for a rating."""

    _inherit = "subscription.contract"

    stage_id = fields.Many2one(tracking=True)

    def _track_template(self, changes):
        templates = super()._track_template(changes)
        template = self.stage_id.mail_template_id
        if "stage_id" in changes and template and self._may_mail():
            templates["stage_id"] = (
                template,
                {
                    "auto_delete_keep_log": False,
                    "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_note"),
                    "email_layout_xmlid": "mail.mail_notification_light",
                },
            )
        return templates

    def _message_track_post_template(self, changes):
        result = super()._message_track_post_template(changes)
        if changes and "stage_id" in changes:
            self._request_rating()
        return result

    def _request_rating(self):
        template = self.stage_id.rating_template_id
        if template and self._may_mail():
            self.rating_send_request(template, lang=self.partner_id.lang, force_send=False)

    def _may_mail(self) -> bool:
        """A copy of the database writes to nobody."""
        return self.env["subscription.engine"]._is_armed()
