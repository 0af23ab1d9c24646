import { registry } from "@web/core/registry";

function press(text, content = text) {
    return { content, trigger: `.o_statusbar_buttons button:contains(${text})`, run: "click" };
}

function press_in_dialog(name, content) {
    return { content, trigger: `.modal button[name=${name}]`, run: "click" };
}

const closed = { content: "the dialog closes", trigger: "body:not(:has(.modal))" };

function state(text) {
    return { content: `it is ${text}`, trigger: `.o_statusbar_status .o_arrow_button_current:contains(${text})` };
}

// one contract: paused and resumed, another offer, a quotation of its next term
registry.category("web_tour.tours").add("subscription_life", {
    steps: () => [
        press("Pause"),
        { content: "why", trigger: ".modal [name=reason] input", run: "edit Works in the building" },
        press_in_dialog("action_preview", "amounts"),
        { content: "given back", trigger: ".modal .oe_subtotal_footer [name=amount]:contains(100.00)" },
        press_in_dialog("action_confirm", "pause it"),
        closed,
        state("Paused"),
        press("Resume"),
        press_in_dialog("action_preview", "amounts"),
        press_in_dialog("action_confirm", "serve it again"),
        closed,
        state("Active"),
        press("Change the offer"),
        { content: "gold", trigger: ".modal [name=plan_id] .o_radio_item:contains(Tour gold) input", run: "click" },
        press_in_dialog("action_preview", "amounts"),
        { content: "from then on", trigger: ".modal [name=recurring_after]:contains(150.00)" },
        press_in_dialog("action_confirm", "change it"),
        closed,
        { content: "its plan", trigger: "[name=plan_id]:contains(Tour gold)" },
        press("Renewal quote"),
        { content: "a quotation", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Quotation)" },
        { content: "of what it has", trigger: "[name=order_line] .o_data_row:contains(Tour hosting)" },
    ],
});

// what did not leave, what was not paid, and the notice of a renewal
registry.category("web_tour.tours").add("subscription_outgoing", {
    steps: () => [
        {
            content: "a mail did not arrive",
            trigger: ".alert:contains(no such mailbox) button:contains(Open the outbox)",
            run: "click",
        },
        { content: "which one, and why", trigger: ".o_data_row:contains(no such mailbox) td[name=kind]", run: "click" },
        press("Do it now", "send it again"),
        state("Waiting"),
        { content: "back to the contract", trigger: ".breadcrumb-item a:contains(C20)", run: "click" },
        {
            content: "a charge was declined",
            trigger: ".alert:contains(insufficient funds):contains(Next) button:contains(See the charges)",
            run: "click",
        },
        { content: "it says why", trigger: ".o_data_row:contains(Declined):contains(insufficient funds)" },
        { content: "back to the contract", trigger: ".breadcrumb-item a:contains(C20)", run: "click" },
        { content: "its notices", trigger: ".oe_stat_button:contains(notices)", run: "click" },
        { content: "the one to send", trigger: ".o_data_row:contains(Planned) td[name=term_end]", run: "click" },
        press("Send now", "send the notice"),
        state("Leaving"),
    ],
});
