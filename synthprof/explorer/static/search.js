// Search by text or by example, with conditions; each result has the attributes in common.

import * as api from "./api.js";
import { result } from "./card.js";
import { announce, data, el, failure, fill, select, waiting } from "./dom.js";
import { count, seconds } from "./format.js";
import { go } from "./place.js";

const SIZES = [10, 20, 50, 100];
const MAX_TEXT = 2000;
const SAME = ["=", "!="];
const MORE_OR_LESS = ["<", "<=", ">", ">="];
const ORDERED = ["integer", "unsigned", "float", "decimal", "duration", "date", "time", "timestamp", "timestamptz"];
const OPERATOR_TEXTS = { "=": "is", "!=": "is not", "<": "below", "<=": "at most", ">": "above", ">=": "at least", in: "is one of", "=null": "has no value", "!=null": "has a value" };
const LIST_OPERATOR_TEXTS = { ...OPERATOR_TEXTS, "=": "has", "!=": "lacks", in: "has one of" };
const EXAMPLES_OF = { unsigned: "1", float: "1.5", decimal: "1.5", duration: "seconds, or 1:30:00", time: "13:45", timestamp: "2024-01-31T13:45", timestamptz: "2024-01-31T13:45Z", list: "an item", binary: "hexadecimal" };

/** A condition as the API takes it: a name, in quotes where it holds a sign, an operator and a value. */
const CONDITION = /^\s*("(?:[^"]|"")*"|[^=!<>]*?)\s*(!=|<=|>=|=|<|>|\s(?:in|IN)\s)\s*(.*?)\s*$/s;

export async function show(place, { at, asked, summary, signal }) {
  const { columns, index } = await api.version(at, signal);
  if (signal.aborted) return;
  const results = el("div", { class: "results" });
  const renew = api.renewingSignal(signal);
  const like = (file, options) => found(results, asked, summary.view, renew(), async (each) => api.similarPicture(at, await shrunk(file), options, each), "the nearest to the picture");
  const ask = form(columns, asked, index !== null, summary, like);
  fill(place, el("section", { "aria-labelledby": "title-search" }, el("h2", { id: "title-search" }, "Search"), ask), results);
  if (asked.text || asked.id) await find(results, at, index === null ? { ...asked, exact: "true" } : asked, summary.view, signal);
  else fill(results, suggestions(asked, summary.view.examples));
}

function find(place, at, asked, view, signal) {
  const options = { k: asked.k, where: asked.where, exact: asked.exact };
  const ask = (each) => (asked.id ? api.similar(at, asked.id, options, each) : api.search(at, { text: asked.text, ...options }, each));
  return found(place, asked, view, signal, ask, asked.id ? `the nearest to id ${asked.id}` : "");
}

/** Shows the results that `ask` gets. */
async function found(place, asked, view, signal, ask, told) {
  fill(place, waiting("the results"));
  try {
    const found = await ask(signal);
    if (signal.aborted) return;
    const said = `${count(found.results.length)} ${found.results.length === 1 ? "result" : "results"} in ${seconds(found.seconds)}`;
    announce(said);
    fill(place, el("p", { class: "soft" }, said, told ? `, ${told}` : ""), found.read && reading(found.read),
      found.results.length
        ? el("ol", { class: "hits" }, found.results.map((hit) => result(hit, asked, view)))
        : el("p", {}, "No row meets all conditions; remove one."));
  } catch (error) {
    if (error.name !== "AbortError") fill(place, failure(error, () => found(place, asked, view, signal, ask, told)));
  }
}

/** How a text was read: its conditions, what says nothing, and the conditions that were given up. */
function reading({ conditions, ignored, loosened, ranked, language }) {
  const part = (name, values) => values.length > 0 && [el("dt", {}, name), el("dd", {}, values)];
  return el("dl", { class: "read", "aria-label": "How the text was read" },
    part("Read as", conditions.length ? conditions.map((each) => data("span", each, { class: "tag" })) : [language ? "wishes alone" : "one text, compared whole"]),
    part("Ignored", ignored.map((each) => data("span", each, { class: "tag" }))),
    part("Given up", loosened.map(({ first, without }) => el("p", {}, `from rank ${first} on, as too few rows meet all: `, data("span", without, { class: "tag" })))),
    part("Order", ranked ? [] : ["by id, as nothing in the text ranks these rows"]));
}

