"""The demo shop's questions and answers: one Markdown file per article and language.

The files are in the format of `frontline kb export`, to be edited and imported by hand.
"""

from pathlib import Path

from bot.kit.db import Tx
from knowledge_base import repository
from knowledge_base.import_files import Reading, Report, read_import
from knowledge_base.service import Articles

FOLDER = Path(__file__).resolve().parent
CATEGORIES = {
    "orders": {"pt-BR": "Pedidos", "en": "Orders", "es": "Pedidos"},
    "delivery": {"pt-BR": "Entrega", "en": "Delivery", "es": "Entrega"},
    "returns": {
        "pt-BR": "Trocas e devoluções",
        "en": "Returns and exchanges",
        "es": "Cambios y devoluciones",
    },
    "payment": {"pt-BR": "Pagamento", "en": "Payment", "es": "Pagos"},
    "account": {
        "pt-BR": "Conta e segurança",
        "en": "Account and security",
        "es": "Cuenta y seguridad",
    },
    "products": {"pt-BR": "Produtos", "en": "Products", "es": "Productos"},
    "company": {"pt-BR": "A loja", "en": "About us", "es": "La tienda"},
}
"""In the order of the help page, with their names by language."""


def read_seed() -> Reading:
    """Return every article of the demo shop."""
    return read_import(FOLDER)


async def seed_articles(articles: Articles) -> Report:
    """Publish the demo shop's articles; those that exist already, even archived, stay as is."""
    reading = read_seed()
    return await articles.import_rows(
        reading.rows, actor=None, only_new=True, problems=reading.problems
    )


def seed_categories(tx: Tx) -> None:
    """Make the demo shop's categories; those that exist already, even renamed, stay as is."""
    for position, (key, names) in enumerate(CATEGORIES.items()):
        repository.insert_category(tx, key, parent=None, position=position, names=names)
