// The explorer's HTTP API, relative to where the page is mounted.

/** A refusal or a failure, with what the API says about it. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
    this.title = TITLES[status] ?? "That did not work";
  }
}

const TITLES = {
  0: "The server does not answer",
  401: "You are signed out",
  403: "You may not do that",
  404: "There is no such thing",
  409: "That is not possible now",
  429: "Too many searches at once",
  503: "The server is busy",
  504: "That took too long",
};

const KEPT = new Map();
const MOST_KEPT = 40;

/** How often a server that is busy, and says when it will not be, is asked again before the reader is told. */
const MOST_AGAIN = 3;

export const datasets = (signal) => get("api/datasets", { signal });
export const progress = (dataset, signal) => get(`${of(dataset)}/progress`, { signal });
export const compare = (left, right, signal) => keep([left, right], query(`${of(right.dataset)}/compare`, { left: left.version, right: right.version }), signal);
export const run = (dag, id, signal) => get(`api/runs/${part(dag)}/${part(id)}`, { signal });

/** What changes only where another version is published under the name is asked for once. */
export const version = (at, signal) => keep([at], path(at), signal);
export const marginals = (at, signal) => keep([at], `${path(at)}/marginals`, signal);
export const clusters = (at, signal) => keep([at], `${path(at)}/clusters`, signal);
export const profile = (at, id, signal) => keep([at], `${path(at)}/profiles/${part(id)}`, signal);
export const map = (at, points, colour, signal) => get(query(`${path(at)}/map`, { points, colour }), { signal });

export const search = (at, asked, signal) => get(query(`${path(at)}/search`, asked), { signal });
export const similar = (at, id, asked, signal) => get(query(`${path(at)}/similar/${part(id)}`, asked), { signal });

export const reindex = (at, asked) => post(`${path(at)}/reindex`, asked);
export const verify = (at, asked) => post(`${path(at)}/verify`, asked);

/** Where the stored report of a version is. */
export const report = (at) => `report/${part(at.dataset)}/${part(at.version)}`;

/** A function that gives a signal; what was asked with the one before, or before `signal`, counts no more. */
export function renewing(signal) {
  let last = new AbortController();
  return () => {
    last.abort();
    last = new AbortController();
    return AbortSignal.any([signal, last.signal]);
  };
}

function of(dataset) {
  return `api/datasets/${part(dataset)}`;
}

function path(at) {
  return `${of(at.dataset)}/versions/${part(at.version)}`;
}

/** A name as one part of a path. Those of steps up and down a browser would follow, however they are written. */
function part(name) {
  if (name === "." || name === "..") throw new Refused(404, `“${name}” is no name of anything here.`);
  return encodeURIComponent(name);
}

/** The address with its parameters; a list gives one for each item, what is empty gives none. */
function query(address, parameters) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== "" && one !== null && one !== undefined) found.append(name, one);
  }
  const text = found.toString();
  return text ? `${address}?${text}` : address;
}

/** The answer for versions as they were published, kept from the last time if it is known. */
async function keep(versions, address, signal) {
  const key = JSON.stringify([address, ...versions.map((each) => each.published_at)]);
  if (!KEPT.has(key)) {
    const found = await get(address, { signal });
    if (KEPT.size >= MOST_KEPT) KEPT.delete(KEPT.keys().next().value);
    KEPT.set(key, found);
  }
  return KEPT.get(key);
}

function post(address, body) {
  // a form of another site can send neither this header nor JSON
  const headers = { "Content-Type": "application/json", "X-Synthprof": "1" };
  return get(address, { method: "POST", headers, body: JSON.stringify(body) });
}

async function get(address, options) {
  let answer = await ask(address, options);
  for (let again = 0; again < MOST_AGAIN && answer.headers.has("Retry-After") && !options.method; again++) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get("Retry-After"))));
    answer = await ask(address, options);
  }
  // whoever is signed out may be sent to a page to sign in at
  if (!answer.headers.get("Content-Type")?.includes("json")) {
    throw new Refused(answer.ok ? 401 : answer.status, answer.ok ? "Load this page again to sign in." : `The server answered ${answer.status} ${answer.statusText}.`);
  }
  const found = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, sentence(found.detail) ?? `The server answered ${answer.status}.`);
  return found;
}

async function ask(address, options) {
  try {
    return await fetch(address, { headers: { Accept: "application/json" }, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "It may be starting again; try in a moment.");
  }
}

/** The detail of an error: a sentence, or a list of what was wrong with each value. */
function sentence(detail) {
  if (Array.isArray(detail)) return detail.map((each) => `${each.loc?.at(-1) ?? "value"}: ${each.msg}`).join("; ");
  return typeof detail === "string" ? detail : null;
}
