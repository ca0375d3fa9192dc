// The overview of a version: scores, stages, index, parameters, files, and work that can be started on it.

import * as api from "./api.js";
import { actions } from "./actions.js";
import { coherence } from "./coherence.js";
import { duplicates } from "./duplicates.js";
import { bar, data, el, facts, fill, section, table } from "./dom.js";
import { drift } from "./drift.js";
import { bytes, count, score, seconds, share } from "./format.js";

const LACKING = { purity: "No archetypes: clusters are not scored against a truth." };

const BY_ARCHETYPES = ["purity", "purity_by_chance", "homogeneity", "merged_rand_index"];

const STAGES = [
  { name: "stage" },
  { name: "rows", class: "num" },
  { name: "time", class: "num time" },
  { name: "rows/s", class: "num" },
  { name: "peak memory", class: "num" },
  { name: "CPU", class: "num" },
  { name: "written", class: "num" },
  { name: "share of time", class: "bars" },
];

export async function show(place, { at, can, summary, signal }) {
  const version = await api.version(at, signal);
  if (signal.aborted) return;
  fill(place, quality(version), coherence(version), duplicates(version), drift(version), difficulty(version), timeline(version), index(version, { at, can, summary, signal }), parameters(version), files(version));
}

/** The scores with their meanings; of those by archetypes, which all lack where there are none, only the first. */
function quality({ scores, meanings }) {
  const shown = meanings.filter(({ name }) => scores[name] !== null || LACKING[name] || !BY_ARCHETYPES.includes(name));
  return section("Quality", null, el("div", { class: "scores" }, shown.map(({ name, title, meaning }) => {
    const value = scores[name];
    const lacks = value === null && LACKING[name];
    return el("div", {}, el("h3", {}, title), el("p", { class: "value" }, score(value)),
      value !== null && value >= 0 && value <= 1 ? bar(value, null, "thin") : null, el("p", { class: "help" }, lacks || meaning));
  })));
}

function difficulty({ difficulty: figures, real_texts: texts }) {
  if (!figures.length) return null;
  const columns = [{ name: "figure" }, { name: "here", class: "num" }, ...texts.map((each) => ({ name: each.name, class: "num" }))];
  const encoders = texts.map((each) => `${each.name} by ${each.encoder}`).join("; ");
  return section("How hard these vectors are for an index", `Measured on a sample, beside vectors of real texts of as many rows: ${encoders}.`,
    table("Figures of difficulty, of this version and of real texts", columns, figures.map((each) => [
      el("span", { title: each.help }, each.title), figure(each.value), ...each.real.map(figure),
    ])));
}

function figure(value) {
  return value === null ? "–" : Number.isInteger(value) || value >= 100 ? count(Math.round(value)) : value.toPrecision(3);
}

function timeline({ stages, timings: all, seconds: whole }) {
  const total = all.reduce((sum, stage) => sum + stage.seconds, 0) || 1; // stages beside each other count each
  const longest = Math.max(...all.map((stage) => stage.seconds), 0) || 1;
  const lead = `The whole run took ${seconds(whole)}, in ${count(all.length)} stages, from their receipts.`;
  return section("Stages", lead,
    el("div", { class: "strip", "aria-hidden": "true" }, all.map((stage, at) => el("span", {
      vars: { share: stage.seconds / total, hue: Math.round((155 + (300 * at) / all.length) % 360) },
      title: `${stage.stage}: ${seconds(stage.seconds)}, ${share(stage.seconds / total)}`,
    }, stage.seconds / total > 0.07 ? stage.stage : ""))),
    table("Stages with rows, time, rate, memory and bytes written", STAGES, all.map((stage) => [
      stage.shards > 1 ? `${stage.stage} × ${stage.shards}` : stage.stage,
      stage.rows ? count(stage.rows) : "–",
      seconds(stage.seconds),
      stage.rows && stage.seconds ? count(Math.round(stage.rows_per_second)) : "–",
      bytes(stage.peak_memory),
      seconds(stage.cpu_seconds),
      stage.bytes_written ? bytes(stage.bytes_written) : "–",
      bar(stage.seconds / longest),
    ]), "stages"),
    shards(stages));
}

function shards(stages) {
  const parts = stages.filter((stage) => stage.shard);
  if (parts.length < 2) return null;
  const columns = ["stage", "blocks", "rows", "time", "rows/s", "peak memory"].map((name, at) => ({ name, class: at > 1 ? "num" : "" }));
  return el("details", {}, el("summary", {}, `Receipts of the ${count(parts.length)} shards`), table("Shards", columns, parts.map((one) => [
    one.stage, `${one.shard[0]} to ${one.shard[1]}`, count(one.rows), seconds(one.seconds), count(Math.round(one.rows_per_second ?? 0)), bytes(one.peak_memory),
  ]), "stages"));
}

function index(version, context) {
  const { kind, reason, ...rest } = version.index ?? {};
  const told = Object.entries(rest).filter(([, value]) => typeof value === "number" && value > 0)
    .map(([name, value]) => [name.replaceAll("_", " "), Number.isInteger(value) && name !== "recall_at_10" ? count(value) : score(value)]);
  return section("Search index and verification", kind ? reason : "This version has no index; searches compare every row.",
    kind ? facts([["kind", kind], ...told], "pairs") : null, actions(version, context));
}

function parameters({ spec }) {
  return section("Parameters", "The parameters determine every byte of the data: the same parameters make the same data set.",
    el("dl", { class: "spec" }, Object.entries(spec).map(([name, value]) => el("div", {}, el("dt", {}, el("code", {}, name)), el("dd", {}, el("code", {}, value === "" ? "–" : String(value)))))));
}

function files(version) {
  const columns = [{ name: "file" }, { name: "size", class: "num" }, { name: "SHA-256", class: "sum" }];
  return section("Files", "Published files never change; the manifest holds their checksums.",
    table("Files", columns, version.files.map((file) => [data("code", file.path, { lang: null }), bytes(file.bytes), el("code", {}, file.sha256)]), "files"));
}
