// Where plotly.js comes from: our own server, once for the page.

/** Load it, or wait until it is there. The address names the version, so browsers may keep it. */
function loadPlotly(version) {
  // Kept with the page, because the chart and the warm-up are modules of their own.
  window.labPlotly ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address(`live/plotly.js?v=${encodeURIComponent(version)}`);
    script.onload = done;
    script.onerror = () => {
      window.labPlotly = null; // the next call tries again
      script.remove();
      failed(new Error(script.src));
    };
    document.head.append(script);
  });
  return window.labPlotly;
}

/** Pages lie side by side (/train, /runs), so relative addresses work below a prefix too. */
function address(path) {
  return new URL(path, document.baseURI).href;
}
