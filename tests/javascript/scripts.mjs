// The chart's scripts are parts of one module that Streamlit is handed as text; a part on its own
// exports nothing. This evaluates one and returns the functions that a test names.

import { readFileSync } from "node:fs";

const FOLDER = new URL("../../ui/live/chart/", import.meta.url);

/** `names` as a script of the chart defines them; `globals` are what it finds in the browser. */
export function load(file, names, globals = {}) {
  const source = readFileSync(new URL(file, FOLDER), "utf8");
  const run = new Function(...Object.keys(globals), `${source}\nreturn { ${names.join(", ")} };`);
  return run(...Object.values(globals));
}
