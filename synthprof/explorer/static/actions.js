// Work on a version that is started here and runs in Airflow: rebuild the index, verify the version.

import * as api from "./api.js";
import { announce, el, failure, fill, select, sentence } from "./dom.js";
import { ago, count } from "./format.js";
import { link } from "./place.js";
import { poll } from "./poll.js";
import { detail, problemOf } from "./progress.js";

const KINDS = ["auto", "flat", "ivf_flat", "ivf_sq8", "ivf_pq", "hnsw"];
const NAMES = { verify: "Verification", reindex: "Rebuild of the index", export: "Export", match: "Match" };
const POLL_SECONDS = 2;
const ENDED = ["success", "failed"];

/**
 * The last verification, and forms for readers who may trigger these DAGs, else the reason why they may not.
 *
 * Runs that were started here or elsewhere are followed to their end, also after the page was loaded again.
 */
export function actions(version, { at, can, summary, signal }) {
  const verdict = el("div", { class: "verdict" });
  tell(verdict, summary);
  if (!can.trigger) return el("div", {}, verdict, el("p", { class: "note" }, sentence(can.reason ?? "you may not start work on versions"), "."));
  const context = followed({ at, signal, renew: () => renew({ at, verdict, signal }) }, ["verify", "reindex"]);
  const { answer } = context;
  return el("div", {}, verdict, el("div", { class: "actions" },
    rebuild(version, context),
    el("form", { on: { submit: (event) => start(event, context, "verify", () => api.verify(at, { all: event.target.all.checked })) } },
      el("label", { class: "check" }, el("input", { type: "checkbox", name: "all" }), "check all rows, not a sample"),
      el("button", { type: "submit" }, "Verify")),
    answer));
}

/** A place `answer` that follows the last runs of these jobs on a version; `renew` is called when one has ended. */
export function followed(context, jobs) {
  const whole = { ...context, places: new Map(), answer: el("div", { class: "answer" }) };
  api.work(context.at, context.signal).then(({ runs }) => runs.filter((run) => jobs.includes(run.job)).forEach((run) => follow(whole, run)), () => {});
  return whole;
}

function rebuild(version, context) {
  const memory = el("input", { type: "number", name: "memory", min: 16, max: 1048576, value: version.spec.index_memory_mib ?? 4096, required: true });
  const submit = (event) => start(event, context, "reindex", () => api.reindex(context.at, { index: event.target.index.value, index_memory_mib: memory.valueAsNumber }));
  return el("form", { on: { submit } },
    select("Index", KINDS.map((kind) => [kind, kind]), version.spec.index ?? "auto", () => {}, { name: "index" }),
    el("label", { class: "field" }, el("span", {}, "Memory, MiB"), memory),
    el("button", { type: "submit" }, "Rebuild the index"));
}

/** Starts a job by `act` when its form is sent, and follows its run. */
export async function start(event, context, job, act) {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    const run = await act();
    announce(`${NAMES[job]} was started.`);
    follow(context, { ...run, job, state: "queued", tasks: [] });
  } catch (error) {
    fill(placeOf(context, job), failure(error));
  } finally {
    button.disabled = false;
  }
}

/** Shows a run until it has ended, then its result; a later run of the same job takes its place. */
function follow(context, run) {
  const { at, signal } = context;
  const place = placeOf(context, run.job);
  const ended = new AbortController();
  place.stop?.abort();
  place.stop = ended;
  let now = run;
  let first = true;
  const step = async () => {
    if (!first || !ENDED.includes(now.state)) now = await api.run(run.dag_id, run.run_id, signal);
    first = false;
    if (ended.signal.aborted) return;
    fill(place, ...await shown(now, at, signal));
    if (!ENDED.includes(now.state)) return;
    ended.abort();
    announce(`${NAMES[now.job]}: ${now.state === "success" ? "done" : "failed"}`);
    await context.renew();
  };
  poll(step, POLL_SECONDS, AbortSignal.any([signal, ended.signal])).catch((error) => fill(place, failure(error)));
}

function placeOf({ places, answer }, job) {
  if (!places.has(job)) {
    places.set(job, el("div", { class: "work" }));
    answer.append(places.get(job));
  }
  return places.get(job);
}

async function shown(run, at, signal) {
  const what = [`${NAMES[run.job]} `, el("a", { href: run.url, class: "airflow" }, run.run_id)];
  if (run.state === "failed") return [el("p", { class: "note" }, what, " has failed ", ended(run), "."), problemOf(run)];
  if (run.state !== "success") return [el("p", { class: "note" }, what, run.state === "queued" ? " waits to start in Airflow." : " is at work in Airflow."), problemOf(run), ...await detail(run, signal)];
  const made = run.job === "reindex" && run.version && run.version !== at.version;
  return [el("p", { class: "note good" }, what, " has ended ", ended(run), run.job === "verify" ? ": the version is sound." : ". ",
    made ? el("a", { href: link({ dataset: run.dataset, version: run.version }) }, `Open version ${run.version}`) : null)];
}

function ended(run) {
  return run.ended_at ? ago(run.ended_at) : "just now";
}

/** Shows the verdict that a verification has left. */
async function renew({ at, verdict, signal }) {
  const { datasets } = await api.datasets(signal);
  const mine = datasets.find((each) => each.dataset === at.dataset)?.versions.find((each) => each.version === at.version);
  if (mine && !signal.aborted) tell(verdict, mine);
}

function tell(place, { verified }) {
  if (!verified) return fill(place, el("p", { class: "soft" }, "This version was not verified since it was published."));
  const by = [ago(verified.at), ` by release ${verified.release}`];
  if (verified.sound) return fill(place, el("p", { class: "note good" }, "Verified ", by, ": sound. ", sentence(verified.summary), "."));
  return fill(place, el("div", { class: "failure" },
    el("h3", {}, "Damaged"),
    el("p", {}, "Verified ", by, `: ${count(verified.findings.length)} ${verified.findings.length === 1 ? "fault" : "faults"}.`),
    el("ul", {}, verified.findings.slice(0, 100).map((each) => el("li", {}, sentence(each), "."))),
    el("p", {}, sentence(verified.summary), ".")));
}
