import { registry } from "@web/core/registry";

// a manager switches a ready-made rule on and tunes it
registry.category("web_tour.tours").add("subscription_automation_switch_on", {
    steps: () => [
        {
            content: "the rule is off",
            trigger: ".o_data_row:contains(Red flag) [name=active] input:not(:checked)",
        },
        { content: "open it", trigger: ".o_data_row:contains(Red flag) td[name=name]", run: "click" },
        { content: "switch it on", trigger: ".o_form_view [name=active] input", run: "click" },
        {
            content: "what there is to do",
            trigger: ".o_form_view [name=activity_summary] input",
            run: "edit Speak with the customer",
        },
        { content: "back", trigger: ".breadcrumb a:contains(Automation), .o_back_button", run: "click" },
        { content: "it is on", trigger: ".o_data_row:contains(Red flag) [name=active] input:checked" },
    ],
});

// the condition of a health rule comes true
registry.category("web_tour.tours").add("subscription_automation_make_it_true", {
    steps: () => [
        { content: "nothing is wrong", trigger: ".o_form_view [name=health]:contains(Neutral)" },
        { content: "a remark", trigger: "[name=client_order_ref] input", run: "edit Leaving soon" },
        { content: "save", trigger: ".o_form_button_save", run: "click" },
        { content: "saved", trigger: ".o_form_status_indicator_buttons.invisible:not(:visible)" },
    ],
});

// the badge is red, says why and since when, and somebody has to act
registry.category("web_tour.tours").add("subscription_automation_red_flag", {
    steps: () => [
        { content: "red", trigger: ".o_form_view [name=health] .text-bg-danger:contains(Bad)" },
        { content: "why", trigger: ".o_form_view [name=health_reason]:contains(The customer speaks of leaving)" },
        { content: "since when", trigger: ".o_form_view [name=health_since]:not(:empty)" },
        { content: "the task", trigger: ".o-mail-Activity:contains(Speak with the customer)" },
        { content: "the history", trigger: ".o-mail-Message:contains(Neutral):contains(Bad)" },
    ],
});
