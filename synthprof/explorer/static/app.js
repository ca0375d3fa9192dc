// The page: it reads the address, draws the head and opens the view that the address names.
//
// To add a view of a version, write a module with a function `show(place, context)` and add it to `VIEWS`. Three
// other views have no version: all data sets, the builds of one data set, and one run of Airflow (`choose`).

import * as api from "./api.js";
import { announce, el, facts, failure, fill, select, speak, waiting } from "./dom.js";
import { ago, bytes, count, since } from "./format.js";
import { follow, go, here, link, replace } from "./place.js";
import { followTheme } from "./theme.js";

/**
 * The views of a version by name in the address, in the order of their tabs: the tab's text, and the module.
 *
 * The page loads the module when its view is opened and calls `show(place, context)`, which fills the element
 * `place`. Of the context, `at` names the version for `api.js`; `summary`, `dataset` and `can` are the version, its
 * data set and the reader's permissions as the list of data sets has them; `asked` holds the parameters of the
 * address. `signal` aborts when the reader leaves the view: pass it to every request, and stop when it has aborted.
 */
const VIEWS = {
  overview: ["Overview", () => import("./overview.js")],
  schema: ["Schema", () => import("./schema.js")],
  marginals: ["Marginals", () => import("./marginals.js")],
  clusters: ["Clusters", () => import("./clusters.js")],
  map: ["Map", () => import("./map.js")],
  search: ["Search", () => import("./search.js")],
  compare: ["Compare", () => import("./compare.js")],
  derived: ["Exports and loads", () => import("./derived.js")],
};

/** Jobs whose results stand in the view `derived`. */
const DERIVATIONS = new Set(["export", "workload", "load", "match"]);

const main = document.getElementById("main");
const head = document.getElementById("head");
const trail = document.getElementById("here");

let moved = new AbortController();
let seen = null;

followTheme();
follow(show);
show();

/** Shows the view of the address and aborts the requests of the previous one. */
async function show() {
  moved.abort();
  moved = new AbortController();
  const { signal } = moved;
  try {
    await choose(here(), signal);
    if (!signal.aborted) main.removeAttribute("aria-busy");
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    main.removeAttribute("aria-busy");
    fill(main, failure(error, show));
  }
}

function choose(at, signal) {
  if (at.dag_id && at.run_id && !at.dataset) return showRun(at, signal);
  if (!at.dataset) return showDatasets(signal);
  if (at.view === "progress") return showProgress(at, signal);
  return showVersion(at, signal);
}

async function showDatasets(signal) {
  begin("datasets", "Data sets");
  fill(head);
  fill(trail);
  const { show: view } = await import("./datasets.js");
  await view(main, { signal });
}

async function showProgress(at, signal) {
  begin(`${at.dataset} progress`, at.dataset, "Progress");
  fill(head, title(at.dataset));
  fill(trail, crumbs(at.dataset));
  const { show: view } = await import("./progress.js");
  await view(main, { dataset: at.dataset, build: at.build, signal });
}

/** Opens the version that a run of Airflow made, or shows the progress of the run. */
async function showRun(at, signal) {
  begin(`run ${at.run_id}`, "Run");
  const { follow: followRun } = await import("./progress.js");
  await followRun(main, { dag: at.dag_id, run: at.run_id, signal, title: (dataset) => fill(head, title(dataset ?? at.run_id)) },
    (dataset, version, job) => replace({ dataset, version, view: DERIVATIONS.has(job) ? "derived" : null }));
}

async function showVersion(at, signal) {
  const view = Object.hasOwn(VIEWS, at.view) ? at.view : "overview";
  const [name, load] = VIEWS[view];
  begin(`${at.dataset} ${at.version ?? ""} ${view}`, at.dataset, name);
  const loading = load();
  const listed = await api.datasets(signal);
  const dataset = listed.datasets.find((each) => each.dataset === at.dataset);
  if (!dataset) throw new api.ApiError(404, `There is no data set “${at.dataset}” in ${listed.home}.`);
  const wanted = at.version && at.version !== "current" ? at.version : dataset.current;
  if (!wanted && dataset.problems.length) throw new api.ApiError(409, dataset.problems.join("; "));
  if (!wanted) return showProgress(at, signal);
  const summary = dataset.versions.find((each) => each.version === wanted) ?? await api.version({ dataset: dataset.dataset, version: wanted }, signal);
  if (signal.aborted) return undefined;
  fill(trail, crumbs(dataset.dataset));
  speak(summary.view.language);
  fill(head, title(dataset.dataset, summary), versions(dataset, summary, view), strip(summary), tabs(at, view));
  head.querySelector("[aria-current]").scrollIntoView({ inline: "center", block: "nearest" });
  const module = await loading;
  if (signal.aborted) return undefined;
  const place = { dataset: summary.dataset, version: summary.version, published_at: summary.published_at };
  return module.show(main, { at: place, asked: at, summary, dataset, can: listed.can, signal });
}

/** Sets the title of a view; if it is not the previous one, also scrolls to the top and moves the focus. */
function begin(key, ...names) {
  document.title = [...names, "synthprof"].join(" · ");
  main.setAttribute("aria-busy", "true");
  if (key === seen) return;
  fill(main, waiting(names.at(-1)));
  if (seen !== null) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
    announce(names.join(", "));
  }
  seen = key;
}

function title(dataset, summary = null) {
  const state = summary && (summary.current ? ["current", "Readers of the data set see this version"] : ["older", "Readers see another version of the data set"]);
  return el("div", { class: "title" }, el("h1", { dir: "auto" }, dataset),
    state ? el("span", { class: `badge ${state[0]}`, title: state[1] }, state[0]) : null);
}

function crumbs(dataset) {
  return [el("a", { href: "?" }, "Data sets"), el("span", { "aria-hidden": "true" }, "/"), el("a", { href: link({ dataset }), dir: "auto" }, dataset)];
}

function versions(dataset, summary, view) {
  const options = dataset.versions.map((each) => [each.version, `${each.version} · ${since(each.published_at)}${each.current ? " · current" : ""}`]);
  return el("div", { class: "row" },
    select("Version", options, summary.version, (version) => go({ dataset: dataset.dataset, version, view: view === "overview" ? null : view })),
    el("a", { href: api.report(summary), class: "quiet" }, "Report of this version"));
}

function strip(summary) {
  return facts([
    [`${summary.row_word}s`, count(summary.rows)],
    ["clusters", summary.clusters === null ? "–" : count(summary.clusters)],
    ["on disk", bytes(summary.bytes)],
    ["published", ago(summary.published_at)],
    ["seed", String(summary.seed)],
    ["encoder", summary.encoder],
  ]);
}

function tabs(at, view) {
  return el("nav", { class: "tabs", "aria-label": "Views of this version" }, Object.entries(VIEWS).map(([key, [name]]) => el("a", {
    href: link({ dataset: at.dataset, version: at.version, view: key === "overview" ? null : key }),
    "aria-current": key === view ? "page" : null,
  }, name)));
}
