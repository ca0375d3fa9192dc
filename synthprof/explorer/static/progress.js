// The progress of builds and of runs of Airflow.

import * as api from "./api.js";
import { announce, bar, el, fill, section, sentence } from "./dom.js";
import { count, seconds } from "./format.js";
import { link } from "./place.js";
import { poll } from "./poll.js";

const POLL_SECONDS = 2;

/** States of stages and of Airflow's tasks in words; the class of each is in the style sheet. */
const STATE_TEXTS = {
  waiting: "waiting", scheduled: "waiting", queued: "queued", running: "running", restarting: "running", done: "done", success: "done", failed: "failed",
  up_for_retry: "failed, is tried again", upstream_failed: "not begun, as an earlier one failed", skipped: "skipped, not wanted", deferred: "waiting", up_for_reschedule: "waiting", removed: "not wanted any more",
};
const CLASSES = { success: "done", restarting: "running", up_for_retry: "failed", upstream_failed: "waiting", scheduled: "waiting", queued: "waiting", deferred: "waiting", up_for_reschedule: "waiting", removed: "skipped" };

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

/** Shows the progress of a run until it has succeeded; then calls `arrived` with data set, version and job. */
export async function follow(place, { dag, run, signal, title }, arrived) {
  await poll(async () => {
    const found = await api.run(dag, run, signal);
    if (signal.aborted) return;
    if (found.state === "success" && found.version) return void arrived(found.dataset, found.version, found.job);
    title(found.dataset);
    fill(place, section(HEADS[found.state] ?? `This run is ${found.state}`, hint(found), problemOf(found, false),
      found.dataset && found.version ? el("p", {}, el("a", { href: link({ dataset: found.dataset, version: found.job ? found.version : null }) }, found.job ? "Open the version" : "Open the data set")) : null,
      ...await detail(found, signal)));
    place.removeAttribute("aria-busy");
  }, POLL_SECONDS, signal);
}

const HEADS = { running: "This run is at work", queued: "This run waits to start", failed: "This run failed", success: "This run has succeeded" };

const HINTS = {
  running: "The result appears here when the run has ended.",
  queued: "It begins when the runs before it have ended.",
  failed: "It has published nothing. Readers of the data set see what they saw before.",
  success: "Its result is on the page of the version.",
};

function hint({ state, job }) {
  return state === "failed" && job === "verify" ? null : HINTS[state] ?? HINTS.running;
}

/** What a run is at: the stages of its build, the steps of a verification, or its tasks as Airflow has them. */
export async function detail(run, signal) {
  const builds = run.build && run.dataset ? (await api.progress(run.dataset, signal)).builds : [];
  const mine = builds.find((each) => each.build === run.build);
  if (mine) return [stages(mine, run.tasks)];
  if (run.step) return [el("div", { class: "going" }, bar(run.step.total ? run.step.done / run.step.total : 0), el("span", {}, stepText(run.step)))];
  return run.tasks.length && run.state !== "success" ? [steps(run.tasks.map((task) => ({ stage: task.task, state: task.state, task })))] : [];
}

/** The message of the task that failed, with what helps; null if none has. */
export function problemOf(run, linked = true) {
  if (!run.problem) return null;
  const again = run.tasks.find((task) => task.task === run.failed_task);
  const later = again?.state === "up_for_retry" ? ` It is tried again, ${again.tries} of ${again.tries_allowed} attempts were made.` : "";
  return el("div", { class: "failure", role: "alert" },
    el("h3", {}, "Failed at ", el("code", {}, run.failed_task)),
    el("p", {}, sentence(run.problem), ".", later),
    linked ? null : el("p", {}, el("a", { href: run.url, class: "airflow" }, "The run and its logs in Airflow")));
}

function stages(build, tasks = []) {
  announce(words(build));
  return section(`Build ${build.build}`, words(build),
    build.problem && build.state === "failed" && !tasks.length ? el("p", { class: "problem" }, sentence(build.problem)) : null,
    bar(whole(build), null, "thick"),
    steps(build.stages.map((stage) => {
      const task = tasks.find((each) => each.task.split(".").at(-1) === stage.stage);
      // the files know better what is at work, Airflow why something is not
      const state = task && !["running", "done"].includes(stage.state) && task.state !== "success" ? task.state : stage.state;
      return { ...stage, state, task };
    })));
}

function steps(all) {
  return el("ol", { class: "steps" }, all.map((stage) => el("li", { class: CLASSES[stage.state] ?? stage.state },
    el("span", { class: "dot", "aria-hidden": "true" }),
    el("span", { class: "mono" }, stage.stage),
    el("span", { class: "soft" }, STATE_TEXTS[stage.state] ?? stage.state),
    el("span", { class: "num" }, rows(stage)),
    stage.state === "running" && share(stage) !== null ? bar(share(stage)) : null)));
}

function rows(stage) {
  const time = stage.seconds ? `, ${seconds(stage.seconds)}` : "";
  if (stage.state === "running" && stage.step) return `${stepText(stage.step)}${time}${left(stage)}`;
  if (stage.state === "running" && stage.rows) return `${count(stage.rows_done ?? 0)} of ${count(stage.rows)} rows${time}${left(stage)}`;
  if (stage.state === "done") return stage.rows ? `${count(stage.rows)} rows${time}` : time.slice(2);
  const states = Object.entries(stage.task?.states ?? {});
  return states.length > 1 ? states.map(([state, number]) => `${count(number)} ${STATE_TEXTS[state] ?? state}`).join(", ") : "";
}

function stepText({ done, total, unit }) {
  return total ? `${count(done)} of ${count(total)} ${unit}` : `${done ? count(done) : ""} ${unit}`.trim();
}

function left(stage) {
  return stage.seconds_left === null || stage.seconds_left === undefined ? "" : `, about ${seconds(stage.seconds_left)} left`;
}

/** The share of a stage that is done: of its rows, or of the step that it is at; null if unknown. */
function share(stage) {
  if (stage.step) return stage.step.total ? stage.step.done / stage.step.total : null;
  return stage.rows ? (stage.rows_done ?? 0) / stage.rows : null;
}

function over(dataset) {
  return section("No build in progress", "The build has ended.", el("p", {}, el("a", { href: link({ dataset }) }, "Open the current version")));
}

/** The finished share of all stages; a running stage counts by its rows, or its present step. */
function whole(build) {
  const done = build.stages.map((stage) => (stage.state === "done" ? 1 : stage.state === "running" ? share(stage) ?? 0 : 0));
  return done.reduce((sum, one) => sum + one, 0) / (build.stages.length || 1);
}

function words(build) {
  const done = build.stages.filter((stage) => stage.state === "done").length;
  const at = build.stages.filter((stage) => stage.state === "running").map((stage) => stage.stage);
  return `${done} of ${build.stages.length} stages done${at.length ? `, ${at.join(" and ")} running` : ""}`;
}
