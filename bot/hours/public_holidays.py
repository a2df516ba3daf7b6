"""A country's public holidays, from the `holidays` package, with names in our languages."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from bot.hours.calendar import Names
from bot.hours.feasts import FEASTS, Feast
from bot.kit.errors import Invalid
from bot.kit.locales import LOCALES


def around(country: str | None, state: str | None, *, year: int) -> Mapping[date, Names]:
    """Return the public holidays of last year, `year` and the two after it.

    Raises:
        Invalid: the package knows no such country or state.
    """
    if not country:
        return {}
    result: dict[date, Names] = {}
    for each in range(year - 1, year + 3):
        result.update(in_year(country, state, each))
    return result


@lru_cache(maxsize=64)
def in_year(country: str, state: str | None, year: int) -> Mapping[date, Names]:
    """Return one year's public holidays with their names by locale; see `around`."""
    # Imported at the first use: most processes that import this package never need it.
    import holidays

    def names_in(language: str | None) -> dict[date, str]:
        found = holidays.country_holidays(country, subdiv=state, years=year, language=language)
        return {day: str(name).split("; ")[0] for day, name in found.items()}

    try:
        plain = names_in(None)
        english = names_in("en_US")
    except NotImplementedError as error:
        raise Invalid(f"No holidays are known for {country} {state or ''}".strip() + ".") from error
    translated = {"pt-BR": names_in("pt_BR"), "en": english, "es": names_in("es")}
    result: dict[date, Names] = {}
    for day, name in plain.items():
        feast = _known(english.get(day, name), country)
        if feast is not None:
            result[day] = dict(feast.names)
        else:
            result[day] = {locale: translated[locale].get(day, name) for locale in LOCALES}
    return result


def _known(english: str, country: str) -> Feast | None:
    for feast in FEASTS:
        if feast.national and country != "BR":
            continue
        if any(part in english for part in feast.official):
            return feast
    return None


def feast_dates(feast: Feast, *, country: str | None, state: str | None, year: int) -> list[date]:
    """Return the dates of a feast in a year: the country's own where it has it, else by rule.

    Empty for a national day of Brazil in a country that has no such day.
    """
    if country and country != "BR" and feast.official:
        own = [
            day
            for day, names in in_year(country, state, year).items()
            if names.get("en") == feast.names["en"]
            or any(names.get("en", "").startswith(part) for part in feast.official)
        ]
        if own or feast.national:
            return sorted(own)
    return [rule(year) for rule in feast.rules]


@lru_cache(maxsize=1)
def countries() -> dict[str, list[str]]:
    """Return the codes (ISO 3166-1) of the countries whose holidays are known, with their states."""
    import holidays

    known = holidays.list_supported_countries(include_aliases=False)
    return {code: list(states) for code, states in sorted(known.items())}
