// The marginals that differ between two versions of a data set.

import * as api from "./api.js";
import { bar, data, el, failure, fill, panel, section, select, table, waiting } from "./dom.js";
import { bytes, count, difference, score, share, since } from "./format.js";
import { note } from "./place.js";

const FIRST = 8;
const SAME = 0.0005;

export async function show(place, { at, asked, summary, dataset, signal }) {
  const others = dataset.versions.filter((each) => each.version !== at.version);
  if (!others.length) {
    fill(place, section("Compare", "This is the only version of the data set. Publish another one to compare them here."));
    return;
  }
  // by default, compare with the previous version
  const at0 = dataset.versions.findIndex((each) => each.version === at.version);
  const other = others.find((each) => each.version === asked.with) ?? dataset.versions[at0 + 1] ?? others[0];
  const results = el("div");
  const renewed = api.renewingSignal(signal);
  const draw = (left) => {
    note({ ...asked, with: left });
    return changes(results, others.find((each) => each.version === left), summary, renewed());
  };
  fill(place, section("Compare", "Parameters, scores and marginals that differ from another version.",
    el("div", { class: "row" },
      select("From", others.map((each) => [each.version, `${each.version} · ${since(each.published_at)}`]), other.version, draw),
      el("span", {}, "to ", el("code", {}, at.version))),
    results));
  await draw(other.version);
}

async function changes(place, before, summary, signal) {
  fill(place, waiting("the comparison"));
  try {
    const [{ columns }, ...specs] = await Promise.all([
      api.compare(before, summary, signal), ...[before, summary].map(async (each) => (await api.version(each, signal)).spec),
    ]);
    if (signal.aborted) return;
    const moved = columns.filter((each) => each.distance >= SAME);
    const top = Math.max(...columns.map((each) => each.distance), 0.01);
    fill(place, parameters(...specs), facets(before, summary),
      el("p", { class: "lead" }, moved.length ? `${count(moved.length)} of ${count(columns.length)} marginals changed. The distance is half the sum of the absolute differences of the shares.` : "No marginal changed by more than 0.05 %."),
      el("div", { class: "panels roomy" }, columns.map((each) => one(each, top))));
  } catch (error) {
    if (error.name !== "AbortError") fill(place, failure(error, () => changes(place, before, summary, signal)));
  }
}

/** The parameters that differ; each of the others is the same in both versions. */
function parameters(before, after) {
  const names = Object.keys({ ...after, ...before });
  const moved = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  if (!moved.length) return el("p", { class: "lead" }, "All parameters are the same.");
  const said = (value) => el("code", {}, value === undefined || value === null || value === "" ? "–" : String(value));
  const columns = ["parameter", "from", "to"].map((name) => ({ name }));
  return [el("h3", {}, "Parameters that differ"), table("Parameters that differ", columns, moved.map((name) => [el("code", {}, name), said(before[name]), said(after[name])]), "differing")];
}

/** Size and scores of the two versions, side by side. */
function facets(before, after) {
  const lines = [
    ["rows", (each) => count(each.rows)],
    ["on disk", (each) => bytes(each.bytes)],
    ["clusters", (each) => (each.clusters === null ? "–" : count(each.clusters))],
    ["purity", (each) => score(each.scores.purity)],
    ["silhouette", (each) => score(each.scores.silhouette)],
    ["recall@10", (each) => score(each.scores.recall_at_10)],
  ];
  return el("dl", { class: "facts" }, lines.map(([name, of]) => el("div", {}, el("dt", {}, name),
    of(before) === of(after) ? el("dd", {}, of(after)) : el("dd", {}, el("span", { class: "soft" }, `${of(before)} → `), of(after)))));
}

function one({ column, distance, changes: all }, top) {
  const most = Math.max(...all.map((each) => Math.abs(each.difference)), 0.001);
  const shown = [...all].sort((a, b) => Math.abs(b.difference) - Math.abs(a.difference)).slice(0, FIRST);
  const head = [el("h3", { class: "mono" }, column), el("span", { class: "soft" }, `distance ${share(distance)}`), bar(distance / top, null, "thin")];
  const foot = all.length > FIRST ? el("p", { class: "soft" }, `and ${count(all.length - FIRST)} smaller ${all.length - FIRST === 1 ? "change" : "changes"}`) : null;
  return panel(head, ["value", "change", "from", "to", "difference in points"], shown.map((each) => line(each, most)), foot);
}

function line({ value, left, right, difference: moved }, most) {
  return el("tr", {},
    data("th", value, { scope: "row" }),
    el("td", {}, el("span", { class: moved < 0 ? "swing less" : "swing", "aria-hidden": "true", vars: { w: Math.abs(moved) / most } })),
    el("td", { class: "num soft" }, share(left)),
    el("td", { class: "num" }, share(right)),
    el("td", { class: "num" }, difference(moved)));
}
