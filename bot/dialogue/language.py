"""Which of our languages a message is in. Short messages keep the conversation's language.

A word list decides what n-grams can't ("oi", "hola", "thanks"); the detector decides the rest and is
believed only when it is sure, or when the message is long.
"""

import re
import warnings
from dataclasses import dataclass
from typing import Any, Protocol

from bot.dialogue.fallback import fold

LONG_LETTERS = 20
"""Above so many letters one message is enough to switch."""
MIN_LETTERS = 8
"""Below so many letters only whole words of a list switch the language."""
MIN_SHAPED = 5
"""Shorter words that no list has are not judged by their looks."""
SURE = 0.10
"""Smallest gap between the detector's first and second language that is believed."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: dict[str, frozenset[str]] = {
    "pt-BR": _words(
        """a aberta aberto abertos abre abrem abrir aceita acessar acesso acho acompanhar agora ai ainda ajuda
        ajudar ajudou aki alguem algum alguma almoco alterar amanha andamento aniversario ao apareceu aplicativo
        aprovado as ate atendem atendente atendido atendimento bagulho batedeira beleza bem bloqueou blz boa
        boleto bom bota cabeca cachorro cadastrar cadastro cade caiu caixa caminho cancelar carrinho cartao
        casaco certo chama chamado chao chefe chega chegar chegou codigo coisa colchao coloca com comeca comecam
        comigo como compra comprar comprei consigo conta contato continua correio correios crio cupom custa da
        dados dar das de deixa demais depois desconto deu deus devo devolucao devolver devolvo dez dia dias
        dinheiro disseram disso diz do dois domingo dos duvida e eai eh ela ele eletronico em encerrar encomenda
        endereco entrar entrega entregador entregam entregue enviaram equipe errada errado escreve espanhol
        esqueceu esqueci essa esse esta estao estava estorno estou eu expediente explica faco fala falando falar
        falaram falo faltando favor faz fazem fazendo fazer fecha fecham feira fez fica ficam ficaram ficou
        filme fim fiscal fiz flw foi frete funcionamento geladeira gente gostaria hj hoje horario horarios horas
        humano imposto informacao informar instrucoes isso ja joga jogo kd kkk lembra lembro lhe livro loja mae
        mais mandaram mandei manha mas me meio melhor merda mesmo meu meus mim minha minhas moca moco motorista
        mto muda mudar mudei mudo mudou muito na nao nas natal naum negado nem nenhum ninguem no noite nome nos
        nossa nova novo num o obg obgd obrigada obrigado oi oie ola onde onibus ontem opa opcoes oque os ou
        outra outro pacote pagamento pagar paguei palavra para parada passa passada passagem passar passe passou
        peca peco pede pedido pedindo pela pelo pergunta perto pessoa pessoas pfv pfvr plantao pode podem
        poderia poe pois pontos por portugues posicao posso pq pra prazo preciso preco prefiro presente previsao pro
        produto protocolo proxima quais qual quando quantas quanto quantos quarta quarto que quebrado queixa
        quem quer quero quinta rastreamento rastreio receber receberam recebi recebo receita reclamacao
        recuperacao redefinicao redefinir reembolso resolve resolveu resolvido respondeu responsavel resposta
        robo rs sabado sac sai sair saiu saldo sao se segunda sei sem senha senhor senhora seu sexta sim
        situacao so sobre solicitacao sua sumiu suporte ta tamanho tambem tao tarde tbm tchau te telefone tem
        tempo tenho tentativas tentei ter terca tmj to tocar trabalham trabalho tranquilo transfere travou trem
        troca trocar troquei tudo uai um uma vaga vagas vai vale valeu vao vc vcs veio vejo vem venceu vender verdade
        verificar vezes vindo vizinho vlw voce voceis voces volta voltar voo vou"""
    ),
    "en": _words(
        """a able about abroad accept accepted access account add address after afternoon again agent ages ago
        airport all already am an and another answer answered answering any anybody anyone anything approved are
        arrive arrived arrives arriving as ask asking assistance at available away back backpack bank be been
        before being best bill birthday blocked book boss bought box break bro broken but buy by bye call came
        can can't cancel cancelled cannot cant car card care carrier case cash cat change changed charge charged
        cheers chicken christmas close closed colleague colour coming company complaint confirm confirmed
        connect contact cool copy correct could couldnt coupon courier create customer date day days debit
        delayed deliver delivered desk details did didn't didnt different discount dispatched do does doesn't
        doesnt dog dollars don't dont down dream dress driver dude due early easter eat end english enough
        escalate eve evening everything exchange expired explain far favorite file find first fix flight follow
        food for forget forgot forgotten friday fridge from game garbage gas get gets getting gimme give go
        going gonna good got guys hacked had half happened happy has hasn't hasnt have haven't havent headphones
        hello help helped helpful helping here hey hi history hiya hold holiday holidays home hours how hows
        human i i'd i'll i'm i've if im in incorrect information into invalid invoice is isn't isnt issue it
        it's its ive job key know language last late later leave left lemme let like limit list live location
        locked lol long longer look looking lose lost love lunch machine made make many mate mattress me mean
        meeting mind missing monday money more morning moved movie much my name need neighbour never new news
        next nice night no nobody nope not nothing now number of off office oil okay old on one open opened
        opening operator options or order ordered orders over package paid parcel passcode passed passwords past
        pay payment people person phone phones place placed play please pls plz policy portuguese post posted
        price problem product profile program progress promised purchase put question queue rate rather reach
        ready receipt receive received recipe recommend recover recovery refund registered remember remind
        reminder remove rent reply representative request resend resolved restaurant results retrieve return
        right roll safe said same saturday saved savings say says schedule see send sent service set share ship
        shipment shipped shipping shoes shop should showing sign slip so solve solved some somebody someone
        something somewhere song soon sorry spanish speak spell staff start still stop store stuck stuff sunday
        sundays swap switch system take taking talk talking tax tell ten thank thanks that that's thats the
        there they things think this three through thursday thx till times tire to today told tomorrow tonight
        too track tracking train transfer tried tuesday turn two typed u understand unlock until up update ur
        used useless user username verification waiting wanna want wanted warranty was way we wednesday week
        weekend went were wet what what's whats when when's where where's wheres which who who's why will with
        without won't wont word work working world would write wrong ya yeah year yep yes yesterday yet yo you
        you're your"""
    ),
    "es": _words(
        """a abierto abiertos abre abren abrigo aca acceder acceso acepta aceptan actualizar acuerdo adios ahi
        ahora alguien algun alguna alla amable anade anda ando aprobaron articulo asesor asi atencion atienda
        atienden audifonos aun ayer ayuda ayudame ayudo baja bajar bien bloqueo borra buen buenas bueno buenos
        cafetera caja cambia cambiar cambie cambio camino cancelar cancion carrito cerca chao chau che checar
        cierra cierran clave cobraron coche codigo colchon como compra compre computadora con contrasena correo
        correos creo cual cuales cuando cuanta cuanto cuantos cuenta cuentame cuesta cumpleanos cupon dame datos
        de decir deja dejalo dejo del desaparecio descuento despues devolucion devolver devuelvo dia dias diez
        dijeron dime dinero direccion disponible domingo donde dos duda ejecutivo el en encargo encargue
        enciende encomienda encuentro enlace entiendo entrar entrega entregado entregan envian enviar enviaron
        envio equipo equivocada equivocado eres es esa escribe ese eso espanol esta estaba estan estas estatus
        este esto estoy factura favor fecha festivos fijate genial gracias guia gustaria gusto habeis haber
        habla hablando hablar hablas hablo hace hacen hacer hago hasta hay haz he hice hizo hola holi horario
        horarios hoy humano informacion ingresar ingreso instrucciones intente jaja jajaja jefe jueves la las le
        libro llama llamar llega llegado llegar llegaron llego llegue llevo lo los lunes manana mandame mandaron
        martes mas me mejor mensajero mi miercoles mierda mio mis mismo modificar muchas mucho muy nadie navidad
        necesito ningun no noche noches nos novedad nueva nuevo o oigan olvidada olvide olvido onda opciones
        orale ordenador otro oye pagar pago pague paquete paqueteria para parce pasa pasada pasame pasar paso
        pedido pelicula perdio perfecto pero perro persona pide pido plazo plis po podeis podes pon poner pongo
        por porfa precio prefiero pregunta producto prometieron publica puede pueden puedes puedo puse que queda
        quedo queja quien quiero quisiera quiubo rastreo receta recibi recibido recibieron recibir reclamo
        recuerdame recuerdo recuperacion reembolso regalo reloj repartidor reporte resolvio respondio
        responsable respuesta restablecer resuelto reunion sabado sabes salio salir saludos se seguimiento
        servicio sesion si sigo sigue silla sin sirve sirvio sitio sobre solicitud solo son soporte sube talla
        tambien tarda tardes tareas tarjeta te telefono temprano tengo tiempo tienda tiene tienen tienes todavia
        trabajan trabajo trabo tren tu tus un una unos usted ustedes va vale veces vecino vemos vencio venden
        veo verdad vete viene viernes vino volver vosotros voy vuelo vuelve weon wey xfa y ya yo zapatillas
        zapatos"""
    ),
}
_LETTERS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SHAPES: dict[str, re.Pattern[str]] = {
    "pt-BR": re.compile(r"cao$|coes$|[^aeiou]?lh[aeo]|nh[aeo]s?$|ao$|aos$|eis$|ssa$|eiro$|eira$"),
    "en": re.compile(r"ing$|tion$|ght|^wh|^th|ck$|sh$|ness$|'[a-z]+$|[^aeiou]ed$|[a-z]ly$"),
    "es": re.compile(r"cion$|ciones$|ll[aeo]|(?<![qg])ue[a-z]{2}|dad$"),
}
"""How words of a language look that no list has: endings and pairs of letters, without accents."""
_STRETCHED = re.compile(r"(.)\1{2,}")
_NO_LANGUAGE = re.compile(r"\S*(?:[@{}<>$\\=|~^]|://|www\.|%\w|\w\(|\w/\w)\S*")
"""Addresses, links, markup and code: they say nothing about the language that people speak."""


