import { registry } from "@web/core/registry";
import {
    JournalDashboardGraphField,
    journalDashboardGraphField,
} from "@web/views/fields/journal_dashboard_graph/journal_dashboard_graph_field";

/** Values of an index by period, with their scale; the line breaks where a value is missing. */
export class IndexGraphField extends JournalDashboardGraphField {
    renderChart() {
        this.data = JSON.parse(this.props.record.data[this.props.name]);
        super.renderChart();
    }

    getLineChartConfig() {
        const config = super.getLineChartConfig();
        const [dataset] = config.data.datasets;
        Object.assign(dataset, { fill: false, pointRadius: 0, pointHitRadius: 6, spanGaps: false });
        // a value between two missing ones has no line: it shows as a point
        const values = dataset.data;
        dataset.pointRadius = ({ dataIndex }) =>
            [dataIndex - 1, dataIndex + 1].some((i) => values[i]?.y != null) ? 0 : 2;
        config.options.scales = {
            x: { grid: { display: false }, ticks: { maxTicksLimit: 12, maxRotation: 0 } },
            y: { ticks: { maxTicksLimit: 6 } },
        };
        return config;
    }
}

registry.category("fields").add("subscription_index_graph", {
    ...journalDashboardGraphField,
    component: IndexGraphField,
    extractProps: () => ({ graphType: "line" }),
});
