// The explorer's HTTP API, relative to where the page is mounted.

/** An error of a request, with the message of the API; status 0 if the server does not respond. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
    this.title = TITLES[status] ?? "The request failed";
  }
}

const TITLES = {
  0: "The server does not respond",
  401: "You are signed out",
  403: "Not allowed",
  404: "Not found",
  409: "Not possible at present",
  429: "Too many searches at once",
  503: "The server is busy",
  504: "No answer in time",
};

const CACHE = new Map();
const MAX_CACHED = 40;

/** Rows of a child table that are asked for at once. */
export const PAGE = 50;

/** Number of retries of a busy server that says when to retry. */
const MAX_RETRIES = 3;

export const datasets = (signal) => get("api/datasets", { signal });
export const progress = (dataset, signal) => get(`${of(dataset)}/progress`, { signal });
export const compare = (left, right, signal) => cached([left, right], query(`${of(right.dataset)}/compare`, { left: left.version, right: right.version }), signal);
/** The last run of each kind of work on a version, under `runs`. */
export const work = (at, signal) => get(`${path(at)}/work`, { signal });
export const run = (dag, id, signal) => get(`api/runs/${part(dag)}/${part(id)}`, { signal });

// These answers depend on the published version alone and are cached.
export const version = (at, signal) => cached([at], path(at), signal);
export const schema = (at, signal) => cached([at], `${path(at)}/schema`, signal);
export const marginals = (at, signal) => cached([at], `${path(at)}/marginals`, signal);
export const clusters = (at, signal) => cached([at], `${path(at)}/clusters`, signal);
export const profile = (at, id, signal) => cached([at], `${path(at)}/profiles/${part(id)}`, signal);
export const children = (at, id, table, first) => get(query(`${path(at)}/profiles/${part(id)}/tables/${part(table)}`, { first, count: PAGE }));
export const map = (at, points, colour, signal) => get(query(`${path(at)}/map`, { points, colour }), { signal });

// What is derived from a version changes while it is published.
export const exports = (at, signal) => get(`${path(at)}/exports`, { signal });
export const workloads = (at, signal) => get(`${path(at)}/workloads`, { signal });
export const matches = (at, signal) => get(`${path(at)}/matches`, { signal });
export const loads = (at, signal) => get(`${path(at)}/loads`, { signal });
export const measurements = (at, signal) => get(`${path(at)}/measurements`, { signal });

/** The address of the picture of a measurement. */
export const picture = (at, name) => `picture/${part(at.dataset)}/${part(at.version)}/${part(name)}`;

/** The address of the page of a match, with pairs side by side. */
export const matchPage = (at, name) => `match/${part(at.dataset)}/${part(at.version)}/${part(name)}`;

/** The address of the thumbnail of a picture. */
export const thumbnail = (at, id) => `${path(at)}/profiles/${part(id)}/thumbnail`;

export const search = (at, asked, signal) => get(query(`${path(at)}/search`, asked), { signal });
export const similar = (at, id, asked, signal) => get(query(`${path(at)}/similar/${part(id)}`, asked), { signal });

/** The pictures nearest to one in base64. */
export const similarPicture = (at, image, asked, signal) => post(`${path(at)}/similar`, { image, ...asked }, { signal });

export const reindex = (at, asked) => post(`${path(at)}/reindex`, asked);
export const makeExport = (at, asked) => post(`${path(at)}/export`, asked);
export const match = (at, asked) => post(`${path(at)}/match`, asked);
export const verify = (at, asked) => post(`${path(at)}/verify`, asked);

/** The address of the stored report of a version. */
export const report = (at) => `report/${part(at.dataset)}/${part(at.version)}`;

/** A function that returns a new signal and aborts the previous one; `signal` aborts them all. */
export function renewingSignal(signal) {
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

/** A name as one segment of a path. A browser would resolve `.` and `..`, even percent-encoded. */
function part(name) {
  if (name === "." || name === "..") throw new ApiError(404, `“${name}” is not a valid name.`);
  return encodeURIComponent(name);
}

/** The address with its parameters; a list adds one per item, an empty value adds none. */
function query(address, parameters) {
  const found = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) if (one !== "" && one !== null && one !== undefined) found.append(name, one);
  }
  const text = found.toString();
  return text ? `${address}?${text}` : address;
}

/** The answer about versions, from the cache if these versions have not been published again since. */
async function cached(versions, address, signal) {
  const key = JSON.stringify([address, ...versions.map((each) => each.published_at)]);
  if (!CACHE.has(key)) {
    const found = await get(address, { signal });
    if (CACHE.size >= MAX_CACHED) CACHE.delete(CACHE.keys().next().value);
    CACHE.set(key, found);
  }
  return CACHE.get(key);
}

function post(address, body, options = {}) {
  // forms of other sites can send neither this header nor JSON
  const headers = { "Content-Type": "application/json", "X-Synthprof": "1" };
  return get(address, { method: "POST", headers, body: JSON.stringify(body), ...options });
}

async function get(address, options) {
  let answer = await ask(address, options);
  for (let again = 0; again < MAX_RETRIES && answer.headers.has("Retry-After") && !options.method; again++) {
    await new Promise((resolve) => setTimeout(resolve, 1000 * Number(answer.headers.get("Retry-After"))));
    answer = await ask(address, options);
  }
  // a reader who is signed out may be redirected to a login page
  if (!answer.headers.get("Content-Type")?.includes("json")) {
    throw new ApiError(answer.ok ? 401 : answer.status, answer.ok ? "Reload this page to sign in." : `The server answered ${answer.status} ${answer.statusText}.`);
  }
  const found = await answer.json();
  if (!answer.ok) throw new ApiError(answer.status, sentence(found.detail) ?? `The server answered ${answer.status}.`);
  return found;
}

async function ask(address, options) {
  try {
    return await fetch(address, { headers: { Accept: "application/json" }, ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "It may be restarting; try again in a moment.");
  }
}

/** The detail of an error as text: a sentence, or a list of invalid values. */
function sentence(detail) {
  if (Array.isArray(detail)) return detail.map((each) => `${each.loc?.at(-1) ?? "value"}: ${each.msg}`).join("; ");
  return typeof detail === "string" ? detail : null;
}
