// The share of each value, beside its target.

import * as api from "./api.js";
import { bar, data, el, fill, panel, section, select } from "./dom.js";
import { count, difference, share } from "./format.js";

const FIRST = 12;
const ORDERS = [["columns", "by column"], ["gap", "by the largest gap"]];

export async function show(place, { at, summary, signal }) {
  const { columns } = await api.marginals(at, signal);
  if (signal.aborted) return;
  if (!columns.length) {
    fill(place, section("Marginals", "This version has no column with a list of values."));
    return;
  }
  const grid = el("div", { class: "panels" });
  const draw = (order) => fill(grid, sorted(columns, order).map(one));
  draw("columns");
  // two standard errors of a share near one half
  const noise = 1 / Math.sqrt(Math.max(summary.rows, 1));
  fill(place, section("Marginals against their targets",
    `Share of the ${summary.row_word}s that have a value. With ${count(summary.rows)} ${summary.row_word}s, a share near one half varies by up to ${difference(noise).replace("+", "")} points by chance.`,
    el("div", { class: "row key" },
      el("span", {}, bar(0.7), "observed"),
      el("span", {}, bar(0, 0.5), "target"),
      select("Order", ORDERS, "columns", draw)),
    grid));
}

function sorted(columns, order) {
  return order === "gap" ? [...columns].sort((a, b) => gap(b) - gap(a)) : columns;
}

function gap({ values }) {
  return Math.max(0, ...values.filter((each) => each.target !== null).map((each) => Math.abs(each.share - each.target)));
}

function one(column) {
  if (column.ordered) return histogram(column);
  const top = Math.max(...column.values.map((each) => Math.max(each.share, each.target ?? 0)), 0) || 1;
  const ranked = column.values.length > FIRST ? largest(column.values) : column.values;
  const rows = ranked.map((each) => line(each, top));
  const aimed = column.values.some((each) => each.target !== null);
  const head = [
    el("h3", { class: "mono" }, column.column),
    aimed ? el("span", { class: "soft" }, `largest gap ${difference(gap(column)).replace("+", "")} points`) : null,
    lacking(column),
  ];
  return panel(head, ["value", "bar", "observed", "target"], rows.slice(0, FIRST), more(rows));
}

/** The bands of numbers, dates or times as a histogram, from the first with rows to the last. */
function histogram(column) {
  return panel([el("h3", { class: "mono" }, column.column), lacking(column)], ["value", "bar", "observed"],
    held(column.values).map(({ value, share: seen }, _, all) => el("tr", {},
      data("th", value, { scope: "row" }),
      el("td", {}, bar(seen / Math.max(...all.map((each) => each.share)))),
      el("td", { class: "num" }, share(seen)))));
}

/** The bands from the first that holds rows to the last. */
export function held(values) {
  const kept = values.map((each, at) => (each.share > 0 ? at : -1)).filter((at) => at >= 0);
  return kept.length ? values.slice(kept[0], kept.at(-1) + 1) : values;
}

function lacking({ missing }) {
  return missing ? el("span", { class: "soft" }, ` ${share(missing)} have no value`) : null;
}

/** The values by target or share, the largest first. */
function largest(values) {
  return [...values].sort((a, b) => (b.target ?? b.share) - (a.target ?? a.share));
}

function line({ value, share: seen, target }, top) {
  return el("tr", {},
    data("th", value, { scope: "row" }),
    el("td", {}, bar(seen / top, target === null ? null : target / top)),
    el("td", { class: "num" }, share(seen)),
    el("td", { class: "num soft" }, target === null ? "" : share(target)));
}

function more(rows) {
  if (rows.length <= FIRST) return null;
  const button = el("button", { type: "button", class: "link", on: { click: () => {
    rows[FIRST - 1].after(...rows.slice(FIRST));
    button.remove();
  } } }, `${count(rows.length - FIRST)} more`);
  return button;
}
