// The clusters, the largest first, each with its typical values.

import * as api from "./api.js";
import { announce, bar, data, el, fill, section } from "./dom.js";
import { brief, count, share } from "./format.js";
import { link } from "./place.js";

const PAGE = 24;

export async function show(place, { at, asked, signal }) {
  const { clusters, others } = await api.clusters(at, signal);
  if (signal.aborted) return;
  if (!clusters.length) {
    fill(place, section("Clusters", "This version has no clusters."));
    return;
  }
  const list = el("ol", { class: "cards" });
  const foot = el("p");
  const draw = (wanted) => page(list, foot, matching(clusters, wanted), clusters[0].rows, asked);
  const box = el("input", { type: "search", name: "typical", placeholder: example(clusters), on: { input: () => draw(box.value) } });
  draw("");
  fill(place, section("Clusters", words(clusters, others), sizes(clusters),
    el("label", { class: "field wide-field" }, el("span", {}, "Filter by typical values"), box), list, foot));
}

/** Typical values of the largest clusters, for example. */
function example(clusters) {
  const values = new Set(clusters.slice(0, 3).flatMap((each) => each.typical.slice(0, 1).map((trait) => trait.value)));
  return values.size ? `e.g. ${[...values].join(", ")}` : "";
}

function words(clusters, others) {
  const rows = clusters.map((each) => each.rows);
  if (rows.length === 1) return `One cluster, which holds ${count(rows[0])}.`;
  const median = [...rows].sort((a, b) => a - b)[Math.floor(rows.length / 2)];
  return `${count(rows.length)} clusters: the largest holds ${count(rows[0])}, the median ${count(median)}, the smallest ${count(rows.at(-1))}.`
    + (others?.clusters ? ` ${count(others.clusters)} smaller ones are not listed.` : "");
}

/** The sizes as a bar chart, largest first, with at most 300 bars. */
function sizes(clusters) {
  const step = Math.ceil(clusters.length / 300);
  const shown = clusters.filter((_, at) => at % step === 0);
  return el("div", { class: "sizes", "aria-hidden": "true" }, shown.map((each) => el("i", {
    vars: { h: each.rows / clusters[0].rows },
    title: `cluster ${each.cluster}: ${count(each.rows)}`,
  })));
}

function matching(clusters, wanted) {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const says = (each) => `${each.cluster} ${each.typical.map((trait) => trait.value).join(" ")}`.toLowerCase();
  return words.length ? clusters.filter((each) => words.every((word) => says(each).includes(word))) : clusters;
}

function page(list, foot, found, top, asked) {
  let shown = 0;
  const next = () => {
    list.append(...found.slice(shown, shown + PAGE).map((each) => card(each, top, asked)));
    shown = Math.min(shown + PAGE, found.length);
    fill(foot, shown < found.length ? el("button", { type: "button", on: { click: next } }, `Show more of ${count(found.length)}`) : null,
      found.length ? null : "No cluster matches.");
  };
  list.replaceChildren();
  next();
  announce(`${count(found.length)} clusters`);
}

function card(cluster, top, asked) {
  const traits = cluster.typical.map((trait) => el("li", {},
    data("span", trait.value),
    el("span", { class: "soft", title: `${trait.column}: ${share(trait.share)} of the cluster, ${brief(trait.lift)} times the share of all` }, `${share(trait.share)} · ×${brief(trait.lift)}`)));
  return el("li", { class: "cluster" },
    el("div", { class: "row" },
      el("h3", {}, `Cluster ${cluster.cluster}`),
      el("a", { href: link({ dataset: asked.dataset, version: asked.version, view: "map", only: cluster.cluster }) }, "on the map", el("span", { class: "hide" }, `, cluster ${cluster.cluster}`))),
    el("p", { class: "soft" }, `${count(cluster.rows)} rows, ${share(cluster.share)}`),
    bar(cluster.rows / top, null, "thin"),
    el("ul", { class: "traits" }, traits));
}
