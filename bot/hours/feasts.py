"""Days that people call by name: Christmas, Carnival, Black Friday …, and when they are. Pure.

The rules give Brazil's dates; `public_holidays` knows a country's own where it has the same feast
on another date. Aliases are folded: lower case, no accents, single spaces.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

Rule = Callable[[int], date]


@dataclass(frozen=True, slots=True)
class Feast:
    """A day with a name of its own."""

    key: str
    names: dict[str, str]
    aliases: tuple[str, ...]
    rules: tuple[Rule, ...]
    """One date each; Carnival has two days."""
    national: bool = False
    """Means another date, or nothing, in another country."""
    official: tuple[str, ...] = ()
    """Parts of the English name under which the `holidays` package knows it."""


def easter(year: int) -> date:
    """Return Easter Sunday in the Gregorian calendar (Meeus, Jones and Butcher's algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    offset = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * offset) // 451
    month, day = divmod(h + offset - 7 * m + 114, 31)
    return date(year, month, day + 1)


def _fixed(month: int, day: int) -> Rule:
    return lambda year: date(year, month, day)


def _from_easter(days: int) -> Rule:
    return lambda year: easter(year) + timedelta(days=days)


def _nth(month: int, weekday: int, n: int, *, plus: int = 0) -> Rule:
    def rule(year: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1) + plus)

    return rule


def _names(pt: str, en: str, es: str) -> dict[str, str]:
    return {"pt-BR": pt, "en": en, "es": es}


