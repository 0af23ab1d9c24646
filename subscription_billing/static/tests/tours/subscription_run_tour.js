import { registry } from "@web/core/registry";

function confirmed() {
    return { content: "confirm", trigger: ".modal footer .btn-primary", run: "click" };
}

function current(state) {
    return {
        content: `the run is: ${state}`,
        trigger: `.o_statusbar_status .o_arrow_button_current:contains(${state})`,
    };
}

// from the desk: simulate, look, exclude, approve, post
registry.category("web_tour.tours").add("subscription_run_to_post", {
    url: "/odoo/subscription-billing",
    steps: () => [
        { content: "two contracts are due", trigger: "[data-tile=due] .o_subscription_desk_value:contains(2)" },
        { content: "new run", trigger: ".o_control_panel button:contains(New run)", run: "click" },
        { content: "simulate", trigger: "button[name=action_simulate]", run: "click" },
        current("To review"),
        {
            content: "unfold a document",
            trigger: ".o_data_row:contains(Tour customer) .o_subscription_charges button",
            run: "click",
        },
        {
            content: "its line reads as on the invoice",
            trigger: ".o_data_row:contains(Tour customer) .o_subscription_charge_text:contains(Hosting)",
        },
        {
            content: "exclude the other",
            trigger: ".o_data_row:contains(Tour neighbour) button[name=action_exclude]",
            run: "click",
        },
        { content: "say why", trigger: ".modal [name=reason] input", run: "edit Price under discussion" },
        { content: "exclude", trigger: ".modal button[name=action_exclude]", run: "click" },
        { content: "it is out", trigger: ".o_data_row:contains(Tour neighbour) .badge:contains(Excluded)" },
        { content: "approve", trigger: "button[name=action_approve]", run: "click" },
        confirmed(),
        current("Approved"),
        { content: "post", trigger: "button[name=action_post]", run: "click" },
        confirmed(),
        current("In progress"),
        { content: "the work can be followed", trigger: "[name=progress] .progress" },
    ],
});

// sales people propose, and that is all
registry.category("web_tour.tours").add("subscription_run_of_sales", {
    url: "/odoo/subscription-runs/new",
    steps: () => [
        { content: "simulate", trigger: "button[name=action_simulate]", run: "click" },
        current("To review"),
        {
            content: "drafting is offered, approving and posting are not",
            trigger:
                ".o_statusbar_buttons:has(button[name=action_draft])" +
                ":not(:has(button[name=action_approve])):not(:has(button[name=action_post]))",
        },
    ],
});
