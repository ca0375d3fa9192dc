// Points drawn pixel by pixel into an image. 100,000 points take milliseconds on a CPU, without a GPU or a library,
// and overlapping points blend.

/** Sets every pixel to the colour [r, g, b]. */
export function clear(image, [red, green, blue]) {
  pixels(image).fill((255 << 24) | (blue << 16) | (green << 8) | red);
}

/**
 * Blends the points for which `colourOf(at)` returns a colour into the image.
 *
 * x, y: coordinates. scale, right, down: (x, y) is at the pixel (x * scale + right, down - y * scale).
 * brush: from `disc`. opacity: from 0 to 1.
 */
export function dots(image, { x, y }, { scale, right, down }, brush, opacity, colourOf) {
  const { width, height } = image;
  const all = pixels(image);
  const { reach } = brush;
  const alphas = brush.alpha.map((alpha) => Math.round(256 * alpha * opacity));
  const offsets = brush.dy.map((dy, dot) => dy * width + brush.dx[dot]);
  for (let at = 0; at < x.length; at++) {
    const column = Math.round(x[at] * scale + right);
    const row = Math.round(down - y[at] * scale);
    if (column < reach || row < reach || column >= width - reach || row >= height - reach) continue;
    const colour = colourOf(at);
    if (!colour) continue;
    const [red, green, blue] = colour;
    const middle = row * width + column;
    for (let dot = 0; dot < offsets.length; dot++) {
      const place = middle + offsets[dot];
      const alpha = alphas[dot];
      const under = all[place];
      const r = under & 255;
      const g = (under >> 8) & 255;
      const b = (under >> 16) & 255;
      all[place] = (255 << 24) | ((b + (((blue - b) * alpha) >> 8)) << 16) | ((g + (((green - g) * alpha) >> 8)) << 8) | (r + (((red - r) * alpha) >> 8));
    }
  }
}

/** The pixels of a disc with a soft edge: their offsets and covered shares. */
export function disc(radius) {
  const reach = Math.ceil(radius);
  const found = { reach, dx: [], dy: [], alpha: [] };
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const alpha = Math.min(Math.max(radius + 0.5 - Math.hypot(dx, dy), 0), 1);
      if (alpha > 0) {
        found.dx.push(dx);
        found.dy.push(dy);
        found.alpha.push(alpha);
      }
    }
  }
  return found;
}

function pixels(image) {
  return new Uint32Array(image.data.buffer);
}
