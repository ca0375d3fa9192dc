// A scatter plot of many points on a canvas, with moving, zooming and selection.

import { clear, disc, dots } from "./raster.js";

const MAX_ZOOM = 400;
const PICK_RADIUS = 14;
const STEP = 1.4;
const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * A scatter plot: drag or pinch to move, wheel or + and − to zoom, click or arrow keys to select a point.
 *
 * Calls `on.pick(at)` when a point is chosen, `on.hover(at, x, y)` when the pointer is near a point, with null when
 * it is near none, and `on.move()` when the view changes.
 */
export class Scatter {
  #canvas;
  #context;
  #on;
  #points = { x: [], y: [], colours: [], shown: null };
  #view = null;
  #box = null;
  #pointers = new Map();
  #dragged = 0;
  #chosen = null;
  #frame = 0;
  #image = null;

  constructor(canvas, on, signal) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#on = on;
    const sizes = new ResizeObserver(() => this.#resize());
    sizes.observe(canvas);
    signal.addEventListener("abort", () => sizes.disconnect());
    this.#listen(signal);
  }

  /** x, y: coordinates; colours: [r, g, b] of each point; shown: false for faded points, or null if none is. */
  set points(points) {
    this.#points = { ...points, x: Float32Array.from(points.x), y: Float32Array.from(points.y) };
    this.#box = boxOf(this.#points.x, this.#points.y, null);
    this.redraw();
  }

  /** The middle of the canvas on the plane and the zoom, 1 for all points; null if all that are not faded are shown. */
  get view() {
    return this.#view;
  }

  set view(view) {
    this.#view = view && { ...view, zoom: within(view.zoom) };
    this.redraw();
  }

  /** Fades other points; the view stays. */
  set shown(shown) {
    this.#view = this.#shown();
    this.#points.shown = shown;
    this.redraw();
  }

  /** The selected point, or null. */
  set chosen(at) {
    this.#chosen = at;
    this.redraw();
  }

  get chosen() {
    return this.#chosen;
  }

  /** The position of a point on the canvas in CSS pixels. */
  place(at) {
    const { scale, right, down } = this.#projection();
    return { x: this.#points.x[at] * scale + right, y: down - this.#points.y[at] * scale };
  }

  /** Zooms so that a position on the canvas stays where it is: the given one, that of the selected point or the middle. */
  zoom(factor, x, y) {
    if (x === undefined) ({ x, y } = this.#held());
    const { width, height } = this.#size();
    const before = this.#toPlane(x, y);
    const zoom = within(this.#shown().zoom * factor);
    const scale = this.#scale * zoom;
    this.#go({ x: before[0] - (x - width / 2) / scale, y: before[1] + (y - height / 2) / scale, zoom });
  }

  /** Shows all points that are not faded. */
  reset() {
    this.#go(null);
  }

  redraw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  // --- geometry ------------------------------------------------------------------------------------------

  #size() {
    return { width: this.#canvas.clientWidth, height: this.#canvas.clientHeight };
  }

  #go(view) {
    this.#view = view;
    this.redraw();
    this.#on.move();
  }

  /** The view, or the one that holds all points that are not faded. */
  #shown() {
    if (this.#view) return this.#view;
    const { x, y, shown } = this.#points;
    const box = (shown && boxOf(x, y, shown)) ?? this.#box;
    if (!box) return { x: 0, y: 0, zoom: 1 };
    return { x: (box.left + box.right) / 2, y: (box.low + box.high) / 2, zoom: within(this.#scaleOf(box) / this.#scale) };
  }

  get #scale() {
    return this.#box ? this.#scaleOf(this.#box) : 1;
  }

  #scaleOf({ left, right, low, high }) {
    const { width, height } = this.#size();
    return 0.94 * Math.min(width / (right - left || 1), height / (high - low || 1));
  }

  /** The selected point's position if the canvas shows it, else its middle. */
  #held() {
    const { width, height } = this.#size();
    const at = this.#chosen === null ? null : this.place(this.#chosen);
    const seen = at && at.x >= 0 && at.y >= 0 && at.x <= width && at.y <= height;
    return seen ? at : { x: width / 2, y: height / 2 };
  }

  /** Where the plane lies on the canvas, as `dots` takes it, in pixels of which there are `dense` to one of CSS. */
  #projection(dense = 1) {
    const { width, height } = this.#size();
    const view = this.#shown();
    const scale = this.#scale * view.zoom * dense;
    return { scale, right: (width * dense) / 2 - view.x * scale, down: (height * dense) / 2 + view.y * scale };
  }

