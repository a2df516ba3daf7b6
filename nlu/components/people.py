"""Asking for a person, recognised by rule beside the classifier.

Nobody may be kept from a person by a model that has not learned a word, so the plain ways to ask
are written down: a noun alone ("ATENDENTE"), or a verb of wanting or speaking with one. Texts are
normalised ones; accents do not matter.
"""

from __future__ import annotations

import re

from components.normalise import strip_accents, unwrap

#: Longer messages tell a story, and the classifier reads it.
MAX_CHARACTERS = 200
MAX_WORDS = 12
#: "is anybody there" is a call; with more words it asks about opening hours.
MAX_EXISTS = 4
_WORD = re.compile(r"[^\W_]+")
_CLAUSE = re.compile(r"[,.;:!?\n]+")


def _any(words: str) -> str:
    """A pattern for any of the words; an underscore stands for a space inside one."""
    return "(?:" + "|".join(word.replace("_", " ") for word in words.split()) + ")"


_PERSON = _any(
    """atendentes? atendimento_humano humanos? humana pessoas? personas? alguem alguien agentes?
    operadora? operator asesora? asesores representantes? representative rep humans? human_being
    ser_humano person people someone somebody anyone anybody agents? live_agent real_person employee staff
    funcionari[oa] empleado supervisora? gerente manager encargado ejecutivo consultora? pessoa_real
    jef[ea] chef[ea] boss superior responsavel responsable humano_de_verdade persona_de_verdad
    persona_real gente_de_verdade gente_real suporte_humano soporte_humano human_support
    atencion_(?:humana|personal|personalizada) atendimento_(?:personalizado|ao_cliente) atencion_al_cliente
    servicio_al_cliente suporte(?:_ao_cliente)? soporte(?:_al_cliente)? customer_(?:service|support|care)
    (?:live_|human_)?support help_?desk call_cent(?:er|re) sac central(?:_de_(?:atendimento|atencion))?
    (?:live_)?chat_(?:agent|representative) advis[eo]r consultant assess?or executiv[eo] ejecutiv[oa]
    especialista specialist tecnic[oa] technician vendedora? sales(?:_?person)? telefonista gente equipe equipo
    team colegas? companer[oa]s? colleagues? don[oa] duen[oa] owner proprietari[oa] propietari[oa]
    human_(?:agent|assistance|help) (?:asistente|assistente|ajuda|ayuda)_human[oa] live_person"""
)
_BETWEEN = _any(
    """um uma o a os as un una el la los las an the some any algum alguma algun alguna real live
    outro outra otro otra another com con to with para pra de por pelo uns your seu sua su tu teu tua
    verdadeira? actual in pessoalmente over on through num numa em algun ningun pro ao al da do
    del shift human customer_service customer_care whatever"""
)
_BEFORE = rf"(?:{_BETWEEN}\s+)*"
_SPEAK = _any(
    """falar conversar contatar contactar hablar comunicarme platicar charlar talk speak chat
    get_in_touch connect(?:_me)? transfer(?:_me)? transferir transfere(?:_me)? transfira
    transfiere(?:me)? transferime chama chame chamar llama llamar_a pasame passar? passe me_passa me_pasas pasenme
    comunicame conectame put_me_through escalate encaminha encaminhar derivame derivar atendid[oa]
    ser_atendido_por falo fala hablo falem
    pasar passar reach contact contate contacta contactenme chego llego passem pasa
    pase pasas pasen pasarme paseme pasenme ponme pongame poneis pones poner(?:me)? comunica comunicas comuniqueme
    comunicar conecta conecte conectas conecten coloca coloque bota bote encaminhe encaminhem deriva
    derivas deme mandame hand_me pass_me put_me put get escale escalar eleva escalate llame chamem complain
    reclamar quejarme queixar help_from ajuda_de ayuda_de assistance_from help_me atienda_por assisted_by
    helped_by served_by be_seen_by"""
)
_WANT = _any(
    """quero queria preciso necessito desejo gostaria_de exijo quiero quisiera necesito deseo
    i_want i_need i_d_like i_would_like give_me get_me i_demand me_da me_de dame deme
    can_i_get can_i_have may_i_have por_favor please so solo only just urgente urgent exijo
    demand solicito prefiero prefiro prefer gimme_an? bring_me traeme"""
)
_POLITE = _any(
    """por_favor please agora ahora now ja ya real humano humana de_verdade de_verdad aqui here aca
    porra already logo asap as_soon_as_possible ai obrigad[oa] gracias thanks"""
)
_AFTER = rf"(?:\s+{_POLITE})*"

