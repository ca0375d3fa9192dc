// Light or dark: as the reader's system is, or, in a frame of Airflow, as Airflow is.

const night = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark now. */
export function dark() {
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return scheme === "light dark" ? night.matches : scheme === "dark";
}

/** Calls `act` whenever the page turns light or dark, until the signal. */
export function onTheme(act, signal) {
  window.addEventListener("themechange", act, { signal });
}

/** The page follows its system, or the window that frames it; Airflow says in its style which scheme it has. */
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
