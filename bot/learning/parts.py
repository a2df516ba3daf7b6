"""Everything learning is made of, put together once for a gateway."""

from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.language import Detector
from bot.dialogue.rasa_client import RasaPool
from bot.kit.bus import Bus
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.encoder import Encoder
from bot.learning.collector import Collector
from bot.learning.evaluation import Examiner
from bot.learning.models import Models
from bot.learning.service import Reviews
from bot.learning.trainer import Trainer
from bot.learning.worker import LearningWorker
from bot.rasa.environment import is_ready
from bot.rasa.training import train_model
from handoff.service import Desk
from knowledge_base.search import KnowledgeBase
from knowledge_base.service import Articles


@dataclass(frozen=True, slots=True)
class Learning:
    """The parts of one gateway."""

    reviews: Reviews
    models: Models
    collector: Collector
    trainer: Trainer
    worker: LearningWorker

    @classmethod
    def build(
        cls,
        db: Database,
        clock: Clock,
        bus: Bus,
        *,
        articles: Articles,
        desk: Desk,
        knowledge: KnowledgeBase,
        encoder: Encoder,
        detector: Detector,
        rasa: RasaPool,
        data_dir: Path,
        place: str,
        default_locale: str,
    ) -> "Learning":
        """Make everything; nothing runs yet.

        Args:
            db: the store.
            clock: the present.
            bus: hints between gateways.
            articles: gets the wordings that reviewers choose an article for.
            desk: says who may see a conversation.
            knowledge: decides about questions while a model is measured.
            encoder: sentence vectors.
            detector: languages.
            rasa: the hosts of this gateway.
            data_dir: where copies of models lie, below `models`.
            place: what this gateway is called on the page.
            default_locale: of messages whose language can't be told.
        """
        models = Models(db, clock, hosts=rasa, folder=data_dir / "models", place=place)
        trainer = Trainer(
            db,
            clock,
            models=models,
            articles=articles,
            examiner=Examiner(
                knowledge=knowledge,
                encoder=encoder,
                detector=detector,
                default_locale=default_locale,
            ),
            train=train_model,
            ready=is_ready,
            cache=data_dir / "rasa" / "cache",
        )
        collector = Collector(db, clock)
        return cls(
            reviews=Reviews(db, clock, articles=articles, desk=desk),
            models=models,
            collector=collector,
            trainer=trainer,
            worker=LearningWorker(bus, collector=collector, models=models, trainer=trainer),
        )
