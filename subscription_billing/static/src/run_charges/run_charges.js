import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component, useState } from "@odoo/owl";

const FIELDS = ["name", "quantity", "price_unit", "amount_untaxed", "currency_id", "comparison", "previous_amount"];

/**
 * What a proposed invoice bills; a click unfolds its lines in place.
 */
export class RunCharges extends Component {
    static template = "subscription_billing.RunCharges";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ isOpen: false, lines: [] });
    }

    get content() {
        return this.props.record.data[this.props.name];
    }

    async toggle() {
        if (!this.state.isOpen) {
            const domain = [["proposal_id", "=", this.props.record.resId]];
            this.state.lines = await this.orm.searchRead("subscription.run.line", domain, FIELDS);
        }
        this.state.isOpen = !this.state.isOpen;
    }

    money(line, name) {
        return formatMonetary(line[name], { currencyId: line.currency_id[0] });
    }

    quantity(line) {
        return formatFloat(line.quantity, { trailingZeros: false });
    }

    isCompared(line) {
        return line.comparison === "whole" && line.previous_amount !== line.amount_untaxed;
    }
}

export const runCharges = { component: RunCharges, supportedTypes: ["char"] };

registry.category("fields").add("subscription_charges", runCharges);
