// One profile as a card, and one as a line of a list of results.

import { bar, data, el } from "./dom.js";
import { similarity } from "./format.js";
import { link } from "./place.js";

const LISTS = ["jogos_favoritos", "plataformas_possuidas", "estilos_preferidos", "interesses_musicais"];
const HEAD = new Set(["id", "nome", "idade", "cidade", "estado", "sexo", "chave", "descricao", "cluster_id", ...LISTS]);

/** Everything about a profile. */
export function card(profile, asked) {
  const fields = Object.entries(profile).filter(([name]) => !HEAD.has(name));
  return el("article", { class: "profile", "aria-label": `Id ${profile.id}` },
    head(profile),
    el("p", { class: "row" },
      profile.cluster_id === undefined ? null : el("a", { class: "badge", href: link({ dataset: asked.dataset, version: asked.version, view: "map", only: profile.cluster_id }) }, `cluster ${profile.cluster_id}`),
      el("a", { class: "badge", href: like(profile.id, asked) }, "more like this one")),
    profile.descricao ? data("blockquote", profile.descricao) : null,
    el("dl", { class: "tags" }, LISTS.filter((name) => profile[name]).map((name) => el("div", {},
      el("dt", { class: "mono" }, name), el("dd", {}, items(profile[name]).map((item) => data("span", item, { class: "tag" })))))),
    el("dl", { class: "fields" }, fields.map(([name, value]) => el("div", {}, el("dt", { class: "mono" }, name), data("dd", value)))));
}

/** A search result: who it is, how near, and why. */
export function result(hit, asked) {
  const { profile } = hit;
  return el("li", { class: "hit" },
    el("div", { class: "near" },
      el("span", { class: "rank" }, el("span", { class: "hide" }, "rank "), String(hit.rank)),
      el("span", { class: "num", title: "cosine similarity" }, similarity(hit.similarity)),
      bar(hit.similarity, null, "thin")),
    el("div", {},
      head(profile),
      hit.reasons.length
        ? el("ul", { class: "reasons", "aria-label": "Why it is near" }, hit.reasons.map((reason) => why(reason)))
        : el("p", { class: "soft" }, "Near in meaning; no single attribute agrees."),
      profile.descricao ? data("p", profile.descricao, { class: "words" }) : null,
      el("a", { class: "like", href: like(hit.id, asked) }, "more like this one", el("span", { class: "hide" }, `: ${profile.nome ?? profile.chave}`)),
      el("details", {}, el("summary", {}, "All columns"), card(profile, asked))));
}

function head(profile) {
  const place = [profile.cidade, profile.estado].filter(Boolean).join("/");
  const line = [profile.idade === undefined ? "" : `${profile.idade} anos`, place, profile.sexo].filter(Boolean).join(" · ");
  return el("div", { class: "who" },
    el("span", { class: "face", "aria-hidden": "true" }, initials(profile.nome ?? profile.chave)),
    el("div", {}, data("h3", profile.nome ?? profile.chave), el("p", { class: "soft" }, data("span", line), line ? " · " : "", `id ${profile.id}`)));
}

function why(reason) {
  const [column, ...value] = reason.split("=");
  return el("li", { class: "tag", title: column }, el("span", { class: "soft" }, `${column} `), data("span", value.join("=")));
}

function initials(name) {
  return String(name ?? "?").split(/\s+/).slice(0, 2).map((word) => [...word][0] ?? "").join("");
}

function items(text) {
  return String(text).split(", ").filter(Boolean);
}

function like(id, asked) {
  return link({ dataset: asked.dataset, version: asked.version, view: "search", id });
}
