// Drift: what moved since the first night, by the labels of the version.

import { data, el, section, table } from "./dom.js";

const COLUMNS = [{ name: "what" }, { name: "why" }, { name: "PSI", class: "num" }, { name: "total variation", class: "num" }];

/** The section of a version; nothing where its order names no drift. */
export function drift({ drift: found }) {
  if (!found) return null;
  return section("Drift since the first night", `${found.words.join(" ")} drift.json has all labels.`,
    found.rows.length ? table("What moved since the first night, and how far", COLUMNS, found.rows.map(row)) : null);
}

function row({ what, why, psi, total_variation: moved }) {
  return [data("code", what), el("span", {}, why), psi, moved];
}
