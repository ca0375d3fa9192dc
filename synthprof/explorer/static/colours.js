// Colours of equal perceived brightness: OKLCH (Ottosson, "A perceptual color space for image processing", 2020).

/** A colour for each of n categories in a sequence; neighbours also differ in lightness. */
export function palette(n, dark) {
  const light = dark ? [0.74, 0.64, 0.84] : [0.6, 0.72, 0.5];
  return Array.from({ length: n }, (_, at) => oklch(n > 6 ? light[at % 3] : light[0], 0.15, (360 * at) / n + 155));
}

/** A colour for each of n steps from the lowest to the highest value. */
export function ramp(n, dark) {
  return Array.from({ length: n }, (_, at) => {
    const t = n > 1 ? at / (n - 1) : 0.5;
    const lightness = dark ? 0.42 + 0.46 * t : 0.86 - 0.5 * t;
    return oklch(lightness, 0.1 + 0.06 * Math.sin(Math.PI * t), dark ? 270 - 170 * t : 100 + 170 * t);
  });
}

/** The clusters in the order of their angle on the map, so that neighbours get similar colours. */
export function orderByAngle(x, y, groups, n) {
  const sums = Array.from({ length: n }, () => [0, 0]);
  groups.forEach((group, at) => {
    sums[group][0] += x[at];
    sums[group][1] += y[at];
  });
  return sums.map((_, group) => group).sort((a, b) => Math.atan2(sums[a][1], sums[a][0]) - Math.atan2(sums[b][1], sums[b][0]) || a - b);
}

export const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

/** [red, green, blue] from 0 to 255; hue in degrees. */
function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ].map((linear) => {
    const kept = Math.min(Math.max(linear, 0), 1);
    return Math.round(255 * (kept <= 0.0031308 ? 12.92 * kept : 1.055 * kept ** (1 / 2.4) - 0.055));
  });
}