function suggestions(asked, examples) {
  return examples.length > 0 && el("p", { class: "row soft" }, "For example: ", examples.map((text) => data("button", text, {
    type: "button", class: "tag", on: { click: () => go({ ...scope(asked), text }) },
  })));
}

function form(columns, asked, indexed, { view, row_word: word }, like) {
  const text = el("input", { type: "search", name: "text", value: asked.text ?? "", maxlength: MAX_TEXT, autocomplete: "off", placeholder: `Describe a ${word}${spoken(view.language)}` });
  const example = el("input", { type: "number", name: "id", min: 1, value: asked.id ?? "", placeholder: "id" });
  const conditions = el("div", { class: "conditions" }, (asked.where ?? []).map((each) => condition(columns, each, view)));
  const add = el("button", { type: "button", class: "link", on: { click: () => {
    conditions.append(condition(columns, "", view));
    conditions.lastElementChild.querySelector("select").focus();
  } } }, "Add a condition");
  const made = el("form", { class: "search", role: "search", on: { submit: (event) => submit(event, conditions, asked) } },
    el("label", { class: "field grow" }, el("span", {}, "Text"), text),
    el("label", { class: "field small" }, el("span", {}, "or similar to id"), example),
    view.thumbnails && picked(like, conditions),
    el("button", { type: "submit", class: "main" }, "Search"),
    conditions,
    el("div", { class: "row options" }, add,
      select("Results", withOption(SIZES.map((size) => [size, size]), asked.k ?? "10"), asked.k ?? 10, () => {}, { name: "k" }),
      el("label", { class: "check" }, el("input", { type: "checkbox", name: "exact", checked: asked.exact === "true" || !indexed, disabled: !indexed }),
        indexed ? "compare every row (exact, slower)" : "every row is compared, as there is no index")));
  // only one of the two applies: input in one clears the other
  text.addEventListener("input", () => (example.value = ""));
  example.addEventListener("input", () => (text.value = ""));
  return made;
}

/** A field for a picture of the reader's own, which is searched by at once. */
function picked(like, conditions) {
  const box = el("input", { type: "file", accept: "image/*", on: { change: () => {
    if (!box.files.length) return;
    const { k, exact } = box.form.elements;
    const where = [...conditions.children].map((each) => each.written()).filter(Boolean);
    like(box.files[0], { k: Number(k.value), where, exact: exact.checked });
  } } });
  return el("label", { class: "field small" }, el("span", {}, "or like a picture"), box);
}

const SIDE = 320; // pixels that are sent: models look at 224 to 448, and the server takes 48,000 characters

/** A picture as a small JPEG in base64, without what its file says of the reader. */
async function shrunk(file) {
  const image = await createImageBitmap(file).catch(() => {
    throw new api.ApiError(422, `“${file.name}” is no picture that this browser reads; choose another one.`);
  });
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const canvas = el("canvas", { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) });
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // where it is transparent
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.8).split(",")[1];
}

/** The name of a language in English, as `, in Spanish`; empty if it is not known. */
function spoken(language) {
  return language ? `, in ${new Intl.DisplayNames("en", { type: "language" }).of(language.split("-")[0])}` : "";
}

function submit(event, conditions, asked) {
  event.preventDefault();
  const { text, id, k, exact } = event.target.elements;
  const where = [...conditions.children].map((each) => each.written()).filter(Boolean);
  if (!text.value.trim() && !id.value) return void text.focus();
  go({ ...scope(asked), text: id.value ? null : text.value.trim(), id: id.value, where, k: k.value === "10" ? null : k.value, exact: exact.checked ? "true" : null });
}

function scope({ dataset, version }) {
  return { dataset, version, view: "search" };
}

