// On a narrow window the pages are listed in a drawer. Streamlit closes it after a choice only
// where the browser says that it is a phone's; a small window, a tablet or a phone that asks for
// the desktop's page has to close it by itself, or the page that was chosen stays covered.

const OPEN_DRAWER = "[data-testid=stSidebarCollapseButton] button";
/** Streamlit has closed its drawer after that time, in milliseconds, where it does. */
const STREAMLITS_TURN = 50;

function closeDrawer() {
  setTimeout(() => document.querySelector(OPEN_DRAWER)?.click(), STREAMLITS_TURN);
}

/** Called whenever another page is drawn. */
export default function () {
  // The first choice may have come before this script: then the address is not the loaded one.
  window.labAddress ??= new URL(performance.getEntriesByType("navigation")[0].name).pathname;
  if (window.labAddress !== location.pathname) closeDrawer();
  window.labAddress = location.pathname;
  if (window.labClosesDrawer) return;
  window.labClosesDrawer = true;
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-testid=stSidebarNavLink]")) closeDrawer();
  });
}
