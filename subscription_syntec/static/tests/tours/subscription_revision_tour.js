import { registry } from "@web/core/registry";

// a manager says how a contract is revised, runs a campaign, reads the sentence and cancels
registry.category("web_tour.tours").add("subscription_revision_campaign", {
    steps: () => [
        { content: "the revision of the contract", trigger: ".o_notebook a[name=revision]", run: "click" },
        { content: "say how", trigger: ".o_notebook_content button.btn-link:contains(Set)", run: "click" },
        {
            content: "by a percentage",
            trigger: ".modal [name=choice] .o_radio_item:contains(By a percentage) input",
            run: "click",
        },
        { content: "what it would have done", trigger: ".modal [name=example]:contains(102.00)" },
        { content: "what it will do", trigger: ".modal [name=upcoming]:contains(Tour hosting at)" },
        { content: "follow it", trigger: ".modal-footer button[name=action_confirm]", run: "click" },
        { content: "it is on the contract", trigger: "body:not(:has(.modal)) [name=revision_clause_id]:contains(+2 %)" },
        {
            content: "open the menu",
            trigger: "[data-menu-xmlid='subscription_syntec.menu_subscription_revision']",
            run: "click",
        },
        {
            content: "campaigns",
            trigger: ".o-dropdown--menu [data-menu-xmlid='subscription_syntec.menu_subscription_revision_campaign']",
            run: "click",
        },
        { content: "a new one", trigger: ".o_list_button_add", run: "click" },
        { content: "its name", trigger: "[name=name] input", run: "edit Tour campaign" },
        {
            content: "a year ahead",
            trigger: "[name=until_date] button, [name=until_date] input",
            run: "click",
        },
        {
            content: "its day",
            trigger: "[name=until_date] input",
            run: ({ edit }) => edit(luxon.DateTime.now().plus({ years: 1 }).toFormat("MM/dd/yyyy")),
        },
        { content: "leave the day", trigger: "[name=name] input", run: "click" },
        { content: "simulate", trigger: "button[name=action_simulate]", run: "click" },
        {
            content: "old and new price",
            trigger: "[name=revision_ids] .o_data_row:contains(100.00):contains(102.00):contains(Proposed)",
        },
        { content: "approve", trigger: "button[name=action_approve]", run: "click" },
        { content: "really", trigger: ".modal-footer .btn-primary", run: "click" },
        { content: "it is applied", trigger: "[name=revision_ids] .o_data_row:contains(Applied)" },
        { content: "open it", trigger: "button[name=action_open_revisions]", run: "click" },
        { content: "its line", trigger: ".o_list_view .o_data_row .o_list_record_open_form_view button, .o_list_view .o_data_row td.o_list_record_open_form_view", run: "click" },
        { content: "the sentence", trigger: "[name=sentence]:contains(from $ 100.00 to $ 102.00)" },
        { content: "the file", trigger: "[name=evidence_html]:contains(P0):contains(102)" },
        { content: "cancel it", trigger: "button[name=action_cancel]", run: "click" },
        { content: "why", trigger: ".modal [name=reason] input", run: "edit The customer refused" },
        { content: "really", trigger: ".modal-footer button[name=action_confirm]:visible", run: "click" },
        {
            content: "it is cancelled",
            trigger: ".o_statusbar_status button[aria-current=step]:contains(Cancelled)",
        },
    ],
});
