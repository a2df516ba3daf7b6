import { expect, test } from "vitest";
import { accentStyles } from "../../bot/channels/web/widget/color";

function luminance(hex: string): number {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255);
  const [r = 0, g = 0, b = 0] = parts.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test.each(["#ffe600", "#ffffff", "#000000", "#7c3f63", "#0af", "#808080", "#ff5533"])(
  "%s can be read",
  (color) => {
    const css = accentStyles(color) ?? "";
    const value = (name: string): string[] =>
      new RegExp(`--fl-${name}: ([^;]+)`).exec(css)?.[1]?.match(/#\w{6}/g) ?? [];
    const [accent = ""] = value("accent");
    const [hover = ""] = value("accent-hover");
    const [onAccent = ""] = value("on-accent");
    const [textLight = "", textDark = ""] = value("accent-text");
    const [softLight = "", softDark = ""] = value("accent-soft");
    expect(contrast(accent, onAccent)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(hover, onAccent)).toBeGreaterThanOrEqual(4.5);
    for (const ground of ["#ffffff", "#eff1f6", softLight]) {
      expect(contrast(textLight, ground)).toBeGreaterThanOrEqual(4.4);
    }
    for (const ground of ["#161a24", "#1e2330", softDark]) {
      expect(contrast(textDark, ground)).toBeGreaterThanOrEqual(4.4);
    }
  },
);

test.each(["red", "#12", "#12345g", "url(x)", "#fff; } * { display: none"])("%s is refused", (color) => {
  expect(accentStyles(color)).toBeNull();
});
