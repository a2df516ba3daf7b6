/** A company's colour, made readable: text on it and text of it keep 4.5:1 (WCAG 2.2, 1.4.3) in both themes. */

type Rgb = readonly [number, number, number];

const WHITE: Rgb = [255, 255, 255];
const BLACK: Rgb = [0, 0, 0];
const INK: Rgb = [16, 19, 43];
/** The least favourable backgrounds accent text stands on: --fl-sunken of either theme. */
const LIGHT_GROUND: Rgb = [239, 241, 246];
const DARK_GROUND: Rgb = [30, 35, 48];
const ENOUGH = 4.5;

/** A style sheet's text that colours the widget, or `null` when `color` is not `#rgb` or `#rrggbb`. */
export function accentStyles(color: string): string | null {
  const accent = parseHex(color);
  if (!accent) {
    return null;
  }
  const onAccent = contrast(accent, WHITE) >= ENOUGH ? WHITE : INK;
  const ground = onAccent === WHITE ? accent : untilReadable(accent, INK, WHITE);
  const hover = mix(ground, onAccent === WHITE ? BLACK : WHITE, 0.14);
  const lightSoft = mix(WHITE, accent, 0.1);
  const darkSoft = mix(DARK_GROUND, accent, 0.2);
  const inLight = untilReadable(untilReadable(accent, LIGHT_GROUND, BLACK), lightSoft, BLACK);
  const inDark = untilReadable(untilReadable(accent, DARK_GROUND, WHITE), darkSoft, WHITE);
  return `:host {
    --fl-accent: ${hex(ground)};
    --fl-accent-hover: ${hex(hover)};
    --fl-on-accent: ${hex(onAccent)};
    --fl-accent-text: light-dark(${hex(inLight)}, ${hex(inDark)});
    --fl-accent-soft: light-dark(${hex(lightSoft)}, ${hex(darkSoft)});
  }`;
}

function parseHex(color: string): Rgb | null {
  const digits = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(color.trim())?.[1];
  if (!digits) {
    return null;
  }
  const full = digits.length === 3 ? [...digits].map((digit) => digit + digit).join("") : digits;
  const value = Number.parseInt(full, 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function hex(color: Rgb): string {
  return `#${color.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2): number => from[index] + (to[index] - from[index]) * share;
  return [part(0), part(1), part(2)];
}

/** Moves `color` towards `goal` in small steps until it can be read on `ground`. */
function untilReadable(color: Rgb, ground: Rgb, goal: Rgb): Rgb {
  let share = 0;
  let candidate = color;
  while (contrast(candidate, ground) < ENOUGH && share < 1) {
    share += 0.05;
    candidate = mix(color, goal, share);
  }
  return candidate;
}

function contrast(one: Rgb, other: Rgb): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** Relative luminance of sRGB, WCAG 2.2. */
function luminance(color: Rgb): number {
  const [r, g, b] = color.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
