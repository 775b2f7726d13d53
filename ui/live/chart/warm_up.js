// Preloads plotly.js on pages without a chart. Parsing 5 MB of JavaScript takes a browser most of a
// second, which would delay the first chart. plotly.js precedes this file in the same module (see
// __init__.py).

export default function ({ data }) {
  const soon = window.requestIdleCallback ?? ((then) => setTimeout(then, 500));
  soon(() => loadPlotly(data.plotly_version).catch(() => {})); // the chart shows the error
}
