// The rows that a profile has in a child table, in pages that are asked for when they are opened.

import * as api from "./api.js";
import { data, el, failure, fill, table, waiting } from "./dom.js";
import { count, shown } from "./format.js";

/** A child table of a profile, closed at first; its rows are loaded when it is opened. */
export function children(name, id, asked) {
  const rows = el("div", {});
  const told = el("span", { class: "soft" });
  const load = async (first) => {
    fill(rows, waiting(`the rows of ${name}`));
    try {
      const found = await api.children({ dataset: asked.dataset, version: asked.version ?? "current" }, id, name, first);
      told.textContent = ` ${count(found.total)} ${found.total === 1 ? "row" : "rows"}`;
      fill(rows, found.rows.length ? page(found) : el("p", { class: "soft" }, "There are none."), turn(found, first, load));
    } catch (error) {
      fill(rows, failure(error, () => load(first)));
    }
  };
  let opened = false;
  const open = ({ target }) => {
    if (target.open && !opened) load(1);
    opened ||= target.open;
  };
  return el("details", { class: "children", on: { toggle: open } }, el("summary", {}, el("span", { class: "mono" }, name), told), rows);
}

function page(found) {
  const names = Object.keys(found.rows[0]);
  const columns = names.map((name, place) => ({ name, class: place && typeof found.rows[0][name] === "number" ? "num" : "" })); // the first one heads rows
  return table(`Rows of ${found.table}`, columns, found.rows.map((row) => names.map((name) => data("span", shown(row[name])))));
}

/** Buttons to the page before and after; none where all rows are shown. */
function turn(found, first, load) {
  if (found.total <= api.PAGE) return null;
  const last = first + found.rows.length - 1;
  const button = (text, to, possible) => el("button", { type: "button", disabled: !possible, on: { click: () => load(to) } }, text);
  return el("p", { class: "row" },
    button("Before", Math.max(1, first - api.PAGE), first > 1),
    el("span", { class: "soft" }, `${count(first)} to ${count(last)} of ${count(found.total)}`),
    button("After", last + 1, last < found.total));
}