class Detector(Protocol):
    """Guesses a language."""

    def guess(self, text: str) -> tuple[str, float] | None:
        """Return (one of our languages, gap 0 to 1), or None when there is nothing to go by."""
        ...


@dataclass(slots=True)
class NgramDetector:
    """`langidentify`, restricted to our three languages."""

    _detector: Any = None

    def load(self) -> None:
        """Load the model now (0.4 s) rather than with the first message."""
        if self._detector is not None:
            return
        with warnings.catch_warnings():
            # The library leaves its files to the garbage collector.
            warnings.simplefilter("ignore", ResourceWarning)
            from langidentify import Detector as Lib  # type: ignore[import-untyped]
            from langidentify import Language, Model

            self._detector = Lib(Model.load(Language.from_comma_separated("pt,en,es")))

    def guess(self, text: str) -> tuple[str, float] | None:
        """See `Detector.guess`."""
        self.load()
        found = self._detector.detect(text)
        code = getattr(found, "iso_code", "") if found is not None else ""
        for locale in _WORDS:
            if locale.split("-")[0] == code:
                return locale, float(self._detector.results.gap)
        return None


def known_words(text: str) -> dict[str, int]:
    """Count the words of each language in `text`, with or without their accents. Pure."""
    counts = dict.fromkeys(_WORDS, 0)
    for word in _LETTERS.findall(_STRETCHED.sub(r"\1", fold(text))):
        found = [locale for locale, known in _WORDS.items() if word in known]
        if not found and len(word) >= MIN_SHAPED:
            found = [locale for locale, shape in _SHAPES.items() if shape.search(word)]
            if len(found) > 1:
                continue
        for locale in found:
            counts[locale] += 1
    return counts


def choose_language(text: str, *, current: str, detector: Detector) -> str:
    """Return the language to answer in: the current one unless the message clearly is another's."""
    text = _NO_LANGUAGE.sub(" ", text)
    letters = sum(ch.isalpha() for ch in text)
    if letters < 2:
        return current
    counts = known_words(text)
    best = max(counts, key=lambda locale: (counts[locale], locale == current))
    others = max(count for locale, count in counts.items() if locale != best)
    guess = detector.guess(text) if letters >= 4 else None
    if counts[best] > others:
        if best == current:
            # Own words of the present language: only a sure guess on a longer text outweighs them.
            if guess and guess[0] != current and letters >= LONG_LETTERS and guess[1] >= 3 * SURE:
                return guess[0] if counts.get(guess[0], 0) * 2 > counts[best] else current
            return current
        if counts[best] >= 2 or letters <= 12 or (guess and guess[0] == best):
            return best
    if guess is None or guess[1] < SURE or letters < MIN_LETTERS:
        return current
    # Gibberish and names look like some language too: one of its everyday words has to be there.
    familiar = counts[guess[0]] > 0 or (letters >= LONG_LETTERS and guess[1] >= 3 * SURE)
    return guess[0] if familiar and counts[current] <= counts[guess[0]] else current
