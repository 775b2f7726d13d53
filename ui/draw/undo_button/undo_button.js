// Presses the "Undo" of the canvas, which is in a shadow tree, and hides the canvas's toolbar.
//
// Emptying the canvas replaces it, so it is searched for again.

const HIDDEN = ".dc-toolbar { display: none !important; }";

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector(".undo-button");
  button.textContent = data.label;
  button.title = data.words;
  const inner = new MutationObserver(update);
  let tree = null;

  function update() {
    const found = canvasTree(data.canvas);
    if (found !== tree) {
      inner.disconnect();
      tree = found;
      if (tree) inner.observe(tree, { subtree: true, childList: true, attributeFilter: ["disabled"] });
    }
    if (tree && !tree.querySelector("style.lab-no-toolbar")) {
      const style = document.createElement("style");
      style.className = "lab-no-toolbar";
      style.textContent = HIDDEN;
      tree.append(style);
    }
    button.disabled = !enabled("Undo");
  }

  function enabled(name) {
    const found = tree && tree.querySelector(`button[aria-label="${name}"]`);
    return found && !found.disabled ? found : null;
  }

  function press(name) {
    update();
    const found = enabled(name);
    if (found) found.click();
    return found !== null;
  }

  function onKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const letter = event.key.toLowerCase();
    const again = letter === "y" || (letter === "z" && event.shiftKey);
    if (!again && letter !== "z") return;
    // In a text field these keys undo typing.
    const target = event.composedPath()[0];
    if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (press(again ? "Redo" : "Undo")) event.preventDefault();
  }

  // The canvas appears after this button, in a tree that no observer from outside sees.
  const timer = setInterval(update, 200);
  button.onclick = () => press("Undo");
  document.addEventListener("keydown", onKey);
  update();
  return () => {
    inner.disconnect();
    clearInterval(timer);
    document.removeEventListener("keydown", onKey);
  };
}

// The shadow tree of the newest canvas: the old canvas may still exist for a moment.
function canvasTree(key) {
  const hosts = [...document.querySelectorAll(`.st-key-${key} *`)];
  const trees = hosts.map((host) => host.shadowRoot).filter((tree) => tree?.querySelector("canvas"));
  return trees.at(-1) ?? null;
}
