import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import { expect, test } from "@odoo/hoot";
import { press, queryAll, queryAllTexts, queryFirst } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import {
    contains,
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";

class Contract extends models.Model {
    _name = "subscription.contract";
    _records = [{ id: 1, state: "active", amendment_count: 1 }];

    state = fields.Selection({
        selection: [
            ["draft", "Draft"],
            ["active", "Active"],
        ],
    });
    amendment_count = fields.Integer();
    next_billing_date = fields.Date();
}

defineMailModels();
defineModels([Contract]);

const PERIOD = { id: 20, label: "$ 100.00" };
const LIFE = {
    today: "2026-02-15",
    start: "2026-01-01",
    end: "2026-04-10",
    lanes: [
        {
            id: 10,
            name: "Hosting",
            kind: "recurring",
            rows: [
                { id: 10, start: "2026-01-01", end: "2026-01-31", name: "Hosting", label: "1 × $ 100.00", discount: "−50 %" },
                { id: 11, start: "2026-02-01", end: false, name: "Gold", label: "2 × $ 100.00", discount: "", is_planned: true },
            ],
            periods: [
                { ...PERIOD, start: "2026-01-01", end: "2026-01-31", state: "billed" },
                { ...PERIOD, id: 21, start: "2026-02-01", end: "2026-02-28", state: "credited" },
                { ...PERIOD, id: false, start: "2026-02-01", end: "2026-02-28", state: "due" },
            ],
        },
    ],
    bands: [
        { kind: "term", start: "2026-01-01", end: "2026-03-31", label: "Commitment" },
        { kind: "notice", start: "2026-03-01", end: "2026-03-31", label: "Notice: to be given by 02/28/2026" },
        { kind: "pause", start: "2026-03-10", end: "2026-03-19", label: "Paused" },
    ],
    amendments: [
        { id: 30, date: "2026-01-01", title: "Activation from 01/01/2026", summary: "", is_planned: false },
        { id: 31, date: "2026-03-01", title: "Change of lines from 03/01/2026", summary: "Quantity 1 → 2", is_planned: true },
    ],
    states: { billed: "Billed", kept: "Kept", credited: "Credited", due: "To bill" },
};
const DRAFT = { ...LIFE, lanes: [], bands: [], amendments: [] };

async function mountTimeline(life = LIFE) {
    onRpc("subscription.contract", "timeline", ({ args }) => {
        expect(args).toEqual([[1]]);
        expect.step("timeline");
        return life;
    });
    return mountView({
        type: "form",
        resModel: "subscription.contract",
        resId: 1,
        arch: `<form><field name="amendment_count"/><widget name="subscription_timeline"/></form>`,
    });
}

/** Left edge and width of an element, in hundredths of the life. */
function place(selector) {
    const { left, width } = queryFirst(selector).style;
    return [left, width].map(parseFloat);
}

test("rows and periods have their days as place", async () => {
    await mountTimeline();
    expect.verifySteps(["timeline"]);
    expect(place("[data-row='10']")).toEqual([0, 31]);
    expect(place("[data-row='11']")).toEqual([31, 69], { message: "open until the end of the drawing" });
    expect(queryAllTexts(".o_contract_timeline_bar")).toEqual(["1 × $ 100.00−50 %", "Gold · 2 × $ 100.00"]);
    expect("[data-row='10']").toHaveClass("o_contract_timeline_promotion");
    expect("[data-row='11']").toHaveClass("o_contract_timeline_planned");
    expect(queryAll(".o_contract_timeline_period").map((period) => period.dataset.state)).toEqual([
        "billed",
        "credited",
        "due",
    ]);
    expect(place("[data-state='due'].o_contract_timeline_period")).toEqual([31, 28]);
    expect(queryAllTexts(".o_contract_timeline_legend li")).toEqual(["Billed", "Credited", "To bill"]);
});

test("terms, notice, pause and today", async () => {
    await mountTimeline();
    expect(place("[data-kind='notice']")).toEqual([59, 31]);
    expect(place(".o_contract_timeline_pause")).toEqual([68, 10]);
    expect(place(".o_contract_timeline_today")[0]).toBe(45);
    expect.verifySteps(["timeline"]);
});

test("an amendment opens; a planned one looks so and tells what it does", async () => {
    mockService("action", {
        doAction({ res_model, res_id }) {
            expect.step(`${res_model} ${res_id}`);
        },
    });
    await mountTimeline();
    expect("[data-amendment='30']").not.toHaveClass("o_contract_timeline_planned");
    expect("[data-amendment='31']").toHaveClass("o_contract_timeline_planned");
    expect("[data-amendment='31']").toHaveAttribute("data-tooltip", "Change of lines from 03/01/2026 · Quantity 1 → 2");
    await contains("[data-amendment='31']").click();
    await contains(".o_contract_timeline_period[data-state='billed']").click();
    await contains(".o_contract_timeline_period[data-state='due']").click();
    expect.verifySteps(["timeline", "subscription.amendment 31", "subscription.period 20"]);
});

test("with the keyboard", async () => {
    await mountTimeline();
    const [billed, credited, due] = queryAll(".o_contract_timeline_period");
    expect([billed, credited, due].map((period) => period.tabIndex)).toEqual([-1, -1, 0]);
    due.focus();
    await press("ArrowLeft");
    await animationFrame();
    expect(document.activeElement).toBe(credited);
    expect(".o_contract_timeline_detail").toHaveText("Credited · $ 100.00 · 02/01/2026 – 02/28/2026");
    await press("ArrowLeft");
    await press("ArrowLeft");
    expect(document.activeElement).toBe(billed, { message: "the first one is the end of the way" });
    expect.verifySteps(["timeline"]);
});

test("zoom", async () => {
    await mountTimeline({ ...LIFE, end: "2028-01-04" });
    expect(queryFirst(".o_contract_timeline_track").style.width).toBe("200.546%");
    await contains("[data-zoom='life']").click();
    expect(queryFirst(".o_contract_timeline_track").style.width).toBe("100%");
    expect(queryAllTexts(".o_contract_timeline_tick")).toEqual(["2026", "2027", "2028"]);
    expect("[data-zoom='life']").toHaveAttribute("aria-pressed", "true");
    expect.verifySteps(["timeline"]);
});

test("a draft is empty", async () => {
    await mountTimeline(DRAFT);
    expect(".o_contract_timeline_empty").toHaveCount(1);
    expect(".o_contract_timeline_track").toHaveCount(0);
    expect.verifySteps(["timeline"]);
});

test("read again when the contract was changed", async () => {
    await mountTimeline();
    await contains(".o_field_widget[name='amendment_count'] input").edit("2");
    await animationFrame();
    await animationFrame();
    expect.verifySteps(["timeline", "timeline"]);
});