/** The options, extended by the given value if it is missing, so that the form shows any address. */
function withOption(options, asked, said = asked) {
  return options.some(([key]) => String(key) === asked) ? options : [...options, [asked, said]];
}

/** A line with column, operator and value; `written()` returns it for the API, or "" if it has no value. */
function condition(columns, written, view) {
  const first = columns.find((each) => each.name === view.table.at(-1)) ?? columns[0];
  const line = el("fieldset", { class: "row condition" });
  const state = stated(written) ?? { name: written || first.name, operator: "=", value: "" };
  line.written = () => spelled(state);
  const draw = (focused = "Column") => {
    fill(line, el("legend", { class: "hide" }, "Condition"), inputs(columns, state, draw), el("button", {
      type: "button", class: "link", "aria-label": "Remove this condition", on: { click: () => line.remove() },
    }, "Remove"));
    line.querySelectorAll("select")[focused === "Column" ? 0 : 1].focus(); // the one that was replaced may have had it
  };
  draw();
  return line;
}

/** Name, operator and value of a written condition, or null if it is none. */
function stated(written) {
  const [, name, sign, value] = CONDITION.exec(written) ?? [];
  if (!name) return null;
  const operator = sign.trim().toLowerCase();
  const none = value.toLowerCase() === "null" && SAME.includes(operator);
  return { name: name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name, operator: none ? `${operator}null` : operator, value };
}

function spelled({ name, operator, value }) {
  if (operator.endsWith("null")) return spell(name) + operator;
  return value === "" ? "" : spell(name) + (operator === "in" ? " in " : operator) + value;
}

function spell(name) {
  return /[=!<>"]|^\s|\s$|\sin\s/i.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}

function inputs(columns, state, draw) {
  const column = columns.find((each) => each.name === state.name) ?? { name: state.name, kind: "text", minimum: null };
  const said = column.kind === "list" ? LIST_OPERATOR_TEXTS : OPERATOR_TEXTS;
  return [
    select("Column", withOption(columns.map((each) => [each.name, each.name]), state.name, `${state.name} (unknown)`), state.name, (name) => {
      const signs = operators(columns.find((each) => each.name === name));
      Object.assign(state, { name, value: "", operator: signs.includes(state.operator) ? state.operator : signs[0] });
      draw();
    }),
    select("Condition", withOption(operators(column).map((sign) => [sign, said[sign]]), state.operator, OPERATOR_TEXTS[state.operator]), state.operator, (sign) => {
      Object.assign(state, { operator: sign });
      draw("Condition");
    }),
    valueOf(column, state),
  ];
}

const TRUTHS = { flag: [["1", "yes"], ["0", "no"]], bool: [["true", "true"], ["false", "false"]] };

function operators(column) {
  const ordered = ORDERED.includes(column?.kind) ? MORE_OR_LESS : [];
  const isCarried = column && column.values === null && column.minimum === null;
  const lists = column?.kind === "flag" || column?.kind === "bool" ? [] : ["in"];
  return [...SAME, ...ordered, ...lists, ...(isCarried ? ["=null", "!=null"] : [])];
}

function valueOf(column, state) {
  if (state.operator.endsWith("null")) return null;
  const values = TRUTHS[column.kind] ?? column.values?.map((each) => [each, each]);
  if (values && state.operator !== "in") return select("Value", withOption([["", "choose …"], ...values], state.value), state.value, (value) => (state.value = value), { required: true });
  const type = state.operator === "in" ? "text" : ({ integer: "number", date: "date" }[column.kind] ?? "text");
  const range = column.minimum === null ? EXAMPLES_OF[column.kind] : `${column.minimum} to ${column.maximum}`;
  const box = el("input", {
    type, value: state.value, required: true, maxlength: type === "text" ? 150 : null,
    min: column.minimum, max: column.maximum, placeholder: state.operator === "in" ? "values, with commas" : range,
    on: { input: () => (state.value = box.value.trim()) },
  });
  return el("label", { class: "field" }, el("span", {}, "Value"), box);
}
