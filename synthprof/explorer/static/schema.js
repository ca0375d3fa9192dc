// What the rows are drawn from: the columns with their draws and odds as pictures, and the archetypes.

import * as api from "./api.js";
import { bar, data, el, fill, section, sentence } from "./dom.js";
import { count, share } from "./format.js";
import { held } from "./marginals.js";

const MAX_BARS = 40;

export async function show(place, { at, signal }) {
  const [schema, { columns: marginals }] = await Promise.all([api.schema(at, signal), api.marginals(at, signal)]);
  if (signal.aborted) return;
  const seen = Object.fromEntries(marginals.map((each) => [each.column, each]));
  const lead = `${schema.title || schema.name}: ${count(schema.columns.length)} columns. Bars are the shares that are aimed at or, where none are, those of this version.`;
  fill(place,
    section("Schema", lead, el("ol", { class: "cards" }, schema.columns.map((column) => card(column, seen[column.name])))),
    archetypes(schema.archetypes),
    schema.tables.map(table));
}

const PARENT = "parent.";

/** A column; `of` begins the ids of the columns of its table. */
function card(column, marginal = null, of = "column") {
  const to = (name) => (name.startsWith(PARENT) ? `#column-${name.slice(PARENT.length)}` : `#${of}-${name}`);
  return el("li", { class: "cluster", id: `${of}-${column.name}` },
    el("div", { class: "row between" }, el("h3", { class: "mono" }, column.name), el("span", { class: "badge older" }, column.kind)),
    el("p", { class: "soft" }, sentence(column.doc)),
    el("p", {}, sentence(column.draw)),
    column.given.length ? el("p", {}, "depends on ", column.given.map((name) => [el("a", { class: "mono", href: to(name) }, name), " "])) : null,
    marginal ? picture(marginal) : null,
    column.feature || column.weight || column.indexed ? el("p", { class: "soft" }, uses(column)) : null);
}

/** Its part of the feature vector, its weight in embeddings, and its index. */
function uses({ feature, positions, weight, indexed }) {
  const [first, last] = positions ?? [];
  const at = first === last ? `position ${first}` : `positions ${first} to ${last}`;
  return [feature ? `Vector, ${at}: ${feature}.` : "", weight ? ` Weight ${weight} in embeddings.` : "", indexed ? " Indexed." : ""].join("");
}

/** The odds as bars: bands and few values in their order, the largest of many values first. */
function picture({ column, ordered, values }) {
  const sized = values.map((each) => ({ ...each, size: each.target ?? each.share }));
  const shown = ordered ? held(sized) : sized.length > MAX_BARS ? sized.sort((a, b) => b.size - a.size).slice(0, MAX_BARS) : sized;
  const top = Math.max(...shown.map((each) => each.size), 0) || 1;
  const told = shown.map((each) => `${each.value} ${share(each.size)}`).join(", ");
  return el("div", {},
    el("div", { class: "sizes odds", role: "img", "aria-label": `Odds of ${column}: ${told}` },
      shown.map((each) => el("i", { vars: { h: each.size / top }, title: `${each.value}: ${share(each.size)}` }))),
    el("p", { class: "row between soft ends" }, data("span", shown[0]?.value ?? ""), data("span", shown.at(-1)?.value ?? "")));
}

/** A child table: how many rows each row has, and its columns. */
function table({ name, doc, rows, made, columns }) {
  const lead = [sentence(doc), " ", sentence(rows), made ? " rows each." : " rows each; this version was made without it."];
  return section(`Table ${name}`, lead, el("ol", { class: "cards" }, columns.map((column) => card(column, null, `column-of-${name}`))));
}

function archetypes(found) {
  if (!found.length) return section("Archetypes", "This schema has no archetypes: clusters are not scored against a truth.");
  const top = Math.max(...found.map((each) => each.share));
  return section("Archetypes", "The latent kinds of row, each with its share and the columns whose odds it shifts.",
    el("ol", { class: "cards" }, found.map((each) => el("li", { class: "cluster" },
      el("div", { class: "row between" }, el("h3", { class: "mono" }, each.name), el("span", { class: "soft" }, share(each.share))),
      el("p", {}, each.title),
      bar(each.share / top, null, "thin"),
      el("p", { class: "soft mono" }, each.shifts.join(", "))))));
}
