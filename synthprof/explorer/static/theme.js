// The colour scheme: that of the system or, in a frame of Airflow, that of Airflow.

const night = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark. */
export function dark() {
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return scheme === "light dark" ? night.matches : scheme === "dark";
}

/** Calls `act` when the page turns light or dark, until the signal aborts. */
export function onTheme(act, signal) {
  window.addEventListener("themechange", act, { signal });
}

/** Makes the page follow the system, or the scheme in the style of the window that frames it. */
export function followTheme() {
  night.addEventListener("change", turned);
  if (window.parent === window) return;
  const framing = window.parent.document.documentElement;
  const adopt = () => {
    const scheme = framing.ownerDocument.defaultView.getComputedStyle(framing).colorScheme;
    document.documentElement.style.colorScheme = ["light", "dark"].includes(scheme) ? scheme : "";
    turned();
  };
  new MutationObserver(adopt).observe(framing, { attributeFilter: ["class", "style"] });
  adopt();
}

function turned() {
  window.dispatchEvent(new Event("themechange"));
}
