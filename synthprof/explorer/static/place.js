// The state of the page, which is all in its address, so that every view can be linked and bookmarked.

const LISTS = new Set(["where", "only"]);

let known = location.search;

/** The parameters of the address as an object; `where` and `only` are lists. */
export function here() {
  const found = {};
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (LISTS.has(name)) (found[name] ??= []).push(value);
    else found[name] = value;
  }
  return found;
}

/** A relative address with these parameters; empty ones are left out. */
export function link(parameters) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== "" && one !== null && one !== undefined && one !== false) found.append(name, one);
  }
  return `?${found}`;
}

/** Opens the view with these parameters; the browser's button leads back. */
export function go(parameters) {
  step(link(parameters));
  window.dispatchEvent(new Event("placechange"));
}

/** Opens the view with these parameters in place of this one, which leaves the history. */
export function replace(parameters) {
  note(parameters);
  window.dispatchEvent(new Event("placechange"));
}

/** Puts the parameters into the address without a new entry in the history. */
export function note(parameters) {
  history.replaceState(null, "", link(parameters));
  known = location.search;
}

function step(address) {
  history.pushState(null, "", address);
  known = location.search;
}

/** Calls `act` when the address changes; links within the page no longer reload it. */
export function follow(act) {
  window.addEventListener("popstate", () => {
    if (location.search === known) return; // only the fragment changed
    known = location.search;
    act();
  });
  window.addEventListener("placechange", act);
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest?.("a[href]");
    if (!anchor || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (anchor.classList.contains("airflow")) leaveFrame(event, anchor);
    else if (anchor.getAttribute("href").startsWith("?")) {
      event.preventDefault();
      step(anchor.href);
      act();
    }
  });
}

/**
 * Opens a link to Airflow's own pages in Airflow's window, not in the frame that shows this page.
 *
 * The frame may neither navigate the window nor open another; a link in the window's own document may.
 */
function leaveFrame(event, anchor) {
  if (window.parent === window) return;
  event.preventDefault();
  const twin = window.parent.document.createElement("a");
  twin.href = anchor.href;
  window.parent.document.body.append(twin);
  twin.click();
  twin.remove();
}
