// A grid of images: each button shows its part of the sprite sheet.
//
// Streamlit calls the default export when the element appears and whenever its data changes. The
// buttons are recreated only for new images; a new choice moves the frame.

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".picture-grid");
  const { chosen, ...images } = data;
  const shown = JSON.stringify(images);
  if (root.shown !== shown) {
    root.shown = shown;
    fill(root, data);
  }
  frame(root, chosen);
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    frame(root, Number(button.dataset.name)); // immediately, before the rerun
    setTriggerValue("chosen", Number(button.dataset.name));
  };
  // The grid is one stop of the Tab key; the arrow keys move within it.
  root.onkeydown = (event) => {
    const buttons = [...root.children];
    const step = STEPS[event.key] ?? (event.key === "ArrowDown" ? perRow(buttons) : null)
      ?? (event.key === "ArrowUp" ? -perRow(buttons) : null);
    if (step === null) return;
    const next = buttons[buttons.indexOf(document.activeElement) + step];
    if (next) next.focus();
    event.preventDefault();
  };
}

function fill(root, data) {
  const side = data.side;
  const rows = Math.ceil(data.names.length / data.columns);
  root.style.setProperty("--pg-side", `${side}px`);
  root.setAttribute("aria-label", data.label);
  root.replaceChildren(...data.names.map((name, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.role = "option";
    button.dataset.name = name;
    button.title = data.titles[place];
    button.ariaLabel = data.titles[place];
    button.disabled = !data.can_choose;
    const x = place % data.columns, y = Math.floor(place / data.columns);
    button.style.backgroundImage = `url(${data.sheet})`;
    button.style.backgroundSize = `${data.columns * side}px ${rows * side}px`;
    button.style.backgroundPosition = `${-x * side}px ${-y * side}px`;
    if (data.badges[place]) {
      button.className = "wrong";
      const badge = document.createElement("span");
      badge.textContent = data.badges[place];
      button.append(badge);
    }
    return button;
  }));
}

function frame(root, chosen) {
  let stop = root.firstElementChild;
  for (const button of root.children) {
    const here = Number(button.dataset.name) === chosen;
    button.ariaSelected = here ? "true" : "false";
    button.tabIndex = -1;
    if (here) stop = button;
  }
  if (stop) stop.tabIndex = 0;
}

/** Number of images per row at the current width. */
function perRow(buttons) {
  const top = buttons[0]?.offsetTop;
  const next = buttons.findIndex((button) => button.offsetTop !== top);
  return next < 0 ? buttons.length : next;
}
