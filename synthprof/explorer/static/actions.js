// Work on a version that is started here and runs in Airflow: rebuild the index, verify the version.

import * as api from "./api.js";
import { announce, el, failure, fill, select, sentence } from "./dom.js";

const KINDS = ["auto", "flat", "ivf_flat", "ivf_sq8", "ivf_pq", "hnsw"];

/** Forms for readers who may trigger these DAGs, else the reason why they may not. */
export function actions(version, at, can) {
  if (!can.trigger) return el("p", { class: "note" }, sentence(can.reason ?? "you may not start work on versions"), ".");
  const answer = el("div", { class: "answer" });
  return el("div", { class: "actions" },
    rebuild(version, at, answer),
    el("form", { on: { submit: (event) => start(event, answer, "Verification", () => api.verify(at, { all: event.target.all.checked })) } },
      el("label", { class: "check" }, el("input", { type: "checkbox", name: "all" }), "check all rows, not a sample"),
      el("button", { type: "submit" }, "Verify")),
    answer);
}

function rebuild(version, at, answer) {
  const memory = el("input", { type: "number", name: "memory", min: 16, max: 1048576, value: version.spec.index_memory_mib ?? 4096, required: true });
  const submit = (event) => start(event, answer, "The rebuild of the index", () => api.reindex(at, { index: event.target.index.value, index_memory_mib: memory.valueAsNumber }));
  return el("form", { on: { submit } },
    select("Index", KINDS.map((kind) => [kind, kind]), version.spec.index ?? "auto", () => {}, { name: "index" }),
    el("label", { class: "field" }, el("span", {}, "Memory, MiB"), memory),
    el("button", { type: "submit" }, "Rebuild the index"));
}

async function start(event, answer, what, act) {
  event.preventDefault();
  const button = event.target.querySelector("button");
  button.disabled = true;
  try {
    const run = await act();
    announce(`${what} was started.`);
    fill(answer, el("p", { class: "note good" }, `${what} runs in Airflow as `, el("a", { href: run.url, class: "airflow" }, run.run_id), "."));
  } catch (error) {
    fill(answer, failure(error));
  } finally {
    button.disabled = false;
  }
}
