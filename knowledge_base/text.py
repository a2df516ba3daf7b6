"""Words as search sees them: folded, without filler words, lightly stemmed per language. Pure.

Only search uses this; what is stored and shown is always the text as it was written.
"""

import gzip
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from importlib import resources

from bot.kit.locales import LOCALES

_WORD = re.compile(r"[a-z0-9]+")
_DOUBLED = re.compile(r"[a-z]{2}([bdglmnprt])\1$")
_CHAT_WORD = re.compile(r"[^\W\d_]+")
_REPEATED = re.compile(r"([a-z])\1{2,}")

# One table for all languages, because a message does not say which one it is in. Where two
# disagree, the language of more customers wins.
ABBREVIATIONS: dict[str, str] = {
    # Portuguese
    "vc": "você", "vcs": "vocês", "ce": "você", "oq": "o que", "q": "que", "pq": "porque",
    "n": "não", "ñ": "não", "naum": "não", "hj": "hoje", "kd": "cadê", "qto": "quanto",
    "qt": "quanto", "qts": "quantos", "qdo": "quando", "qnd": "quando", "tb": "também",
    "tbm": "também", "td": "tudo", "mto": "muito", "mt": "muito", "pfv": "por favor",
    "pgto": "pagamento", "pgt": "pagamento", "ped": "pedido", "cel": "celular", "nf": "nota fiscal",
    "nfe": "nota fiscal", "end": "endereço", "pra": "para", "pro": "para o", "tá": "está",
    "ta": "está", "to": "estou", "tô": "estou", "eh": "é", "dps": "depois", "agr": "agora",
    "msg": "mensagem", "qq": "qualquer", "add": "adicionar", "app": "aplicativo",
    # Spanish
    "xq": "porque", "k": "que", "ke": "que", "x": "por", "xfa": "por favor", "porfa": "por favor",
    "tmb": "también", "dnd": "dónde", "cdo": "cuándo", "cto": "cuánto",
    # English
    "u": "you", "ur": "your", "pls": "please", "plz": "please", "thx": "thanks", "pwd": "password",
    "acc": "account", "cuz": "because", "wanna": "want to", "addr": "address", "tmrw": "tomorrow",
}  # fmt: skip

_PLAIN_LATIN = {
    code: plain
    for code in range(0xA0, 0x180)
    if (plain := "".join(
        c for c in unicodedata.normalize("NFKD", chr(code)) if not unicodedata.combining(c)
    )) != chr(code)
}  # fmt: skip


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


STOP_WORDS: dict[str, frozenset[str]] = {
    "pt-BR": _set(
        """
        a à ao aos as às o os um uma uns umas de da das do dos d em na nas no nos num
        numa por pelo pela pelos pelas para pra pro com sem sob e ou mas que se como
        quando onde qual quais quem porque pois eu tu ele ela eles elas nos vos voce
        voces me mim te lhe meu minha meus minhas seu sua seus suas nosso nossa isso
        isto esse essa este esta esses essas aquele aquela la aqui ai ja nao sim so
        tambem muito mais menos ainda depois antes agora hoje ser sou e sao era foi ter
        tem tenho tinha temos estar estou esta estao estava ir vou vai vao ha fazer faco
        faz feito posso pode podem poder quero queria querer gostaria preciso precisa
        precisava saber sei consigo da dar deu oi ola bom boa dia tarde noite obrigado
        obrigada favor gente moca moco amigo amiga alguem alguma algum tudo todo toda
        ate entre sobre entao porem cade ok ne tipo eita opa uai ei ve
        """
    ),
    "es": _set(
        """
        a al el la los las lo un una unos unas de del en por para con sin sobre y e o u
        pero que si como cuando donde cual cuales quien porque pues yo tu vos usted
        ustedes el ella ellos ellas nosotros me mi mis te ti tu tus le les se su sus
        nuestro nuestra eso esto ese esa este esta esos esas estos estas aquel aquella
        alla aqui ahi ya no si solo tambien muy mas menos aun despues antes ahora hoy
        ser soy es son era fue tener tiene tengo tenia tienen estar estoy esta estan
        estaba ir voy va van hay haber he ha han hacer hago hace hacen puedo puede
        pueden poder quiero queria querer quisiera necesito necesita saber se hola
        buenas buenos bueno dia dias tarde tardes noche noches gracias favor alguien
        algun alguna algo todo toda todos hasta entre entonces ok oye che
        """
    ),
    "en": _set(
        """
        a an the of in on at by for from to with without about into and or but if than
        then so as that this these those it its i im i'm you he she we they me my mine
        your yours his her our their us them is are was were be been am do does did
        doing done have has had having can could will would shall should may might must
        not no yes how what when where which who why there here now just also very too
        more most some any all please thanks thank hello hi hey want need like get got
        know let lets s t d ll re ve m dont cant im ok guys someone something anyone
        wondering wanted tell
        """
    ),
}