  #toPlane(x, y) {
    const { scale, right, down } = this.#projection();
    return [(x - right) / scale, (down - y) / scale];
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const dense = Math.min(window.devicePixelRatio || 1, 2);
    const fresh = this.#canvas.width !== Math.round(width * dense) || this.#canvas.height !== Math.round(height * dense);
    if (!fresh || !width || !height) return;
    this.#canvas.width = Math.round(width * dense);
    this.#canvas.height = Math.round(height * dense);
    this.#paint();
  }

  // --- painting ------------------------------------------------------------------------------------------

  #paint() {
    const { width, height } = this.#canvas;
    if (!width || !height) return;
    const dense = width / this.#canvas.clientWidth;
    const style = getComputedStyle(this.#canvas);
    const [back, faded] = [style.backgroundColor, style.borderTopColor].map(rgb);
    if (this.#image?.width !== width || this.#image.height !== height) this.#image = this.#context.createImageData(width, height);
    const image = this.#image;
    const brush = disc(this.#radius() * dense);
    const where = this.#projection(dense);
    const { colours, shown } = this.#points;
    clear(image, back);
    if (shown) dots(image, this.#points, where, brush, 0.5, (at) => (shown[at] ? null : faded));
    dots(image, this.#points, where, brush, this.#opacity(), (at) => (!shown || shown[at] ? colours[at] : null));
    this.#context.putImageData(image, 0, 0);
    if (this.#chosen !== null) this.#ring(dense, style.color);
  }

  /** The radius of a point: larger if there are fewer points, and growing a little with the zoom. */
  #radius() {
    const n = this.#points.x.length;
    const base = n > 50_000 ? 1.3 : n > 15_000 ? 1.8 : n > 4_000 ? 2.3 : 3;
    return Math.min(base * this.#shown().zoom ** 0.3, 6);
  }

  #opacity() {
    return this.#points.x.length > 15_000 ? 0.75 : 0.85;
  }

  #ring(dense, colour) {
    const { x, y } = this.place(this.#chosen);
    this.#context.lineWidth = 2 * dense;
    this.#context.strokeStyle = colour;
    this.#context.beginPath();
    this.#context.arc(x * dense, y * dense, (this.#radius() + 5) * dense, 0, 2 * Math.PI);
    this.#context.stroke();
  }

  // --- pointer and keys ----------------------------------------------------------------------------------

  #listen(signal) {
    const listen = (name, act, options = {}) => this.#canvas.addEventListener(name, act, { signal, ...options });
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#up(event));
    listen("pointercancel", (event) => this.#pointers.delete(event.pointerId));
    listen("pointerleave", () => this.#on.hover(null));
    listen("wheel", (event) => this.#wheel(event), { passive: false });
    listen("dblclick", (event) => this.zoom(STEP * STEP, event.offsetX, event.offsetY));
    listen("keydown", (event) => this.#key(event));
  }

  #down(event) {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    if (this.#pointers.size === 1) this.#dragged = 0;
  }

  #move(event) {
    const before = this.#pointers.get(event.pointerId);
    const now = [event.offsetX, event.offsetY];
    if (!before) {
      const near = this.#nearest(...now);
      this.#on.hover(near, ...now);
      this.#canvas.classList.toggle("over", near !== null);
      return;
    }
    const apart = this.#apart();
    this.#pointers.set(event.pointerId, now);
    const share = 1 / this.#pointers.size;
    this.#pan((now[0] - before[0]) * share, (now[1] - before[1]) * share);
    this.#dragged += Math.hypot(now[0] - before[0], now[1] - before[1]);
    if (apart) this.zoom(this.#apart() / apart, ...this.#middle());
    this.#on.hover(null);
  }

  /** Moves the points by pixels of CSS. */
  #pan(right, down) {
    const { scale } = this.#projection();
    const { x, y, zoom } = this.#shown();
    this.#go({ x: x - right / scale, y: y + down / scale, zoom });
  }

  #up(event) {
    const alone = this.#pointers.size === 1;
    this.#pointers.delete(event.pointerId);
    if (!alone || this.#dragged > 5) return;
    const near = this.#nearest(event.offsetX, event.offsetY);
    if (near !== null) this.#choose(near);
  }

  /** Zooms only if the map has the focus or Ctrl is held, so that scrolling the page does not zoom. */
  #wheel(event) {
    if (!event.ctrlKey && document.activeElement !== this.#canvas) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key } = event;
    if (key in KEYS) this.#arrow(KEYS[key], event.shiftKey);
    else if (key === "+" || key === "=") this.zoom(STEP);
    else if (key === "-") this.zoom(1 / STEP);
    else if (key === "0") this.reset();
    else if ((key === "Enter" || key === " ") && this.#chosen !== null) this.#on.pick(this.#chosen);
    else return;
    event.preventDefault();
  }

  #arrow([right, down], pan) {
    if (pan) return void this.#pan(-60 * right, -60 * down);
    const next = this.#chosen === null ? this.#nearest(this.#canvas.clientWidth / 2, this.#canvas.clientHeight / 2, Infinity) : this.#towards(right, down);
    if (next === null) return;
    this.chosen = next;
    const { x, y } = this.place(next);
    this.#on.hover(next, x, y);
  }

  #choose(at) {
    this.chosen = at;
    this.#on.pick(at);
  }

  #nearest(x, y, reach = PICK_RADIUS) {
    let [found, least] = [null, reach * reach];
    this.#each((at, px, py) => {
      const far = (px - x) ** 2 + (py - y) ** 2;
      if (far < least) [found, least] = [at, far];
    });
    return found;
  }

  /** The nearest point in that direction, with a penalty for distance from the line. */
  #towards(right, down) {
    const { x, y } = this.place(this.#chosen);
    let [found, least] = [null, Infinity];
    this.#each((at, px, py) => {
      const along = (px - x) * right + (py - y) * down;
      const aside = Math.abs((px - x) * down) + Math.abs((py - y) * right);
      const far = along + 3 * aside;
      if (along > 4 && far < least) [found, least] = [at, far];
    });
    return found;
  }

  #each(act) {
    const { x, y, shown } = this.#points;
    const { scale, right, down } = this.#projection();
    for (let at = 0; at < x.length; at++) {
      if (!shown || shown[at]) act(at, x[at] * scale + right, down - y[at] * scale);
    }
  }

  #apart() {
    if (this.#pointers.size !== 2) return 0;
    const [a, b] = [...this.#pointers.values()];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  }

  #middle() {
    const [a, b] = [...this.#pointers.values()];
    return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  }
}

function within(zoom) {
  return Math.min(Math.max(zoom, 0.8), MAX_ZOOM);
}

/** The smallest box around the points that are not faded; null if there are none. */
function boxOf(x, y, shown) {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let at = 0; at < x.length; at++) {
    if (shown && !shown[at]) continue;
    left = Math.min(left, x[at]);
    right = Math.max(right, x[at]);
    low = Math.min(low, y[at]);
    high = Math.max(high, y[at]);
  }
  return left > right ? null : { left, right, low, high };
}

/** "rgb(r, g, b)" as three numbers. */
function rgb(colour) {
  return colour.match(/\d+/g).slice(0, 3).map(Number);
}
