// Numbers and times in the format of the reader's language.

import { el } from "./dom.js";

const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const fraction = new Intl.NumberFormat(undefined, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const shares = new Intl.NumberFormat(undefined, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const points = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const digits = [0, 1, 2].map((n) => new Intl.NumberFormat(undefined, { minimumFractionDigits: n, maximumFractionDigits: n }));

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB"];
const SPANS = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

export const count = (value) => whole.format(value);
export const brief = (value) => short.format(value);
export const share = (value) => shares.format(value);
export const similarity = (value) => fraction.format(value);

/** A share with as many digits as tell small ones apart; never 100 % unless it is. */
export function exact(value) {
  const near = Math.min(value, 1 - value);
  const places = near === 0 ? 0 : near >= 0.0095 ? 1 : near >= 0.00095 ? 2 : near >= 0.000095 ? 3 : 4;
  return new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: places, minimumFractionDigits: Math.min(places, 1) }).format(value);
}

/** A difference of two shares in percentage points, with its sign. */
export const difference = (value) => points.format(100 * value);

/** A score; null is shown as a dash. */
export function score(value) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) < 100 ? fraction.format(value) : whole.format(Math.round(value));
}

export function bytes(value) {
  const power = value < 1024 ? 0 : Math.min(Math.floor(Math.log2(value) / 10), SIZES.length - 1);
  const scaled = value / 1024 ** power;
  return `${digits[power === 0 || scaled >= 100 ? 0 : 1].format(scaled)} ${SIZES[power]}`;
}

export function seconds(value) {
  if (value < 9.995) return `${digits[2].format(value)} s`;
  if (value < 99.95) return `${digits[1].format(value)} s`;
  const all = Math.round(value);
  return `${whole.format(Math.floor(all / 60))} min ${String(all % 60).padStart(2, "0")} s`;
}

/** A value of a row as people read it: items of a list joined, what has parts as JSON, a dash for none. */
export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value) && value.every((each) => each === null || typeof each !== "object")) return value.map(shown).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** An element with a time relative to now; its tooltip is the absolute time. */
export function ago(iso) {
  const moment = new Date(iso);
  return el("time", { datetime: iso, title: absolute.format(moment) }, since(moment));
}

/** A time relative to now, as plain text. */
export function since(moment) {
  const passed = (new Date(moment) - Date.now()) / 1000;
  const [unit, length] = SPANS.find(([, size]) => Math.abs(passed) >= size) ?? [];
  return unit ? relative.format(Math.trunc(passed / length), unit) : "just now";
}
