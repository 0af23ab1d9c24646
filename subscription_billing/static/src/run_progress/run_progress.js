import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, onMounted, onWillUnmount } from "@odoo/owl";

const EVERY = 2000;

/**
 * A bar that follows the work of a billing run: the record is read again until it is done.
 */
export class RunProgress extends Component {
    static template = "subscription_billing.RunProgress";
    static props = { ...standardFieldProps };

    setup() {
        onMounted(() => {
            this.timer = browser.setInterval(() => this.refresh(), EVERY);
        });
        onWillUnmount(() => browser.clearInterval(this.timer));
    }

    get data() {
        return this.props.record.data;
    }

    get percent() {
        return Math.round(this.data[this.props.name] || 0);
    }

    get label() {
        const { selection } = this.props.record.fields.work;
        return _t("%(work)s: %(done)s of %(total)s contracts", {
            work: Object.fromEntries(selection)[this.data.work],
            done: this.data.progress_done,
            total: this.data.progress_total,
        });
    }

    async refresh() {
        if (this.data.work && !this.props.record.dirty && !this.isLoading) {
            this.isLoading = true;
            try {
                await this.props.record.load();
            } finally {
                this.isLoading = false;
            }
        }
    }
}

export const runProgress = {
    component: RunProgress,
    supportedTypes: ["float"],
    fieldDependencies: [
        { name: "work", type: "selection" },
        { name: "progress_done", type: "integer" },
        { name: "progress_total", type: "integer" },
    ],
};

registry.category("fields").add("subscription_run_progress", runProgress);
