// What is derived from a version and lies beside it: exports, workloads, matches, loads, measurements.

import * as api from "./api.js";
import { followed, start } from "./actions.js";
import { data, el, fill, section, select, sentence, table } from "./dom.js";
import { ago, bytes, count, score, share } from "./format.js";
import { poll } from "./poll.js";

const POLL_SECONDS = 5;
const MOST_NAMES = 5;

/** The class of the badge and the text of each state. */
const STATES = {
  finished: ["current", "finished"],
  working: ["building", "in the making"],
  stopped: ["stopped", "cut short"],
};

/** Shows all of it and renews a part when it changes; the form stays as it is. */
export async function show(place, context) {
  const { at, signal } = context;
  const parts = [["exports", exported], ["workloads", asked], ["matches", matched], ["loads", loaded], ["measurements", measured]]
    .map(([name, told]) => ({ name, told, rows: el("div", {}), shown: "" }));
  const renew = () => Promise.all(parts.map(async (part) => {
    const found = await api[part.name](at, signal);
    const now = JSON.stringify(found);
    if (signal.aborted || now === part.shown) return;
    part.shown = now;
    fill(part.rows, part.told(found, at));
  }));
  await renew();
  if (signal.aborted) return;
  const [exports, workloads, matches, loads, measurements] = parts.map((part) => part.rows);
  fill(place,
    section("Exports", "The rows in formats that other programs read, in folders that are whole without the version.",
      exports, exporting(context, JSON.parse(parts[0].shown).formats, renew)),
    section("Workloads", "Queries of four classes, from easy to hard, with their exact nearest rows, also under filters.", workloads),
    section("Near-identical pictures", "Pairs and groups of pictures that show the same: of this version, or of a folder. Of avatars it is known how many planted copies were found.",
      matches, matching(context, JSON.parse(parts[2].shown), renew)),
    section("Loads", "Databases and search engines that were filled, as the checkpoints beside the version tell it.", loads),
    section("Measurements", "Recall and speed of indexes and databases on these workloads.", measurements));
  place.removeAttribute("aria-busy");
  poll(renew, POLL_SECONDS, signal).catch(() => {});
}

/** The form that starts an export, for readers who may, else the reason why they may not. */
function exporting({ at, can, signal }, formats, renew) {
  if (!can.trigger) return el("p", { class: "note" }, sentence(can.reason ?? "you may not start work on versions"), ".");
  const context = followed({ at, signal, renew }, ["export"]);
  const submit = (event) => start(event, context, "export", () => api.makeExport(at, { format: event.target.format.value }));
  return el("div", { class: "actions" },
    el("form", { on: { submit } },
      select("Format", formats.map((each) => [each, each]), "parquet", () => {}, { name: "format" }),
      el("button", { type: "submit" }, "Export")),
    context.answer);
}

function exported({ exports: all }, at) {
  if (!all.length) return none("No export was made of this version.", `synthprof export ${version(at)} --format parquet`);
  return all.map((each) => item(each.format, each,
    [`${count(each.rows)} rows`, each.state === "finished" ? `${count(each.files)} ${each.files === 1 ? "file" : "files"}` : "", bytes(each.bytes), options(each.options)],
    each.opened ? line("Open it by", each.opened) : null,
    each.state === "finished" ? null : el("p", { class: "soft" }, each.state === "stopped" ? "The same order goes on from there." : "It appears whole when it is finished."),
    line("Folder", each.folder)));
}

function asked({ workloads: all }, at) {
  if (!all.length) return none("No workload was made for this version.", `synthprof workload ${version(at)}`);
  const columns = [{ name: "class" }, { name: "queries", class: "num" }, { name: "mean hardness", class: "num" }];
  return all.map((each) => item(each.key, each,
    [`${count(each.queries)} queries`, `${each.space}s`, each.metrics.join(", "), each.streams.length ? `streams: ${each.streams.join(", ")}` : "", bytes(each.bytes)],
    each.problem ? el("p", { class: "problem" }, sentence(each.problem)) : null,
    table(`Classes of queries of ${each.key}`, columns, each.classes.map((one) => [one.name, count(one.queries), score(one.hardness)]), "narrow"),
    each.filters.length ? el("details", {}, el("summary", {}, `${count(each.filters.length)} ${each.filters.length === 1 ? "filter" : "filters"}`), filters(each)) : null,
    line("Folder", each.folder)));
}

function filters(workload) {
  const columns = [{ name: "filter" }, { name: "kind" }, { name: "rows", class: "num" }, { name: "share", class: "num" }, { name: "correlation", class: "num" }];
  return table(`Filters of ${workload.key}`, columns, workload.filters.map((each) => [each.name, each.kind, count(each.rows), share(each.selectivity), score(each.correlation)]), "narrow");
}

/** Whose pictures a match is of, in words. */
const PICTURES = { avatars: "the avatars of this version", thumbnails: "the thumbnails of this version", elsewhere: "a folder" };

