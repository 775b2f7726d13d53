// For pages without a chart: load plotly.js while the reader reads. To read 5 MB of JavaScript
// takes a browser most of a second, which the first chart would otherwise begin with.
// plotly.js stands before this file in the same module (see __init__.py).

export default function ({ data }) {
  const soon = window.requestIdleCallback ?? ((then) => setTimeout(then, 500));
  soon(() => loadPlotly(data.plotly_version).catch(() => {})); // the chart itself will say so
}
