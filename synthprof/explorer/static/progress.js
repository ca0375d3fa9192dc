// The progress of builds and of runs of Airflow.

import * as api from "./api.js";
import { announce, bar, el, fill, section, sentence } from "./dom.js";
import { count, seconds } from "./format.js";
import { link } from "./place.js";
import { poll } from "./poll.js";

const POLL_SECONDS = 2;
const STATE_TEXTS = { waiting: "waiting", running: "running", done: "done" };

/** Shows the builds of a data set, or one of them. */
export async function show(place, { dataset, build, signal }) {
  await poll(async () => {
    const found = await api.progress(dataset, signal);
    if (signal.aborted) return;
    const wanted = found.builds.filter((each) => !build || each.build === build);
    fill(place, wanted.length ? wanted.map(stages) : over(dataset));
    place.removeAttribute("aria-busy");
  }, POLL_SECONDS, signal);
}

/** Adds a line with a progress bar to an element and renews it until the signal aborts. */
export function bars(place, dataset, build, signal) {
  const line = el("div", { class: "going" });
  place.append(line);
  poll(async () => {
    const found = await api.progress(dataset, signal).catch(() => null);
    const mine = found?.builds.find((each) => each.build === build);
    if (mine && !signal.aborted) fill(line, bar(whole(mine)), el("span", {}, words(mine)));
  }, POLL_SECONDS, signal);
}

/** Shows the progress of a run until it has succeeded; then calls `arrived` with data set and version. */
export async function follow(place, { dag, run, signal, title }, arrived) {
  await poll(async () => {
    const found = await api.run(dag, run, signal);
    if (signal.aborted) return;
    if (found.state === "success" && found.version) return void arrived(found.dataset, found.version);
    title(found.dataset);
    const builds = found.build ? (await api.progress(found.dataset, signal)).builds : [];
    const mine = builds.find((each) => each.build === found.build);
    fill(place, section(`This run is ${found.state}`, HINTS[found.state] ?? HINTS.running,
      found.dataset ? el("p", {}, el("a", { href: link({ dataset: found.dataset }) }, "Open the data set")) : null), mine ? stages(mine) : null);
    place.removeAttribute("aria-busy");
  }, POLL_SECONDS, signal);
}

const HINTS = {
  running: "The version appears here when the run has succeeded.",
  queued: "The run waits to start.",
  failed: "The logs of its tasks contain the error. Clear the failed task to continue the run. Readers of the data set still see the previous version.",
  success: "The run has no version that could be shown here.",
};

function stages(build) {
  announce(words(build));
  return section(`Build ${build.build}`, words(build),
    build.problem ? el("p", { class: "problem" }, sentence(build.problem)) : null,
    bar(whole(build), null, "thick"),
    el("ol", { class: "steps" }, build.stages.map((stage) => el("li", { class: stage.state },
      el("span", { class: "dot", "aria-hidden": "true" }),
      el("span", { class: "mono" }, stage.stage),
      el("span", { class: "soft" }, STATE_TEXTS[stage.state] ?? stage.state),
      el("span", { class: "num" }, rows(stage)),
      stage.state === "running" && stage.rows ? bar((stage.rows_done ?? 0) / stage.rows) : null))));
}

function rows(stage) {
  const time = stage.seconds ? `, ${seconds(stage.seconds)}` : "";
  if (stage.state === "waiting") return "";
  if (stage.state === "running" && stage.rows) return `${count(stage.rows_done ?? 0)} of ${count(stage.rows)}${time}`;
  return stage.rows ? `${count(stage.rows)} rows${time}` : time.slice(2);
}

function over(dataset) {
  return section("No build in progress", "The build has ended.", el("p", {}, el("a", { href: link({ dataset }) }, "Open the current version")));
}

/** The finished share of all stages; a running stage counts by its rows. */
function whole(build) {
  const done = build.stages.map((stage) => (stage.state === "done" ? 1 : stage.state === "running" && stage.rows ? (stage.rows_done ?? 0) / stage.rows : 0));
  return done.reduce((sum, one) => sum + one, 0) / (build.stages.length || 1);
}

function words(build) {
  const done = build.stages.filter((stage) => stage.state === "done").length;
  const at = build.stages.filter((stage) => stage.state === "running").map((stage) => stage.stage);
  return `${done} of ${build.stages.length} stages done${at.length ? `, ${at.join(" and ")} running` : ""}`;
}