_ALONE = re.compile(rf"(?:por favor |please |oi |ola |hola |hi |hello )?{_BEFORE}{_PERSON}{_AFTER}")
_TRANSFER = re.compile(
    r"me (?:transfere|transfira|transfiere)|transfer me|transfiere(?:n)?me|transfira me"
)
_SPEAKING = re.compile(rf"\b{_SPEAK}\s+(?:me\s+)?(?:por favor\s+|please\s+)?{_BEFORE}{_PERSON}\b")
_WANTING = re.compile(rf"(?:^|.*\b){_WANT}\s+{_BEFORE}{_PERSON}{_AFTER}")
# "call me", "podem me ligar?": who calls is a person.
_CALL = re.compile(
    r"(?:(?:please|por favor|can|could|pode|podem|puede|pueden|quero|quiero|want|need|i|alguem|alguien|someone|"
    r"somebody|you|have|que|pede|peca|pra|para|to|a|somebody|gostaria|i d|like|me|would) )*"
    r"(?:me liga|me ligar|me ligue|me liguem|liga para mim|ligue para mim|liguem para mim|me telefon\w+|"
    r"telefon\w+ me|me llam[ae]n?|llamame|llamenme|me llamen|me pueden llamar|me puede llamar|me llamar|"
    r"llamarme|marquenme|marqueme|"
    r"call me|call me back|ring me|phone me|me a call|give me a call|call back|callback|a callback|a call back|"
    r"me liguem de volta|me devuelvan la llamada)" + _AFTER
)
_HANDING = re.compile(
    r"(?:(?:please|can|could|you|pode|podem|puede|pueden|se|da para|me|i want|quero|quiero|need|my|meu|mi|this|isso|"
    r"esto|case|caso|que|to|it) )*(?:transfer|transferir|transfira|transfere|transfiera|transfiere|transfiereme|"
    r"transfierame|transfieranme|transfirame|escalate|escalated|escala|escalar|escale|escalen|escalem|eleva|eleven)"
    r"(?: (?:me|my|meu|mi|case|caso|this|isso|isto|esto|it|the|call|a|la|ligacao|llamada|now|ja|ya|agora|"
    r"ahora|please))*"
)
# "enough with the robot": the other one is a person.
_ENOUGH = re.compile(
    r"\b(?:chega de|basta de|basta con|enough (?:of|with)|no more|no mas|nao quero|no quiero|don t want|dont want|"
    r"dont wanna|don t wanna|cansei de|cansad[oa] de|tired of|sick of|me harte de|harta? de|desisto de|nao fal[oe] com|"
    r"in place of|instead of|em vez de|en vez de)\s+(?:\w+\s+){0,4}?"
    + _any(
        "bots? robos? robots? maquinas? machines? chatbots? computer computador inteligencia_artificial"
    )
    # Some are for sale.
    + r"\b(?!\s+(?:aspirador\w*|vacuum|limp\w+|de\s+(?:co[csz]\w+|lavar|caf\w+)|que\s+comp\w+|i\s+b\w+))"
)
# Questions about people, their hours and the queue; the classifier tells which.
_ABOUT = re.compile(
    r"^(?:ola |oi |hi |hola )?(?:quanto|quanta|quantos|quantas|cuanto|cuanta|cuantos|how (?:long|many|much)|when|"
    r"quando|cuando|(?:at )?what (?:time|hours|is the|s the)|qual|que horas|a que hora|em que|en que|ate que|"
    r"hasta que|a las|as \d|entre|between|are you|am i|voce e|vc e|tu e|eres|"
    r"sera que estou|estoy hablando|estou falando)\b"
)
_EXISTING = re.compile(
    rf"(?!(?:voce|vc|tu|you) )(?:.*\b)?(?:cade|tem|hay|is there|are there|where is|where s|"
    rf"onde esta|donde esta) {_BEFORE}{_PERSON}{_AFTER}"
    r"(?: there| ahi| aqui| aca| ai)?|(?:anyone|anybody)(?: real)? there"
)
#: One word at the end of a complaint is a call as well, when it can only mean our people.
_AGENT_ALONE = re.compile(
    rf"{_BEFORE}(?:(?:live |human |real )?agent|agente|atendente|asesora?|operadora?|operator|humano|human|"
    rf"representante|representative|ser humano|human being){_AFTER}"
)
# "is it a person or a robot?"
_EITHER_OR = re.compile(
    r"\b(?:o|ou|or)\s+(?:con\s+|com\s+|with\s+|to\s+)?(?:um\s+|uma\s+|un\s+|una\s+|an?\s+|the\s+)?"
    + _any("bots? robos? robots? maquinas? machines? ia ai chatbots? computer computador")
)
# "I don't want to talk to an agent", "are you a person?", "a person told me": not requests.
_DENIED = re.compile(
    r"\b(?:nao|no|not|don t|dont|never|nunca|sem|sin|without)\s+(?:\w+\s+){0,3}" + _SPEAK + r"\b"
    r"|\b(?:nao|no|don t)\s+(?:quero|preciso|quiero|necesito|want|need)\b"
)
# What is refused here is the machine.
_NO = _any("nao no not don_t dont never nunca sem sin without stop instead_of em_vez_de en_vez_de")
_MACHINE = _any("bots? robos? robots? maquinas? machines? ia ai chatbots? computer computador")
_NO_MACHINE = re.compile(rf"\b{_NO}\s+(?:\w+\s+){{0,6}}?{_MACHINE}\b")
# Said alone these are just "someone", "people": too weak without a verb.
_WEAK_ALONE = frozenset(
    {"alguem", "alguien", "someone", "somebody", "anyone", "anybody", "people", "staff", "rep", "pessoas", "personas",
     "jefe", "jefa", "chefe", "chefa", "boss", "superior", "responsavel", "responsable",
     "gerente", "manager", "employee", "supervisor", "equipe", "equipo", "team", "gente", "colega", "colegas",
     "companero", "companera", "companeros", "companeras", "colleague", "colleagues", "dono", "dona", "dueno",
     "duena", "owner", "vendedor", "vendedora", "tecnico", "tecnica", "especialista", "specialist", "sales",
     "technician", "proprietario", "propietario", "central", "executive", "a team", "the team", "la gente",
     "mi gente", "meu chefe", "mi jefe", "my boss", "my manager", "my team", "meu gerente"}
)  # fmt: skip


