// All data sets: their versions and their builds.

import * as api from "./api.js";
import { el, fill, sentence, table } from "./dom.js";
import { ago, bytes, count, score } from "./format.js";
import { link } from "./place.js";
import { poll } from "./poll.js";
import { bars } from "./progress.js";

const COLUMNS = [
  { name: "version" },
  { name: "published" },
  { name: "rows", class: "num" },
  { name: "size", class: "num" },
  { name: "seed", class: "num" },
  { name: "encoder" },
  { name: "clusters", class: "num" },
  { name: "purity", class: "num" },
  { name: "silhouette", class: "num" },
  { name: "recall@10", class: "num" },
  { name: "state" },
];

const STATES = {
  building: "A run is working on it",
  failed: "A stage failed; clear it in Airflow, or run again: finished stages are kept",
  stopped: "No run is working on it; run again to continue where it stopped",
};

/** Shows the list and renews it when a version or a build appears, changes or disappears. */
export async function show(place, { signal }) {
  let shown = "";
  const renewed = api.renewingSignal(signal);
  await poll(async () => {
    const found = await api.datasets(signal);
    const now = JSON.stringify(found, (name, value) => (name === "updated_at" || name === "done" ? undefined : value));
    if (now === shown || signal.aborted) return;
    shown = now;
    fill(place, el("h1", {}, "Data sets"), ...list(found, renewed()));
    place.removeAttribute("aria-busy");
  }, 5, signal);
}

function list(found, signal) {
  if (!found.datasets.length) return [empty(found.home)];
  const all = found.datasets.length;
  return [
    el("p", { class: "lead" }, `${count(all)} ${all === 1 ? "data set" : "data sets"} in `, el("code", {}, found.home)),
    ...found.datasets.map((each) => one(each, signal)),
  ];
}

function empty(home) {
  return el("section", { class: "empty" },
    el("h2", {}, "No data sets yet"),
    el("p", {}, "There is no data set in ", el("code", {}, home), ". Make one in a terminal:"),
    el("pre", {}, el("code", {}, `SYNTHPROF_HOME=${quoted(home)} synthprof run`)),
    el("p", {}, "For texts of your own, use ", el("code", {}, "synthprof embed"), ". In Airflow, trigger the DAG ", el("code", {}, "synthprof_generate"), ". Its progress appears here."));
}

/** The path as a shell reads it. */
function quoted(path) {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function one(dataset, signal) {
  const id = `set-${dataset.dataset}`;
  return el("section", { "aria-labelledby": id },
    el("h2", { id, dir: "auto" }, dataset.current ? el("a", { href: link({ dataset: dataset.dataset }) }, dataset.dataset) : dataset.dataset),
    dataset.problems.map((problem) => el("p", { class: "problem" }, sentence(problem))),
    dataset.builds.map((build) => builds(dataset.dataset, build, signal)),
    dataset.versions.length
      ? table(`Versions of ${dataset.dataset}`, COLUMNS, dataset.versions.map(row), "versions")
      : !dataset.problems.length && el("p", { class: "soft" }, "No version is published yet."));
}

function row(version) {
  const { scores } = version;
  return [
    el("a", { href: link({ dataset: version.dataset, version: version.version }), class: "mono" }, version.version),
    ago(version.published_at),
    count(version.rows),
    bytes(version.bytes),
    String(version.seed),
    version.encoder,
    version.clusters === null ? "–" : count(version.clusters),
    score(scores.purity),
    score(scores.silhouette),
    score(scores.recall_at_10),
    version.current ? el("span", { class: "badge current" }, "current") : el("span", { class: "badge older" }, "published"),
  ];
}

function builds(dataset, build, signal) {
  const { state } = build;
  const place = el("div", { class: "build" },
    el("div", { class: "row" },
      el("span", { class: `badge ${state}`, title: STATES[state] }, state),
      el("span", {}, `${count(build.rows)} ${build.row_word}s, seed ${build.seed}, ${build.encoder}`),
      el("span", { class: "soft" }, ago(build.updated_at)),
      el("a", { href: link({ dataset, view: "progress", build: build.build }) }, "Progress")));
  if (build.problem) place.append(el("p", { class: "problem" }, sentence(build.problem)));
  if (state === "building") bars(place, dataset, build.build, signal);
  else place.append(el("p", { class: "soft" }, `${build.done.length} of ${build.stages.length} stages are done. ${STATES[state]}.`));
  return place;
}
