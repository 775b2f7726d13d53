// Loads plotly.js from the lab's own server, once per page.

/** Load plotly.js, or wait for it. The URL contains the version, so that browsers may cache it. */
function loadPlotly(version) {
  // On the window, because the chart and the preloader are separate modules.
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

/** All pages have the same depth (/train, /runs), so relative URLs also work below a base path. */
function address(path) {
  return new URL(path, document.baseURI).href;
}