def asks_for_person(text: str) -> bool:
    """Whether a normalised text asks for a person in so many words."""
    if len(text) > MAX_CHARACTERS:
        return False
    unwrapped = strip_accents(unwrap(text, least=1))
    whole = _words(unwrapped)
    if not whole or _ABOUT.match(whole) or _EITHER_OR.search(whole):
        return False
    if _asks(whole):
        return True
    # "no me ayudas, pásame con alguien": what is denied is in the other half.
    clauses = [_words(clause) for clause in _CLAUSE.split(unwrapped)]
    if len(clauses) < 2 or any(_DENIED.search(_NO_MACHINE.sub(" ", clause)) for clause in clauses):
        return False
    return any(
        _SPEAKING.search(clause) or _TRANSFER.fullmatch(clause) for clause in clauses
    ) or bool(
        (
            len(whole.split()) <= MAX_WORDS
            and any(_AGENT_ALONE.fullmatch(c) for c in (clauses[0], clauses[-1] or clauses[-2]))
        )
        or _WANTING.fullmatch(clauses[0])
    )


def _asks(plain: str) -> bool:
    if len(plain.split()) <= MAX_WORDS and _ENOUGH.search(plain):
        return True
    plain = _NO_MACHINE.sub(" ", plain).strip()
    if not plain or _DENIED.search(plain):
        return False
    if _SPEAKING.search(plain):
        return True
    if _TRANSFER.fullmatch(plain) or _CALL.fullmatch(plain) or _HANDING.fullmatch(plain):
        return True
    if _ALONE.fullmatch(plain):
        return plain not in _WEAK_ALONE
    if len(plain.split()) <= MAX_EXISTS and _EXISTING.fullmatch(plain):
        return True
    return len(plain.split()) <= MAX_WORDS and bool(_WANTING.fullmatch(plain))


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text))
