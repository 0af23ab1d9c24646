import { ConfirmationDialog } from "@web/core/confirmation_dialog/confirmation_dialog";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { Component, onWillStart, useState } from "@odoo/owl";

/**
 * First page of billing: the server says what to show, each number opens its list.
 */
export class BillingDesk extends Component {
    static template = "subscription_billing.BillingDesk";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.display = { controlPanel: {} };
        this.state = useState({ figures: null });
        onWillStart(() => this.load());
    }

    async load() {
        this.state.figures = await this.orm.call("subscription.desk", "figures", []);
    }

    open(tile) {
        return this.action.doAction(tile.action);
    }

    newRun() {
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Billing runs"),
            res_model: "subscription.run",
            views: [[false, "form"]],
        });
    }

    /** What mends an alert, after a confirmation. */
    mend(alert) {
        this.dialog.add(ConfirmationDialog, {
            body: alert.confirm,
            confirmLabel: alert.button,
            confirm: async () => {
                await this.orm.call("subscription.contract", alert.method, [[]]);
                await this.load();
            },
            cancel: () => {},
        });
    }
}

registry.category("actions").add("subscription_billing_desk", BillingDesk);