_PORTUGUESE = (
    "amentos", "imentos", "amento", "imento", "adores", "adora", "ador", "acoes", "acao", "coes",
    "cao", "avam", "aram", "eram", "iram", "ando", "endo", "indo", "ados", "adas", "idos", "idas",
    "ado", "ada", "ido", "ida", "avel", "ivel", "ante", "ente", "mente", "aria", "eria", "iria",
    "asse", "esse", "isse", "amos", "emos", "imos", "ava", "ou", "ei", "eu", "iu", "ar", "er",
    "ir", "am", "em", "oes", "aes", "aos", "ais", "eis", "ns", "res", "zes", "es", "as", "os",
    "a", "e", "o", "s",
)  # fmt: skip
_SPANISH = (
    "amientos", "imientos", "amiento", "imiento", "adores", "adora", "ador", "aciones", "acion",
    "ciones", "cion", "aron", "ieron", "aban", "ando", "iendo", "ados", "adas", "idos", "idas",
    "ado", "ada", "ido", "ida", "able", "ible", "mente", "aria", "eria", "iria", "amos", "emos",
    "imos", "aba", "ia", "ar", "er", "ir", "an", "en", "es", "as", "os", "a", "e", "o", "s",
)  # fmt: skip
_ENGLISH = (
    "ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "ly", "es", "s", "e",
    "y",
)  # fmt: skip
_SUFFIXES = {"pt-BR": _PORTUGUESE, "es": _SPANISH, "en": _ENGLISH}
_SHORTEST_STEM = 3


def fold(text: str) -> str:
    """Return lower case without accents: customers type them or do not, and mean the same."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    # One look-up per letter for what our languages write; the long way for everything else.
    folded = folded.translate(_PLAIN_LATIN)
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    return "".join(c for c in decomposed if c.isascii() or not unicodedata.combining(c))


def spell_out(text: str) -> str:
    """Return the text in lower case with chat abbreviations written out, for the encoder."""
    return _CHAT_WORD.sub(lambda m: ABBREVIATIONS.get(m.group(), m.group()), text.lower())


def words_of(text: str) -> list[str]:
    """Return the folded words of a text in order, stretched letters and abbreviations undone."""
    result: list[str] = []
    for word in _WORD.findall(_REPEATED.sub(r"\1", fold(text))):
        full = _FOLDED_ABBREVIATIONS.get(word)
        if full is not None:
            result += full
        else:
            result.append(word)
    return result


@lru_cache(maxsize=50_000)
def stem(word: str, locale: str) -> str:
    """Return the part of a folded word that its forms share, by taking off one suffix."""
    if word.isdigit() or any(c.isdigit() for c in word):
        return word
    for suffix in _SUFFIXES[locale]:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            found = word[: -len(suffix)]
            # English doubles the consonant before a suffix: shipped, cancelled.
            return found[:-1] if locale == "en" and _DOUBLED.search(found) else found
    return word


def terms_of(text: str, locale: str) -> list[str]:
    """Return the stems of a text's words that carry meaning in `locale`."""
    return stems_of(words_of(text), locale)


def stems_of(words: Iterable[str], locale: str) -> list[str]:
    """Return the stems of those folded words that carry meaning in `locale`."""
    stop = STOP_WORDS[locale]
    return [stem(word, locale) for word in words if word not in stop and len(word) > 1]


_FOLDED_ABBREVIATIONS = {
    fold(short): _WORD.findall(fold(full)) for short, full in ABBREVIATIONS.items()
}
FILLERS = frozenset().union(*STOP_WORDS.values())
"""Words that say nothing in one of the languages; never corrected."""


def is_readable(text: str) -> bool:
    """Tell whether the text holds at least one everyday word of the three languages."""
    return any(word in FILLERS or word in common_words() for word in words_of(text))


@lru_cache(maxsize=1)
def common_words() -> frozenset[str]:
    """Return some 25,000 everyday words of the three languages, folded.

    A word that is in here is no spelling mistake, even when the knowledge base does not use it:
    correcting against a small base alone turns good words into wrong ones (measured: hit@1 of
    paraphrases .78 to .65). The lists come with the language detector.
    """
    words: set[str] = set()
    for locale in LOCALES:
        name = f"topwords-{locale.split('-')[0]}.txt.gz"
        try:
            packed = resources.files("langidentify.models.lite").joinpath(name).read_bytes()
        except (OSError, ModuleNotFoundError):
            continue
        for line in gzip.decompress(packed).decode("utf-8").splitlines():
            word = line.split(" ", 1)[0]
            if word and not word.startswith("#"):
                words.add(fold(word))
    return frozenset(words)
