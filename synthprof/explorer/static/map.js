// The map of a version: its rows on a plane, coloured by cluster or by a column; a click opens a row.

import * as api from "./api.js";
import { card, nameOf } from "./card.js";
import { announce, data, el, failure, fill, select, waiting } from "./dom.js";
import { brief, count } from "./format.js";
import { note } from "./place.js";
import { Scatter } from "./scatter.js";
import { dark, onTheme } from "./theme.js";

const SIZES = [5_000, 20_000, 50_000, 100_000];
const DEFAULT_POINTS = 20_000;
const NOTE_AFTER_MS = 150;

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
      select("Colour by", ["cluster", ...version.columns.filter((column) => column.on_map).map((column) => column.name)].map((name) => [name, name]), map.colour, (colour) => map.load({ colour })),
      select("Points", sizes.map((size) => [size, count(Math.min(size, summary.rows))]), map.points, (points) => map.load({ points })),
      view.told),
    el("div", { class: "map" }, el("div", { class: "plane" }, view.canvas, view.tip, view.buttons, view.busy), el("div", { class: "beside" }, view.card, view.legend)),
    el("p", { class: "note", id: "map-help" }, "Drag to move the map. Zoom about the selected point with + and −, or about the pointer with the wheel after a click. Keyboard: arrow keys select the next point, Enter opens its row, Shift with arrow keys moves the map, 0 shows all points. The address keeps the zoom, the selected row and the values chosen in the legend.")));
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
  #only;
  #selected;
  #renewed;
  #timer;

  constructor(view, context) {
    this.#parts = view;
    this.#context = context;
    this.#renewed = api.renewingSignal(context.signal);
    this.colour = context.asked.colour ?? "cluster";
    this.points = Number(context.asked.points) || DEFAULT_POINTS;
    this.#only = new Set(context.asked.only);
    this.#selected = Number(context.asked.id) || null;
    this.#scatter = new Scatter(view.canvas, { pick: (at) => this.#pick(this.#found.ids[at]), hover: (...where) => this.#hover(...where), move: () => this.#noteSoon() }, context.signal);
    this.#scatter.view = viewOf(context.asked);
    context.signal.addEventListener("abort", () => clearTimeout(this.#timer));
    const zoom = [["+", "Zoom in", () => this.#scatter.zoom(1.6)], ["−", "Zoom out", () => this.#scatter.zoom(1 / 1.6)], ["⤢", "Show all", () => this.#scatter.reset()]];
    view.buttons.append(...zoom.map(([sign, label, click]) => el("button", { type: "button", "aria-label": label, title: label, on: { click } }, sign)));
    onTheme(() => this.#found && this.#paint(), context.signal);
  }

  /** Loads the map with another colour or number of points; the view stays. */
  async load({ colour = this.colour, points = this.points }) {
    const signal = this.#renewed();
    if (colour !== this.colour) this.#only.clear();
    this.colour = colour;
    this.points = Number(points);
    this.#note();
    this.#parts.busy.hidden = false;
    fill(this.#parts.busy, waiting("the map"));
    try {
      const found = await api.map(this.#context.at, this.points, colour, signal);
      if (signal.aborted) return;
      this.#found = found;
      this.#parts.busy.hidden = true;
      this.#paint();
      if (this.#selected && !this.#parts.card.querySelector(".profile")) await this.#pick(this.#selected);
    } catch (error) {
      if (error.name !== "AbortError") fill(this.#parts.busy, failure(error, () => this.load({})));
    }
  }

  #paint() {
    const { x, y, values, kind, categories, ids } = this.#found;
    this.#colours = this.#found.colours.map((tint) => tint[dark() ? "dark" : "light"]);
    const painted = this.#colours.map(rgb);
    const index = kind === "category" ? values : steps(values, painted.length);
    const colours = Array.from(index, (value) => painted[value]);
    for (const each of this.#only) if (!categories?.includes(each)) this.#only.delete(each);
    const selected = ids.indexOf(this.#selected);
    this.#scatter.chosen = selected < 0 ? null : selected;
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
    const { categories, values, ordered } = this.#found;
    const sizes = new Array(categories.length).fill(0);
    values.forEach((value) => sizes[value]++);
    const chosen = (at) => Number(this.#only.has(categories[at]));
    const order = categories.map((_, at) => at).filter((at) => sizes[at]).sort((a, b) => chosen(b) - chosen(a) || (ordered ? a - b : sizes[b] - sizes[a]));
    return [
      el("h3", {}, this.colour, el("span", { class: "soft" }, ` · ${count(order.length)}`)),
      order.length > new Set(this.#colours).size ? el("p", { class: "soft" }, "Colours repeat: click a value to see it alone.") : null,
      el("button", { type: "button", class: "link all", hidden: !this.#only.size, on: { click: () => this.#all() } }, "Show all"),
      el("ul", {}, order.map((at) => el("li", {}, el("button", {
        type: "button",
        "aria-pressed": String(this.#only.has(categories[at])),
        on: { click: (event) => this.#toggle(categories[at], event.currentTarget) },
      }, el("i", { class: "dot", vars: { c: this.#colours[at] } }), data("span", categories[at]), el("span", { class: "num soft" }, count(sizes[at])))))),
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
      only: [...this.#only],
      id: this.#selected,
      ...addressOf(this.#scatter.view),
    });
  }

  /** Notes the view when it has come to rest: browsers bound how often a page may change its address. */
  #noteSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#note(), NOTE_AFTER_MS);
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

  async #pick(id) {
    const { signal, asked, summary } = this.#context;
    const place = this.#parts.card;
    this.#selected = id;
    this.#note();
    try {
      const { profile } = await api.profile(this.#context.at, id, signal);
      if (this.#selected !== id) return;
      fill(place, card(profile, asked, summary.view));
      announce(`Id ${id}: ${nameOf(profile, summary.view)}`);
      // on a narrow screen the card is below the map
      if (matchMedia("(max-width: 960px)").matches) place.scrollIntoView({ block: "nearest" });
    } catch (error) {
      if (error.name !== "AbortError") fill(place, failure(error, () => this.#pick(id)));
    }
  }
}

/** The view that the address names; null if it names none. */
function viewOf({ x, y, zoom }) {
  const view = { x: Number(x), y: Number(y), zoom: Number(zoom) };
  return zoom !== undefined && Object.values(view).every(Number.isFinite) ? view : null;
}

/** The view for the address, to a hundredth of what the canvas shows. */
function addressOf(view) {
  return view && Object.fromEntries(Object.entries(view).map(([name, value]) => [name, String(Number(value.toPrecision(5)))]));
}

/** "#rrggbb" as three numbers. */
function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function range(values) {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return [least, most];
}

function steps(values, number) {
  const [least, most] = range(values);
  return values.map((value) => Math.min(Math.floor(((value - least) / (most - least || 1)) * number), number - 1));
}

function scale(values, colours, name) {
  const [least, most] = range(values);
  return [
    el("h3", {}, name),
    el("div", { class: "ramp", "aria-hidden": "true" }, colours.map((colour) => el("i", { vars: { c: colour } }))),
    el("p", { class: "row between num" }, el("span", {}, brief(least)), el("span", {}, brief(most))),
  ];
}
