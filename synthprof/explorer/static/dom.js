// Elements of the page. Text is always inserted as text: nothing on the page parses markup.

/**
 * An element with attributes and children.
 *
 * `on` holds listeners by event, `vars` custom properties of the style. An attribute that is true is set without a
 * value; one that is false, null or undefined is left out. Children are elements, texts and numbers; empty ones
 * are skipped.
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

/** Sets custom properties through the style object: the page's policy forbids the attribute `style`. */
export function setVars(element, values) {
  for (const [name, value] of Object.entries(values)) element.style.setProperty(`--${name}`, value);
}

/** Replaces the children of an element. */
export function fill(place, ...children) {
  place.replaceChildren(...children.flat(3).filter(Boolean));
}

let language = null;

/** Sets the language of the data that the page shows, a tag as `en`; empty if it is not known. */
export function speak(tag) {
  language = tag || null;
}

/** An element with a text of the data, in its language and with its own text direction. */
export function data(tag, text, attributes = {}) {
  return el(tag, { lang: language, dir: "auto", ...attributes }, String(text));
}

/** A bar for a share from 0 to 1, with an optional mark for its target. */
export function bar(share, mark = null, kind = "") {
  const line = el("span", { class: `bar ${kind}`, "aria-hidden": "true" }, el("i", { vars: { w: percent(share) } }));
  if (mark !== null) line.append(el("b", { vars: { m: percent(mark) } }));
  return line;
}

/** A table with a caption for screen readers, and the column's name on each cell for narrow screens. */
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

/** A list of terms and values; pairs without a value are left out. */
export function facts(pairs, kind = "facts") {
  return el("dl", { class: kind }, pairs
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([term, value, help]) => el("div", {}, el("dt", {}, term), el("dd", {}, value), help ? el("dd", { class: "help" }, help) : null)));
}

/** A small table of values; the style sheet has the widths of its columns. */
export function panel(head, names, rows, foot = null) {
  return el("div", { class: "panel" },
    el("table", {},
      el("caption", {}, head),
      el("colgroup", {}, names.map((name) => el("col", { class: `of-${name.split(" ")[0]}` }))),
      el("thead", { class: "hide" }, el("tr", {}, names.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows)),
    foot);
}

/** A section of a view with its heading. */
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

/** Announces a text to screen readers. */
export function announce(text) {
  const status = document.getElementById("status");
  if (status.textContent !== text) status.textContent = text;
}

/** A placeholder while data is loading. */
export function waiting(what) {
  return el("div", { class: "waiting", "aria-busy": "true" }, el("p", { class: "hide" }, `Loading ${what} …`), el("i"), el("i"), el("i"));
}

/**
 * A sentence of the API as nodes: with a capital, and with text in backticks as code.
 *
 * The name of a file or a parameter, as in `clusters=5`, keeps its small letter.
 */
export function sentence(text) {
  const parts = (/^\S*[=_.]\S/.test(text) ? text : `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}`).split("`");
  return parts.map((part, at) => (at % 2 ? el("code", {}, part) : part));
}

/** An error message, with a button to try again. */
export function failure(error, again) {
  return el("div", { class: "failure", role: "alert" },
    el("h2", {}, error.title ?? "The request failed"),
    el("p", {}, sentence(error.message)),
    again ? el("button", { type: "button", on: { click: again } }, "Try again") : null);
}

function percent(share) {
  return `${Math.round(10000 * Math.min(Math.max(share, 0), 1)) / 100}%`;
}
