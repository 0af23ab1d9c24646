import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, useEffect, useRef, useState } from "@odoo/owl";

const DAY = 24 * 3600 * 1000;
const YEAR = 366;
const YEAR_WIDTH = 720;
const MONTHS_SHOWN = 540;
const BANDS = ["trial", "minimum", "term", "notice"];

/** A calendar day as a number: the difference of two is a number of days. */
function dayNumber(text) {
    return Date.parse(text) / DAY;
}

/**
 * The life of a contract: lines and what was billed of them, terms, pauses, amendments, today.
 *
 * The server tells what there is to draw, in the words of the reader; here it only gets a place.
 */
export class ContractTimeline extends Component {
    static template = "subscription_billing.ContractTimeline";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.scroller = useRef("scroller");
        this.zooms = [
            { id: "year", label: _t("A year") },
            { id: "life", label: _t("Whole life") },
        ];
        this.state = useState({ timeline: null, zoom: "year", detail: "" });
        useRecordObserver((record) => this.load(record));
        useEffect(
            () => this.showToday(),
            () => [this.state.zoom, this.state.timeline]
        );
    }

    /** Read again whenever the contract was changed or billed: the observer follows what is read here. */
    async load({ resId, data }) {
        this.seen = [data.state, data.amendment_count, data.next_billing_date];
        this.state.timeline = resId
            ? await this.orm.call("subscription.contract", "timeline", [[resId]])
            : { lanes: [] };
    }

    get timeline() {
        return this.state.timeline;
    }

    get isEmpty() {
        return !this.timeline?.lanes.length;
    }

    // places

    get span() {
        return dayNumber(this.timeline.end) - dayNumber(this.timeline.start) + 1;
    }

    /** Where a day begins, in percent of the life. */
    left(day) {
        const passed = dayNumber(day) - dayNumber(this.timeline.start);
        return (100 * Math.min(Math.max(passed, 0), this.span)) / this.span;
    }

    place({ start, end }) {
        const left = this.left(start);
        const right = end ? this.left(end) + 100 / this.span : 100;
        return `left: ${left}%; width: ${Math.min(right, 100) - left}%;`;
    }

    get trackStyle() {
        const years = this.state.zoom === "year" ? Math.max(this.span / YEAR, 1) : 1;
        const least = this.state.zoom === "year" ? `min-width: ${Math.round(years * YEAR_WIDTH)}px;` : "";
        return `width: ${100 * years}%; ${least}`;
    }

    get hasToday() {
        const { today, start, end } = this.timeline;
        return start <= today && today <= end;
    }

    /** The first day of each month, or of each year where months would be too narrow. */
    get ticks() {
        const unit = this.state.zoom === "year" || this.span <= MONTHS_SHOWN ? "month" : "year";
        const last = deserializeDate(this.timeline.end);
        const ticks = [];
        for (let day = deserializeDate(this.timeline.start).startOf(unit); day <= last; day = day.plus({ [unit]: 1 })) {
            const isYear = unit === "year" || day.month === 1;
            ticks.push({
                day: day.toISODate(),
                isYear,
                label: day.toFormat(isYear ? "yyyy" : ticks.length ? "MMM" : "MMM yyyy"),
            });
        }
        return ticks;
    }

    showToday() {
        const element = this.scroller.el;
        if (element && this.hasToday) {
            const today = (this.left(this.timeline.today) / 100) * element.scrollWidth;
            element.scrollLeft = today - element.clientWidth / 2;
        }
    }

    // what is drawn

    get bandRows() {
        return BANDS.map((kind) => this.timeline.bands.filter((band) => band.kind === kind)).filter(
            (bands) => bands.length
        );
    }

    get pauses() {
        return this.timeline.bands.filter((band) => band.kind === "pause");
    }

    /** The states that the reader sees, in the order of the ledger. */
    get legend() {
        const shown = new Set(this.timeline.lanes.flatMap((lane) => lane.periods.map((period) => period.state)));
        return Object.entries(this.timeline.states)
            .filter(([state]) => shown.has(state))
            .map(([state, label]) => ({ state, label }));
    }

    // words

    days({ start, end }) {
        const [first, last] = [start, end].map((day) => day && formatDate(deserializeDate(day)));
        if (!last) {
            return _t("from %s", first);
        }
        return first === last ? first : `${first} – ${last}`;
    }

    rowText(row) {
        return [row.name, row.label, row.discount, this.days(row)].filter(Boolean).join(" · ");
    }

    periodText(period) {
        return [this.timeline.states[period.state], period.label, this.days(period)].filter(Boolean).join(" · ");
    }

    bandText(band) {
        return `${band.label} · ${this.days(band)}`;
    }

    amendmentText({ title, summary }) {
        return [title, ...(summary || "").split("\n")].filter(Boolean).join(" · ");
    }

    tell(text) {
        this.state.detail = text;
    }

    // deeds

    zoom(id) {
        this.state.zoom = id;
    }

    open(model, id) {
        if (id) {
            return this.action.doAction({
                type: "ir.actions.act_window",
                res_model: model,
                res_id: id,
                views: [[false, "form"]],
            });
        }
    }

    /** Left and right walk along the periods of a lane, which are one stop of the Tab key. */
    walk(ev) {
        const step = { ArrowLeft: "previousElementSibling", ArrowRight: "nextElementSibling" }[ev.key];
        const next = step && ev.target[step];
        if (next) {
            ev.preventDefault();
            next.focus();
            next.scrollIntoView({ block: "nearest", inline: "nearest" });
        }
    }
}

export const contractTimeline = {
    component: ContractTimeline,
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "amendment_count", type: "integer" },
        { name: "next_billing_date", type: "date" },
    ],
};

registry.category("view_widgets").add("subscription_timeline", contractTimeline);
