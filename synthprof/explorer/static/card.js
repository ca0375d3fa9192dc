// A profile as a card, and as a search result.

import * as api from "./api.js";
import { children } from "./children.js";
import { bar, data, el } from "./dom.js";
import { shown, similarity } from "./format.js";
import { link } from "./place.js";

/** A card with all columns of a profile; `view` says which columns have a place of their own. */
export function card(profile, asked, view) {
  const above = ["id", "cluster_id", view.name, view.text, ...view.line.flatMap((part) => part.columns), ...view.lists];
  const fields = Object.entries(profile).filter(([name]) => !above.includes(name));
  return el("article", { class: "profile", "aria-label": `Id ${profile.id}` },
    head(profile, view, asked),
    el("p", { class: "row" },
      profile.cluster_id === undefined ? null : el("a", { class: "badge", href: link({ dataset: asked.dataset, version: asked.version, view: "map", only: profile.cluster_id }) }, `cluster ${profile.cluster_id}`),
      el("a", { class: "badge", href: like(profile.id, asked) }, "more like this one")),
    profile[view.text] ? data("blockquote", profile[view.text]) : null,
    el("dl", { class: "tags" }, view.lists.filter((name) => profile[name]).map((name) => el("div", {},
      el("dt", { class: "mono" }, name), el("dd", {}, items(profile[name]).map((item) => data("span", item, { class: "tag" })))))),
    el("dl", { class: "fields" }, fields.map(([name, value]) => el("div", {}, el("dt", { class: "mono" }, name), data("dd", shown(value))))),
    view.tables.map((name) => children(name, profile.id, asked)));
}

/** A search result: the profile, its similarity and the attributes in common. */
export function result(hit, asked, view) {
  const { profile } = hit;
  return el("li", { class: "hit" },
    el("div", { class: "near" },
      el("span", { class: "rank" }, el("span", { class: "hide" }, "rank "), String(hit.rank)),
      el("span", { class: "num", title: "cosine similarity" }, similarity(hit.similarity)),
      bar(hit.similarity, null, "thin")),
    el("div", {},
      head(profile, view, asked),
      hit.reasons.length
        ? el("ul", { class: "reasons", "aria-label": "Attributes in common" }, hit.reasons.map((reason) => why(reason)))
        : el("p", { class: "soft" }, view.thumbnails ? "" : "Similar as a whole; no single attribute is the same."),
      profile[view.text] && !view.thumbnails ? data("p", profile[view.text], { class: "words" }) : null,
      el("a", { class: "like", href: like(hit.id, asked) }, "more like this one", el("span", { class: "hide" }, `: ${nameOf(profile, view)}`)),
      el("details", {}, el("summary", {}, "All columns"), card(profile, asked, view))));
}

/** The name of a row: of the person or, in a collection, the id in its source. */
export function nameOf(profile, view) {
  return String(profile[view.name] ?? profile.id);
}

function head(profile, view, asked) {
  const name = nameOf(profile, view);
  const parts = view.line.map((part) => [part, part.columns.map((column) => profile[column]).filter((value) => value !== undefined && value !== null)]);
  const line = parts.filter(([, values]) => values.length).map(([part, values]) => values.join("/") + part.unit).join(" · ");
  return el("div", { class: "who" },
    view.thumbnails ? thumbnail(profile, asked) : el("span", { class: "face", "aria-hidden": "true" }, initials(name)),
    el("div", {}, data("h3", name), el("p", { class: "soft" }, data("span", line), line ? " · " : "", `id ${profile.id}`)));
}

/** The thumbnail of a picture; its name stands beside it. */
function thumbnail(profile, asked) {
  const at = { dataset: asked.dataset, version: asked.version ?? "current" };
  return el("img", { class: "thumbnail", loading: "lazy", decoding: "async", src: api.thumbnail(at, profile.id), alt: "" });
}

function why(reason) {
  const [column, ...value] = reason.split("=");
  return el("li", { class: "tag", title: column }, el("span", { class: "soft" }, `${column} `), data("span", value.join("=")));
}

function initials(name) {
  return name.split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("");
}

function items(text) {
  return String(text).split(", ").filter(Boolean);
}

function like(id, asked) {
  return link({ dataset: asked.dataset, version: asked.version, view: "search", id });
}
