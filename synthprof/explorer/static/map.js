// The map of a version: its rows on a plane, coloured by cluster or by a column; a click opens a row.

import * as api from "./api.js";
import { card, nameOf } from "./card.js";
import { css, palette, ramp, orderByAngle } from "./colours.js";
import { announce, data, el, failure, fill, select, waiting } from "./dom.js";
import { brief, count } from "./format.js";
import { note } from "./place.js";
import { Scatter } from "./scatter.js";
import { dark, onTheme } from "./theme.js";

const SIZES = [5_000, 20_000, 50_000, 100_000];
const DEFAULT_POINTS = 20_000;
const STEPS = 32;

export async function show(place, { at, asked, summary, signal }) {
  const version = await api.version(at, signal);
  if (signal.aborted) return;
  const view = parts();
  const map = new View(view, { at, asked, summary, signal });
  const sizes = SIZES.filter((size, step) => step === 0 || SIZES[step - 1] < summary.rows);
  fill(place, el("section", { "aria-labelledby": "title-map" },
    el("h2", { id: "title-map" }, "Map"),
    el("p", { class: "lead" }, "Rows by their embeddings: near points are similar; large distances mean little."),
    el("div", { class: "row" },
      select("Colour by", ["cluster", ...version.columns.filter((column) => column.values || column.minimum !== null).map((column) => column.name)].map((name) => [name, name]), map.colour, (colour) => map.load({ colour, only: null })),
      select("Points", sizes.map((size) => [size, count(Math.min(size, summary.rows))]), map.points, (points) => map.load({ points })),
      view.told),
    el("div", { class: "map" }, el("div", { class: "plane" }, view.canvas, view.tip, view.buttons, view.busy), el("div", { class: "beside" }, view.card, view.legend)),
    el("p", { class: "note", id: "map-help" }, "Drag to move the map. Zoom with + and −, or with the wheel after a click. Keyboard: arrow keys select the next point, Enter opens its row, Shift with arrow keys moves the map, 0 shows all points.")));
  await map.load({});
}

function parts() {
  return {
    canvas: el("canvas", { tabindex: "0", role: "application", "aria-label": "Map", "aria-describedby": "map-help" }),
    tip: el("div", { class: "tip", hidden: true, "aria-hidden": "true" }),
    busy: el("div", { class: "busy", hidden: true }),
    buttons: el("div", { class: "zoom" }),
    card: el("div", { class: "picked", tabindex: "-1" }, el("p", { class: "soft" }, "Click a point to see its row.")),
    legend: el("div", { class: "legend" }),
    told: el("span", { class: "soft told" }),
  };
}

class View {
  #parts;
  #context;
  #scatter;
  #found = null;
  #colours = [];
  #only = new Set();
  #renewed;