/** The form that starts a match; an old one of the same order stays as it is. */
function matching({ at, can, signal }, { pictures, elsewhere }, renew) {
  if (!can.trigger) return null;
  const choices = [...(pictures ? [pictures] : []), ...(elsewhere ? ["elsewhere"] : [])];
  if (!choices.length) return el("p", { class: "note" }, "This version has no pictures, and no folder may be matched from here: ", el("code", {}, "SYNTHPROF_SOURCES"), " names none.");
  const context = followed({ at, signal, renew }, ["match"]);
  const folder = el("input", { type: "text", name: "pictures", maxlength: 1000, required: true, placeholder: "/sources/photos", spellcheck: "false", autocapitalize: "off", dir: "auto" });
  const field = el("label", { class: "field" }, el("span", {}, "Folder, table or tar file"), folder);
  const choose = (choice) => {
    field.hidden = choice !== "elsewhere";
    folder.disabled = field.hidden;
  };
  choose(choices[0]);
  const submit = (event) => start(event, context, "match", () => api.match(at, { features: Number(event.target.features.value), pictures: folder.disabled ? "" : folder.value.trim() }));
  const presets = [["0", "by their number"], ...["50", "100", "150", "200", "300"].map((each) => [each, each])];
  return el("div", { class: "actions" },
    el("form", { on: { submit } },
      select("Pictures", choices.map((each) => [each, PICTURES[each]]), choices[0], choose, { name: "of" }),
      field,
      select("Features of a picture", presets, "0", () => {}, { name: "features" }),
      el("button", { type: "submit" }, "Match")),
    context.answer);
}

function matched({ matches: all, pictures }, at) {
  if (!all.length) return none("No pictures were matched.", `synthprof match ${version(at)}${pictures ? "" : " --pictures photos/"}`);
  return all.map((each) => item(each.key, each,
    [`of ${PICTURES[each.of]}`, `${count(each.pictures)} pictures`, each.pairs === null ? "" : `${several(each.pairs, "pair")} in ${several(each.groups, "group")}`,
      each.recall === null ? "" : `recall ${score(each.recall)}, precision ${score(each.precision)}`,
      `${count(each.options.features)} features of each`, bytes(each.bytes)],
    each.problem ? el("p", { class: "problem" }, sentence(each.problem)) : null,
    each.pairs ? el("p", {}, el("a", { href: api.matchPage(at, each.name) }, "Pairs side by side")) : null,
    line("Folder", each.folder)));
}

function loaded({ loads: all }, at) {
  if (!all.length) return none("This version was loaded into no database from here.", `synthprof load ${version(at)} --into duckdb:rows.duckdb`);
  const columns = [{ name: "target" }, { name: "table" }, { name: "rows", class: "num" }, { name: "left out", class: "num" }, { name: "labels of" }, { name: "when" }, { name: "state" }];
  return table("Loads", columns, all.map((each) => [
    data("code", each.into, { lang: null }), data("code", each.table, { lang: null }), count(each.rows), count(each.left_out), each.workload || "–", ago(each.at), badge(each.state),
  ]));
}

function measured({ measurements: all }, at) {
  if (!all.length) return none("Nothing was measured on workloads of this version.", `synthprof measure ${version(at)} --target faiss:hnsw`);
  return all.map((each) => item(each.target, { at: each.at }, [`workload ${each.workload}`, each.metric],
    el("img", { class: "picture", loading: "lazy", width: 760, height: 460, src: api.picture(at, each.name), alt: `Recall and searches a second of ${each.target}; the points below are its numbers` }),
    each.skipped.length ? el("p", { class: "soft" }, `It cannot search under ${each.skipped.join(", ")}.`) : null,
    el("details", {}, el("summary", {}, `${count(each.points.length)} points`), points(each)),
    line("Folder", each.folder)));
}

function points(measurement) {
  const names = ["filter", "queries", "effort", "clients", "recall", "QPS", "p50 ms", "p95 ms", "p99 ms"];
  const columns = names.map((name, place) => ({ name, class: place > 1 ? "num" : "" }));
  return table(`Points of ${measurement.name}`, columns, measurement.points.map((each) => [
    each.filter, each.queries, each.effort ? count(each.effort) : "–", count(each.clients), score(each.recall), count(Math.round(each.qps)),
    ...[each.p50_ms, each.p95_ms, each.p99_ms].map(score),
  ]));
}

/** One thing with its name, its state and moment, and its facts in one line. */
function item(name, { state, at }, told, ...parts) {
  return el("article", { class: "derived" },
    el("div", { class: "row" }, data("h3", name, { class: "mono", lang: null }), state ? badge(state) : null, el("span", { class: "soft" }, ago(at))),
    el("p", { class: "soft" }, told.filter(Boolean).join("; ")), ...parts);
}

function badge(state) {
  const [kind, text] = STATES[state];
  return el("span", { class: `badge ${kind}` }, text);
}

/** The options of an export that were given. */
function options(all) {
  return Object.entries(all).filter(([, value]) => ![value].flat().every((each) => each === "" || each === null))
    .map(([name, value]) => `${name}: ${some([value].flat())}`).join("; ");
}

function several(number, what) {
  return `${count(number)} ${what}${number === 1 ? "" : "s"}`;
}

function some(names) {
  const rest = names.length - MOST_NAMES;
  return rest > 1 ? `${names.slice(0, MOST_NAMES).join(", ")} and ${count(rest)} more` : names.join(", ");
}

function line(name, text) {
  return el("p", { class: "line" }, el("span", { class: "soft" }, `${name} `), el("code", {}, text));
}

/** A sentence for nothing, and the command that changes it. */
function none(told, command) {
  return [el("p", { class: "soft" }, told), el("pre", {}, el("code", {}, command))];
}

/** The options of the command line that name a version. */
function version(at) {
  return `--dataset ${at.dataset} --version ${at.version}`;
}
