// Where the reader is: all of it in the address, so that every view can be linked, kept and gone back to.

const LISTS = new Set(["where"]);

let known = location.search;

/** The parameters of the address as an object; `where` is a list. */
export function here() {
  const found = {};
  for (const [name, value] of new URLSearchParams(location.search)) {
    if (LISTS.has(name)) (found[name] ??= []).push(value);
    else found[name] = value;
  }
  return found;
}

/** A relative address with these parameters; what is empty is left out. */
export function link(parameters) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== "" && one !== null && one !== undefined && one !== false) found.append(name, one);
  }
  return `?${found}`;
}

/** The reader is there, and the browser's button leads back. */
export function go(parameters) {
  step(link(parameters));
  window.dispatchEvent(new Event("placechange"));
}

/** The reader is there instead of here: the browser's button does not lead back to what only led on. */
export function goOn(parameters) {
  note(parameters);
  window.dispatchEvent(new Event("placechange"));
}

/** The address says what is seen, without a step in the history. */
export function note(parameters) {
  history.replaceState(null, "", link(parameters));
  known = location.search;
}

function step(address) {
  history.pushState(null, "", address);
  known = location.search;
}

/** Calls `act` whenever the reader is somewhere else; links within the page no longer load it anew. */
export function follow(act) {
  window.addEventListener("popstate", () => {
    if (location.search === known) return; // a place within the view, such as its beginning
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
 * A link to Airflow's own pages opens in Airflow, not in the frame in which Airflow shows this page.
 *
 * Airflow's frame may neither navigate the window nor open one; a link in the window's own document may.
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