  constructor(view, context) {
    this.#parts = view;
    this.#context = context;
    this.#renewed = api.renewingSignal(context.signal);
    this.colour = context.asked.colour ?? "cluster";
    this.points = Number(context.asked.points) || DEFAULT_POINTS;
    if (context.asked.only !== undefined) this.#only.add(context.asked.only);
    this.#scatter = new Scatter(view.canvas, { pick: (at) => this.#pick(at), hover: (...where) => this.#hover(...where) }, context.signal);
    const zoom = [["+", "Zoom in", () => this.#scatter.zoom(1.6)], ["−", "Zoom out", () => this.#scatter.zoom(1 / 1.6)], ["⤢", "Show all", () => this.#scatter.reset()]];
    view.buttons.append(...zoom.map(([sign, label, click]) => el("button", { type: "button", "aria-label": label, title: label, on: { click } }, sign)));
    onTheme(() => this.#found && this.#paint(), context.signal);
  }

  /** Loads the map with another colour or number of points, and puts both into the address. */
  async load({ colour = this.colour, points = this.points, only }) {
    const signal = this.#renewed();
    this.colour = colour;
    this.points = Number(points);
    if (only === null) this.#only.clear();
    this.#note();
    this.#parts.busy.hidden = false;
    fill(this.#parts.busy, waiting("the map"));
    try {
      const found = await api.map(this.#context.at, this.points, colour, signal);
      if (signal.aborted) return;
      this.#found = found;
      this.#parts.busy.hidden = true;
      this.#paint();
    } catch (error) {
      if (error.name !== "AbortError") fill(this.#parts.busy, failure(error, () => this.load({})));
    }
  }

  #paint() {
    const { x, y, values, kind, categories, ids } = this.#found;
    this.#colours = kind === "category" ? categoryColours(this.#found, dark()) : ramp(STEPS, dark());
    const index = kind === "category" ? values : steps(values);
    const colours = Array.from(index, (value) => this.#colours[value]);
    for (const each of this.#only) if (!categories?.includes(each)) this.#only.delete(each);
    this.#scatter.chosen = null;
    this.#scatter.points = { x, y, colours, shown: this.#shown() };
    fill(this.#parts.legend, kind === "category" ? this.#legend() : scale(values, this.#colours, this.colour));
    this.#parts.told.textContent = `${count(ids.length)} ${this.#context.summary.row_word}s`;
    this.#parts.canvas.setAttribute("aria-label", `Map of ${count(ids.length)} ${this.#context.summary.row_word}s, coloured by ${this.colour}`);
    this.#parts.canvas.dataset.points = ids.length;
    announce(`Map of ${count(ids.length)} ${this.#context.summary.row_word}s, coloured by ${this.colour}`);
  }

  /** For each point, whether its category is selected; null if none is selected. */
  #shown() {
    if (!this.#only.size) return null;
    const wanted = this.#found.categories.map((name) => this.#only.has(name));
    return this.#found.values.map((value) => wanted[value]);
  }

  #legend() {
    const { categories, values } = this.#found;
    const sizes = new Array(categories.length).fill(0);
    values.forEach((value) => sizes[value]++);
    const chosen = (at) => Number(this.#only.has(categories[at]));
    const order = categories.map((_, at) => at).filter((at) => sizes[at]).sort((a, b) => chosen(b) - chosen(a) || sizes[b] - sizes[a]);
    return [
      el("h3", {}, this.colour, el("span", { class: "soft" }, ` · ${count(order.length)}`)),
      el("button", { type: "button", class: "link all", hidden: !this.#only.size, on: { click: () => this.#all() } }, "Show all"),
      el("ul", {}, order.map((at) => el("li", {}, el("button", {
        type: "button",
        "aria-pressed": String(this.#only.has(categories[at])),
        on: { click: (event) => this.#toggle(categories[at], event.currentTarget) },
      }, el("i", { class: "dot", vars: { c: css(this.#colours[at]) } }), data("span", categories[at]), el("span", { class: "num soft" }, count(sizes[at])))))),
    ];
  }

  #toggle(name, button) {
    if (!this.#only.delete(name)) this.#only.add(name);
    button.setAttribute("aria-pressed", String(this.#only.has(name)));
    this.#parts.legend.querySelector(".all").hidden = !this.#only.size;
    this.#scatter.shown = this.#shown();
    this.#note();
  }

  /** Deselects all categories and shows all points. */
  #all() {
    this.#only.clear();
    this.#note();
    this.#paint();
    this.#parts.canvas.focus({ preventScroll: true });
  }

  #note() {
    const { dataset, version } = this.#context.asked;
    note({
      dataset, version, view: "map",
      colour: this.colour === "cluster" ? null : this.colour,
      points: this.points === DEFAULT_POINTS ? null : this.points,
      only: this.#only.size === 1 ? [...this.#only][0] : null,
    });
  }

  #hover(at, x, y) {
    const { tip } = this.#parts;
    tip.hidden = at === null;
    if (at === null) return;
    fill(tip, `id ${this.#found.ids[at]} · ${this.colour} `, data("b", this.#value(at)));
    tip.style.setProperty("--x", `${x}px`);
    tip.style.setProperty("--y", `${y}px`);
    tip.classList.toggle("left", x > this.#parts.canvas.clientWidth / 2);
    if (this.#scatter.chosen === at) announce(`Id ${this.#found.ids[at]}, ${this.colour} ${this.#value(at)}`);
  }

  #value(at) {
    const { values, categories } = this.#found;
    return categories ? categories[values[at]] : brief(values[at]);
  }

  async #pick(at) {
    const { signal, asked, summary } = this.#context;
    const id = this.#found.ids[at];
    const place = this.#parts.card;
    try {
      const { profile } = await api.profile(this.#context.at, id, signal);
      if (this.#found.ids[this.#scatter.chosen] !== id) return;
      fill(place, card(profile, asked, summary.view));
      announce(`Id ${id}: ${nameOf(profile, summary.view)}`);
      // on a narrow screen the card is below the map
      if (matchMedia("(max-width: 960px)").matches) place.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (error.name !== "AbortError") fill(place, failure(error, () => this.#pick(at)));
    }
  }
}

function categoryColours({ categories, colour, x, y, values }, night) {
  const colours = palette(categories.length, night);
  if (colour !== "cluster") return colours;
  const found = [];
  orderByAngle(x, y, values, categories.length).forEach((category, at) => (found[category] = colours[at]));
  return found;
}

function range(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}

function steps(values) {
  const [least, most] = range(values);
  return values.map((value) => Math.min(Math.floor(((value - least) / (most - least || 1)) * STEPS), STEPS - 1));
}

function scale(values, colours, name) {
  const [least, most] = range(values);
  return [
    el("h3", {}, name),
    el("div", { class: "ramp", "aria-hidden": "true" }, colours.map((colour) => el("i", { vars: { c: css(colour) } }))),
    el("p", { class: "row between num" }, el("span", {}, brief(least)), el("span", {}, brief(most))),
  ];
}
