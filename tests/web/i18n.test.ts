import { expect, test } from "vitest";
import { chooseLocale, I18n, interpolate } from "../../bot/web/shared/i18n";

test.each([
  [["pt-PT"], "pt-BR"],
  [["es_MX"], "es"],
  [[null, "", "de", "EN-us"], "en"],
  [["fr"], "en"],
])("%j is answered in %s", (candidates, expected) => {
  expect(chooseLocale(candidates)).toBe(expected);
});

test("texts change with the language, both at once", async () => {
  const i18n = new I18n("en", async (locale) =>
    locale === "es" ? { Send: "Enviar", "{count} dog": ["{count} perro", "{count} perros"] } : {},
  );
  expect(i18n.t("Send")).toBe("Send");
  expect(i18n.n("{count} dog", "{count} dogs", 2)).toBe("2 dogs");
  await i18n.setLocale("es");
  expect(i18n.t("Send")).toBe("Enviar");
  expect(i18n.n("{count} dog", "{count} dogs", 1)).toBe("1 perro");
  expect(i18n.n("{count} dog", "{count} dogs", 1200)).toBe("1200 perros");
});

test("without its catalogue a language speaks English, and asks again next time", async () => {
  let attempts = 0;
  const i18n = new I18n("en", async () => {
    attempts += 1;
    throw new Error("offline");
  });
  await i18n.setLocale("es");
  expect(i18n.t("Send")).toBe("Send");
  expect(i18n.locale.value).toBe("es");
  await i18n.setLocale("es");
  expect(attempts).toBe(2);
});

test("an unknown placeholder is left to be seen", () => {
  expect(interpolate("{name} has {what}", { name: "Ana" })).toBe("Ana has {what}");
});
