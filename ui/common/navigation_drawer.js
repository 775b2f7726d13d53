// In a narrow window the menu is a drawer. Streamlit closes it after a choice only on phones; in a
// small window, on a tablet, or with the desktop site requested, the drawer would cover the page.

const OPEN_DRAWER = "[data-testid=stSidebarCollapseButton] button";
/** Time in milliseconds after which Streamlit has closed the drawer, if it does. */
const STREAMLIT_DELAY = 50;

function closeDrawer() {
  setTimeout(() => document.querySelector(OPEN_DRAWER)?.click(), STREAMLIT_DELAY);
}

/** Called for each new page. */
export default function () {
  // If a page was chosen before this script ran, the address differs from the loaded address.
  window.labAddress ??= new URL(performance.getEntriesByType("navigation")[0].name).pathname;
  if (window.labAddress !== location.pathname) closeDrawer();
  window.labAddress = location.pathname;
  if (window.labClosesDrawer) return;
  window.labClosesDrawer = true;
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-testid=stSidebarNavLink]")) closeDrawer();
  });
}
