// Elements. Text only ever becomes text: nothing here or elsewhere on the page parses markup.

/**
 * An element with attributes and children.
 *
 * Of the attributes, `on` holds listeners by event, `vars` custom properties of its style, a function or a
 * boolean becomes a property or is left out. Children are elements, texts, numbers; empty ones are skipped.
 */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") Object.entries(value).forEach(([event, act]) => made.addEventListener(event, act));
    else if (name === "vars") setVars(made, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return made;
}

/** Custom properties of an element's style, through the style's object: the page's policy forbids the attribute. */
export function setVars(element, values) {
  for (const [name, value] of Object.entries(values)) element.style.setProperty(`--${name}`, value);
}

/** The place shows these children and nothing else. */
export function fill(place, ...children) {
  place.replaceChildren(...children.flat(3).filter(Boolean));
}

/** An element for data, in Portuguese, whose direction is its own. */
export function data(tag, text, attributes = {}) {
  return el(tag, { lang: "pt-BR", dir: "auto", ...attributes }, String(text));
}

/** A share from 0 to 1 as a bar, with a mark where it should be. */
export function bar(share, mark = null, kind = "") {
  const line = el("span", { class: `bar ${kind}`, "aria-hidden": "true" }, el("i", { vars: { w: percent(share) } }));
  if (mark !== null) line.append(el("b", { vars: { m: percent(mark) } }));
  return line;
}

/** A table with a caption for those who cannot see it, and the column's name on each cell for narrow screens. */
export function table(caption, columns, rows, kind = "") {
  const heads = columns.map((column) => el("th", { scope: "col", class: column.class }, column.name));
  return el("div", { class: "scroll" },
    el("table", { class: `wide ${kind}` },
      el("caption", { class: "hide" }, caption),
      el("thead", {}, el("tr", {}, heads)),
      el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, at) => at === 0
        ? el("th", { scope: "row" }, cell)
        : el("td", { class: columns[at].class, "data-name": columns[at].name }, cell)))))));
}

/** A list of terms and what they are; pairs without a value are left out. */
export function facts(pairs, kind = "facts") {
  return el("dl", { class: kind }, pairs
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([term, value, help]) => el("div", {}, el("dt", {}, term), el("dd", {}, value), help ? el("dd", { class: "help" }, help) : null)));
}

/** A small table of values; the widths of its columns are in the style. */
export function panel(head, names, rows, foot = null) {
  return el("div", { class: "panel" },
    el("table", {},
      el("caption", {}, head),
      el("colgroup", {}, names.map((name) => el("col", { class: `of-${name.split(" ")[0]}` }))),
      el("thead", { class: "hide" }, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows)),
    foot);
}

/** A part of a view, with its heading. */
export function section(title, lead, ...children) {
  const id = `title-${title.toLowerCase().replaceAll(/[^a-z]+/g, "-")}`;
  return el("section", { "aria-labelledby": id },
    el("h2", { id }, title), lead ? el("p", { class: "lead" }, lead) : null, ...children);
}

/** A drop-down with its label; options are [value, text]. */
export function select(label, options, value, change, attributes = {}) {
  const box = el("select", { on: { change: () => change(box.value) }, ...attributes },
    options.map(([key, text]) => el("option", { value: key, selected: String(key) === String(value) }, text)));
  return el("label", { class: "field" }, el("span", {}, label), box);
}

/** Tells those who listen to the page what has happened. */
export function announce(text) {
  const status = document.getElementById("status");
  if (status.textContent !== text) status.textContent = text;
}

/** Bars that stand for what is still being fetched. */
export function waiting(what) {
  return el("div", { class: "waiting", "aria-busy": "true" }, el("p", { class: "hide" }, `Loading ${what} …`), el("i"), el("i"), el("i"));
}

/** A sentence of the API: it starts with a capital, and what stands in backticks is code. */
export function sentence(text) {
  const parts = `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`.split("`");
  return parts.map((part, at) => (at % 2 ? el("code", {}, part) : part));
}

/** What went wrong, in the words of the API, with a way on. */
export function failure(error, again) {
  return el("div", { class: "failure", role: "alert" },
    el("h2", {}, error.title ?? "That did not work"),
    el("p", {}, sentence(error.message)),
    again ? el("button", { type: "button", on: { click: again } }, "Try again") : null);
}

function percent(share) {
  return `${Math.round(10000 * Math.min(Math.max(share, 0), 1)) / 100}%`;
}
