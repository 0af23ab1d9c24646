import { registry } from "@web/core/registry";

function choose(field, text) {
    return [
        { content: `type ${text}`, trigger: `${field} input`, run: `edit ${text}` },
        {
            content: `choose ${text}`,
            trigger: `.o-autocomplete--dropdown-item:contains("${text}")`,
            run: "click",
        },
    ];
}

// somebody receives copies of the invoices, and another site shows the contract
registry.category("web_tour.tours").add("subscription_contact_and_summary", {
    steps: () => [
        { content: "contacts", trigger: ".o_notebook .nav-link[name=contacts]", run: "click" },
        { content: "add one", trigger: "[name=contact_ids] .o_field_x2many_list_row_add a", run: "click" },
        ...choose("[name=contact_ids] .o_selected_row [name=partner_id]", "Tour accountant"),
        { content: "leave the row", trigger: ".o_notebook .nav-link[name=other]", run: "click" },
        { content: "save", trigger: ".o_form_button_save", run: "click" },
        { content: "saved", trigger: ".o_form_saved, .o_form_view:not(:has(.o_form_button_save:visible))" },
        { content: "for another site", trigger: "button[name=action_embed]", run: "click" },
        { content: "what to paste", trigger: ".modal [name=summary_snippet]:contains(iframe)" },
        { content: "enough", trigger: ".modal footer button:contains(OK)", run: "click" },
        { content: "closed", trigger: "body:not(:has(.modal))" },
    ],
});

// a tag that is given by rule
registry.category("web_tour.tours").add("subscription_tag_by_rule", {
    steps: () => [
        { content: "its rule is shown", trigger: ".o_form_view [name=domain] .o_tree_editor" },
        { content: "apply", trigger: "button[name=action_apply_rule]", run: "click" },
        { content: "applied", trigger: ".o_form_view:not(:has(.o_loading_indicator))" },
    ],
});

// many drafts of a file are activated together
registry.category("web_tour.tours").add("subscription_activate_imported", {
    url: "/odoo/subscriptions",
    steps: () => [
        { content: "all of them", trigger: ".o_list_view thead .o_list_record_selector input", run: "click" },
        { content: "activate", trigger: ".o_list_view button[name=action_activate]", run: "click" },
        { content: "they run", trigger: ".o_list_view .o_data_row [name=state]:contains(Active)" },
        { content: "open the first", trigger: ".o_list_view .o_data_row:first [name=name]", run: "click" },
        { content: "it says what it waits for", trigger: ".alert:contains(This contract was imported)" },
    ],
});
