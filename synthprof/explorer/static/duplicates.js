// Second records of the same people: how many, what went wrong in them, and the F1 to be expected.

import { data, section, table } from "./dom.js";
import { count, exact } from "./format.js";

const ERRORS = [{ name: "error" }, { name: "columns" }, { name: "asked", class: "num" }, { name: "happened", class: "num" }];

/** The section of a version; nothing where no rows are second records. */
export function duplicates({ duplicates: found }) {
  if (!found) return null;
  const sizes = found.sizes.map((persons, place) => [persons, place + 1]).filter(([persons]) => persons);
  const lead = `${found.line}, comparing ${found.compared.join(", ")}. `
    + `People by the number of their records: ${sizes.map(([persons, records]) => `${count(persons)} with ${records}`).join(", ")}. `
    + "Rules and margins count first records only.";
  return section("Second records", lead,
    table("Errors of second records: how many of each were asked for, and how many changed something", ERRORS, found.errors.map((error) => [
      data("span", error.kind), data("span", error.columns.join(", ")), exact(error.asked), exact(error.happened / Math.max(found.records, 1)),
    ])));
}
