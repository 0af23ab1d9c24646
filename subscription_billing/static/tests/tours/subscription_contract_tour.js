import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

function choose(field, text) {
    return [
        { content: `type ${text}`, trigger: `.o_field_widget[name=${field}] input`, run: `edit ${text}` },
        {
            content: `choose ${text}`,
            trigger: `.o-autocomplete--dropdown-item:contains("${text}")`,
            run: "click",
        },
    ];
}

function invent(field, text) {
    return choose(field, text).map((step) =>
        step.run === "click" ? { ...step, trigger: `.o-autocomplete--dropdown-item:contains('Create "${text}"')` } : step
    );
}

function posted() {
    return {
        content: "the invoice is posted",
        trigger: ".o_form_view .o_statusbar_status .o_arrow_button_current:contains(Posted)",
    };
}

// nothing is there yet, and the first screen says the three steps to an invoice
registry.category("web_tour.tours").add("subscription_first_invoice", {
    url: "/odoo",
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open the app",
            trigger: ".o_app[data-menu-xmlid='subscription_billing.menu_subscription_root']",
            run: "click",
        },
        { content: "the three steps", trigger: ".o_view_nocontent:contains(in three steps) li:eq(2):contains(Bill now)" },
        { content: "1. new contract", trigger: ".o_list_button_add", run: "click" },
        ...invent("partner_id", "First customer"),
        ...choose("plan_id", "Monthly, without commitment"),
        { content: "add a line", trigger: "[name=line_ids] .o_field_x2many_list_row_add a", run: "click" },
        ...invent("line_ids] .o_selected_row [name=product_id", "First service"),
        {
            content: "it recurs as the plan says",
            trigger: "[name=line_ids] .o_selected_row [name=recurrence_id] input:value(Monthly)",
        },
        { content: "its price", trigger: "[name=line_ids] .o_selected_row [name=price_unit] input", run: "edit 49" },
        { content: "leave the line", trigger: ".o_notebook .nav-link[name=lines]", run: "click" },
        { content: "what it comes to", trigger: "[name=recurring_summary]:contains(49.00 per month)" },
        { content: "2. activate", trigger: "button[name=action_activate]", run: "click" },
        { content: "3. bill", trigger: "button[name=action_bill_now]", run: "click" },
        posted(),
        { content: "the line is billed", trigger: "[name=invoice_line_ids] .o_data_row:contains(First service)" },
    ],
});

// a person without any other help: new contract, activate, bill
registry.category("web_tour.tours").add("subscription_contract_to_invoice", {
    url: "/odoo/subscriptions",
    steps: () => [
        { content: "new contract", trigger: ".o_list_button_add", run: "click" },
        ...choose("partner_id", "Tour customer"),
        ...choose("plan_id", "Tour plan"),
        { content: "add a line", trigger: "[name=line_ids] .o_field_x2many_list_row_add a", run: "click" },
        ...choose("line_ids] .o_selected_row [name=product_id", "Tour hosting"),
        {
            content: "the price list gives the price",
            trigger: "[name=line_ids] .o_selected_row [name=price_unit] input:value(100.00)",
        },
        { content: "two of it", trigger: "[name=line_ids] .o_selected_row [name=quantity] input", run: "edit 2" },
        { content: "leave the line", trigger: ".o_notebook .nav-link[name=lines]", run: "click" },
        { content: "what it comes to", trigger: "[name=recurring_summary]:contains(200.00)" },
        { content: "activate", trigger: "button[name=action_activate]", run: "click" },
        { content: "it runs", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Active)" },
        { content: "bill", trigger: "button[name=action_bill_now]", run: "click" },
        posted(),
        { content: "the line is billed", trigger: "[name=invoice_line_ids] .o_data_row:contains(Tour hosting)" },
        { content: "back to its contract", trigger: "button[name=action_view_subscription_contracts]", run: "click" },
        {
            content: "nothing more is due today",
            trigger: ".o_subscription_contract_form:not(:has(button[name=action_bill_now]))",
        },
        { content: "its invoice is counted", trigger: ".oe_stat_button:contains(Invoices):contains(1)" },
    ],
});

// change a quantity: the amounts come first, the change after
registry.category("web_tour.tours").add("subscription_change_quantity", {
    steps: () => [
        { content: "change", trigger: ".o_statusbar_buttons button:contains(Change)", run: "click" },
        { content: "its quantity", trigger: ".modal [name=line_ids] td[name=quantity]", run: "click" },
        {
            content: "three",
            trigger: ".modal [name=line_ids] .o_selected_row [name=quantity] input",
            run: "edit 3",
        },
        { content: "why", trigger: ".modal [name=reason] input", run: "edit Two more" },
        { content: "amounts", trigger: ".modal button[name=action_preview]", run: "click" },
        { content: "credited", trigger: ".modal .oe_subtotal_footer [name=amount_credited]:contains(100.00)" },
        { content: "charged", trigger: ".modal .oe_subtotal_footer [name=amount_charged]:contains(300.00)" },
        { content: "difference", trigger: ".modal .oe_subtotal_footer [name=amount]:contains(200.00)" },
        { content: "look again", trigger: ".modal button[name=action_back]", run: "click" },
        { content: "as it was left", trigger: ".modal [name=line_ids] td[name=quantity]:contains(3.00)" },
        { content: "amounts again", trigger: ".modal button[name=action_preview]", run: "click" },
        { content: "confirm", trigger: ".modal button[name=action_confirm]", run: "click" },
        { content: "the dialog closes", trigger: "body:not(:has(.modal))" },
        {
            content: "the new line is in force",
            trigger: "[name=current_line_ids] .o_data_row td[name=quantity]:contains(3.00)",
        },
        { content: "the past is kept", trigger: ".o_notebook .nav-link[name=history]", run: "click" },
        { content: "amendment 2", trigger: "[name=history_line_ids] .o_data_row:contains(/ 2)" },
    ],
});

// close a contract: what is given back comes first
registry.category("web_tour.tours").add("subscription_close_with_credit", {
    steps: () => [
        { content: "close", trigger: ".o_statusbar_buttons button:contains(Close)", run: "click" },
        { content: "why", trigger: ".modal [name=close_reason_id] input", run: "edit Too expensive" },
        { content: "reason", trigger: ".o-autocomplete--dropdown-item:contains(Too expensive)", run: "click" },
        { content: "give back", trigger: ".modal [name=credit] .o_radio_item:eq(2) input", run: "click" },
        { content: "amounts", trigger: ".modal button[name=action_preview]", run: "click" },
        { content: "credited", trigger: ".modal .oe_subtotal_footer [name=amount_credited]:contains(100.00)" },
        { content: "confirm", trigger: ".modal button[name=action_confirm]", run: "click" },
        posted(),
        { content: "a credit note", trigger: ".o_form_view:contains(Credit Note)" },
    ],
});

// accounting reads contracts, bills them, and changes nothing
registry.category("web_tour.tours").add("subscription_accounting", {
    steps: () => [
        { content: "the contract", trigger: ".o_form_view [name=name]:contains(C)" },
        { content: "no verb of sales people", trigger: ".o_statusbar_buttons:not(:contains(Change)):not(:contains(Close))" },
        { content: "bill", trigger: "button[name=action_bill_now]", run: "click" },
        posted(),
        { content: "back to its contract", trigger: "button[name=action_view_subscription_contracts]", run: "click" },
        { content: "what was billed", trigger: ".oe_stat_button:contains(Billed periods)", run: "click" },
        { content: "one period", trigger: ".o_list_view .o_data_row:contains(Tour hosting)" },
    ],
});