FEASTS: tuple[Feast, ...] = (
    Feast(
        "new_year_eve",
        _names("véspera de Ano Novo", "New Year's Eve", "Nochevieja"),
        ("reveillon", "virada do ano", "fim de ano", "final de ano", "final do ano", "fim do ano",
         "nochevieja", "noche vieja", "fin de ano", "fin del ano", "new year s eve",
         "new years eve", "new year eve", "vespera de ano novo", "vispera de ano nuevo"),
        (_fixed(12, 31),),
        official=("New Year's Eve",),
    ),
    Feast(
        "new_year",
        _names("Ano Novo", "New Year's Day", "Año Nuevo"),
        ("ano novo", "ano nuevo", "new year s day", "new years day", "new year s", "new years",
         "new year", "confraternizacao universal", "primeiro do ano", "primer dia del ano"),
        (_fixed(1, 1),),
        official=("New Year's Day", "Universal Fraternization"),
    ),
    Feast(
        "carnival",
        _names("Carnaval", "Carnival", "Carnaval"),
        ("segunda feira de carnaval", "segunda de carnaval", "terca feira de carnaval",
         "terca de carnaval", "lunes de carnaval", "martes de carnaval", "carnival monday",
         "carnival tuesday", "carnaval", "carnavales", "carnival", "mardi gras"),
        (_from_easter(-48), _from_easter(-47)),
        official=("Carnival",),
    ),
    Feast(
        "ash_wednesday",
        _names("Quarta-feira de Cinzas", "Ash Wednesday", "Miércoles de Ceniza"),
        ("quarta feira de cinzas", "quarta de cinzas", "ash wednesday", "miercoles de ceniza"),
        (_from_easter(-46),),
        official=("Ash Wednesday",),
    ),
    Feast(
        "maundy_thursday",
        _names("Quinta-feira Santa", "Maundy Thursday", "Jueves Santo"),
        ("quinta feira santa", "quinta santa", "maundy thursday", "holy thursday", "jueves santo"),
        (_from_easter(-3),),
        official=("Maundy Thursday",),
    ),
    Feast(
        "good_friday",
        _names("Sexta-feira Santa", "Good Friday", "Viernes Santo"),
        ("sexta feira santa", "sexta santa", "paixao de cristo", "sexta feira da paixao",
         "good friday", "viernes santo"),
        (_from_easter(-2),),
        official=("Good Friday",),
    ),
    Feast(
        "holy_week",
        _names("Semana Santa", "Holy Week", "Semana Santa"),
        ("semana santa", "holy week"),
        (_from_easter(-3), _from_easter(-2), _from_easter(-1), _from_easter(0)),
    ),
    Feast(
        "easter",
        _names("Páscoa", "Easter Sunday", "Domingo de Pascua"),
        ("domingo de pascoa", "domingo de pascua", "easter sunday", "domingo de resurreccion",
         "pascoa", "pascua", "easter"),
        (_from_easter(0),),
        official=("Easter Sunday",),
    ),
    Feast(
        "corpus_christi",
        _names("Corpus Christi", "Corpus Christi", "Corpus Christi"),
        ("corpus christi", "corpus cristi", "corpus"),
        (_from_easter(60),),
        official=("Corpus Christi",),
    ),
    Feast(
        "tiradentes",
        _names("Tiradentes", "Tiradentes Day", "Tiradentes"),
        ("tiradentes",),
        (_fixed(4, 21),),
        national=True,
        official=("Tiradentes",),
    ),
    Feast(
        "labour_day",
        _names("Dia do Trabalho", "Labour Day", "Día del Trabajo"),
        ("dia do trabalho", "dia do trabalhador", "dia dos trabalhadores", "dia del trabajo",
         "dia del trabajador", "dia de los trabajadores", "dia de trabajo", "labour day",
         "labor day", "workers day", "worker s day", "may day"),
        (_fixed(5, 1),),
        official=("Worker", "Labor Day", "Labour Day", "May Day"),
    ),
    Feast(
        "mothers_day",
        _names("Dia das Mães", "Mother's Day", "Día de la Madre"),
        ("dia das maes", "dia de las madres", "dia de la madre", "mother s day", "mothers day"),
        (_nth(5, 6, 2),),
        national=True,
    ),
    Feast(
        "constitutionalist_revolution",
        _names("Revolução Constitucionalista", "Constitutionalist Revolution Day",
               "Revolución Constitucionalista"),
        ("revolucao constitucionalista", "revolucion constitucionalista",
         "constitutionalist revolution"),
        (_fixed(7, 9),),
        national=True,
        official=("Constitutionalist Revolution",),
    ),
    Feast(
        "fathers_day",
        _names("Dia dos Pais", "Father's Day", "Día del Padre"),
        ("dia dos pais", "dia del padre", "dia de los padres", "father s day", "fathers day"),
        (_nth(8, 6, 2),),
        national=True,
    ),
    Feast(
        "independence",
        _names("Independência do Brasil", "Brazil's Independence Day", "Independencia de Brasil"),
        ("dia da independencia", "independencia do brasil", "dia de la independencia",
         "independence day", "independencia", "independence"),
        (_fixed(9, 7),),
        national=True,
        official=("Independence Day",),
    ),
    Feast(
        "aparecida",
        _names("Nossa Senhora Aparecida", "Our Lady of Aparecida", "Nuestra Señora Aparecida"),
        ("nossa senhora aparecida", "nossa senhora de aparecida", "n sra aparecida",
         "nuestra senora aparecida", "our lady of aparecida", "our lady aparecida",
         "dia das criancas", "dia de los ninos", "dia del nino", "children s day", "aparecida"),
        (_fixed(10, 12),),
        national=True,
        official=("Our Lady of Aparecida",),
    ),
    Feast(
        "all_souls",
        _names("Finados", "All Souls' Day", "Día de los Difuntos"),
        ("dia de finados", "finados", "all souls day", "all souls", "all soul s day",
         "dia de los difuntos", "dia de los muertos", "dia de muertos", "fieles difuntos"),
        (_fixed(11, 2),),
        official=("All Souls",),
    ),
    Feast(
        "republic",
        _names("Proclamação da República", "Republic Day", "Proclamación de la República"),
        ("proclamacao da republica", "dia da republica", "republic proclamation day",
         "proclamation of the republic", "republic day", "proclamacion de la republica",
         "dia de la republica", "republica"),
        (_fixed(11, 15),),
        national=True,
        official=("Republic",),
    ),
    Feast(
        "black_awareness",
        _names("Consciência Negra", "Black Awareness Day", "Día de la Conciencia Negra"),
        ("dia da consciencia negra", "consciencia negra", "dia de zumbi", "zumbi dos palmares",
         "black awareness day", "black consciousness day", "black awareness",
         "black consciousness", "dia de la conciencia negra", "conciencia negra", "zumbi"),
        (_fixed(11, 20),),
        national=True,
        official=("Black Awareness", "Black Consciousness"),
    ),
    Feast(
        "black_friday",
        _names("Black Friday", "Black Friday", "Black Friday"),
        ("black friday", "blackfriday", "viernes negro"),
        (_nth(11, 3, 4, plus=1),),
    ),
    Feast(
        "christmas_eve",
        _names("véspera de Natal", "Christmas Eve", "Nochebuena"),
        ("vespera de natal", "vespera do natal", "christmas eve", "xmas eve", "nochebuena",
         "noche buena", "vispera de navidad", "noite de natal"),
        (_fixed(12, 24),),
        official=("Christmas Eve",),
    ),
    Feast(
        "christmas",
        _names("Natal", "Christmas Day", "Navidad"),
        ("dia de natal", "natal", "christmas day", "christmas", "xmas", "dia de navidad",
         "navidades", "navidad"),
        (_fixed(12, 25),),
        official=("Christmas Day",),
    ),
)  # fmt: skip
BY_KEY = {feast.key: feast for feast in FEASTS}
