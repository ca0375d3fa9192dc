// Coherence: how many rows break the rules of their schema, and how its margins hold.

import { bar, data, el, panel, section, table } from "./dom.js";
import { count, difference, exact } from "./format.js";

const RULES = [{ name: "rule" }, { name: "rows", class: "num" }, { name: "share", class: "num" }, { name: "ceiling", class: "num" }];

const MAX_CELLS = 20;

/** The value that stands for all that a margin does not name. */
const OTHERS = "*";

/** The section of a version; nothing where its schema has no rules and margins. */
export function coherence({ coherence: found }) {
  if (!found) return null;
  const { rules, margins } = found;
  const above = rules.filter((rule) => rule.above).length;
  const held = margins.filter((margin) => margin.holds).length;
  const lead = [
    rules.length ? `${found.line}. Rows that meet the condition of a rule contradict themselves; a ceiling is the share that may.` : null,
    rules.length ? `${count(rules.length - above)} of ${count(rules.length)} rules are below their ceilings.` : null,
    margins.length ? `${count(held)} of ${count(margins.length)} margins hold: chance (99 %) explains all their shares.` : null,
  ].filter(Boolean).join(" ");
  return section("Coherence", lead,
    listed(rules.filter((rule) => rule.broken)),
    folded(rules.filter((rule) => !rule.broken)),
    margins.length ? el("div", { class: "panels" }, margins.map(margin)) : null);
}

function listed(rules) {
  return rules.length ? table("Rules with the share of rows that break them, and the share that may", RULES, rules.map(rule), "rules") : null;
}

function folded(rules) {
  return rules.length ? el("details", {}, el("summary", {}, `${count(rules.length)} ${rules.length === 1 ? "rule" : "rules"} that no row breaks`), listed(rules)) : null;
}

function rule({ name, doc, table: of, broken, share, ceiling, above }) {
  return [
    el("div", {}, data("span", name), of ? el("code", {}, ` ${of}`) : null, data("p", doc, { class: "help" })),
    count(broken),
    el("span", { class: above ? "above" : null }, exact(share), above ? " above" : ""),
    exact(ceiling),
  ];
}

function margin({ name, population, source, cells, outside, largest_deviation: largest }) {
  const top = Math.max(...cells.map((cell) => cell.asked)) || 1;
  const far = [...cells].sort((a, b) => Math.abs(b.share - b.asked) - Math.abs(a.share - a.asked));
  const shown = cells.length > MAX_CELLS ? far.slice(0, MAX_CELLS) : cells;
  const head = [data("h3", name), el("p", { class: "soft" }, `largest deviation ${difference(largest).replace("+", "")} points`,
    outside ? el("span", { class: "above" }, `, ${count(outside)} outside`) : "")];
  const rows = shown.map((cell) => el("tr", { class: cell.holds ? null : "above" },
    el("th", { scope: "row" }, data("span", cell.values.map((value) => (value === OTHERS ? "any other" : value)).join(", "))),
    el("td", {}, bar(Math.min(cell.share / top, 1), cell.asked / top)),
    el("td", { class: "num" }, exact(cell.share)),
    el("td", { class: "num soft", title: `99 % of samples: ${exact(cell.interval[0])} to ${exact(cell.interval[1])}` }, exact(cell.asked))));
  const more = cells.length - shown.length;
  return panel(head, ["value", "bar", "observed", "target"], rows,
    el("p", { class: "help" }, more ? `and ${count(more)} more values, nearer to what is asked. ` : "", population ? `Of ${population}: ` : "", source));
}
