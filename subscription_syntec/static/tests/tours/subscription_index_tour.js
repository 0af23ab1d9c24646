import { registry } from "@web/core/registry";

// a manager completes an index with one paste, and sees how far it reaches
registry.category("web_tour.tours").add("subscription_index_paste", {
    steps: () => [
        {
            content: "the index says what is missing",
            trigger: ".o_data_row:contains(Tour index):contains(Missing: July 2024) td[name=name]",
            run: "click",
        },
        { content: "so does its page", trigger: ".alert-warning:contains(Missing: July 2024)" },
        { content: "its values are drawn", trigger: "[name=value_graph] canvas" },
        { content: "paste", trigger: ".o_statusbar_buttons button:contains(Paste values)", run: "click" },
        {
            content: "one line is wrong",
            trigger: ".modal [name=text] textarea",
            run: ({ edit }) => edit("juillet 2024;313,9\nnonsense"),
        },
        { content: "leave the text", trigger: ".modal [name=source] input", run: "click" },
        { content: "it is named", trigger: ".modal .o_data_row.text-danger:contains(2):contains(nonsense)" },
        { content: "nothing can be recorded", trigger: ".modal-footer:not(:has(button:contains(Record)))" },
        {
            content: "paste it right",
            trigger: ".modal [name=text] textarea",
            run: ({ edit }) => edit("juillet 2024;313,9\n2024-09 314.5\n10/2024;315,0"),
        },
        {
            content: "with its source",
            trigger: ".modal [name=source] input",
            run: "edit https://www.syntec.fr",
        },
        { content: "three values are new", trigger: ".modal .o_data_row:nth-child(3):contains(2024-10):contains(New)" },
        { content: "record", trigger: ".modal-footer button:contains(Record)", run: "click" },
        { content: "nothing is missing", trigger: "[name=reach]:contains(Known up to October 2024, nothing is missing)" },
        { content: "the values are there", trigger: ".o_data_row:contains(2024-10):contains(315.0)" },
        {
            content: "look at them",
            trigger: "button.oe_stat_button:contains(Values):contains(5)",
            run: "click",
        },
        { content: "as a graph", trigger: ".o_switch_view.o_graph", run: "click" },
        { content: "they are drawn", trigger: ".o_graph_canvas_container canvas" },
    ],
});
