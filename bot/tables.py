"""Every mapped table in one place, for migrations and tests."""

import importlib

import sqlalchemy as sa

from bot.kit.db import Base

MODULES = (
    "bot.conversations.tables",
    "bot.channels.telegram.tables",
    "bot.channels.web.tables",
    "bot.staff.tables",
    "bot.mail.tables",
    "bot.shop.tables",
    "bot.hours.tables",
    "bot.wording.tables",
    "bot.incidents.tables",
    "bot.verification.tables",
    "handoff.tables",
    "handoff.exports.tables",
    "handoff.routing.tables",
    "handoff.case.tables",
    "handoff.service_level.tables",
    "handoff.views.tables",
    "handoff.replies.tables",
    "handoff.suggestions.tables",
    "handoff.automation.tables",
    "handoff.third_party.tables",
    "handoff.informing.tables",
    "handoff.feedback.tables",
    "handoff.work.tables",
    "knowledge_base.tables",
    "knowledge_base.vocabulary.tables",
    "knowledge_base.golden.tables",
    "knowledge_base.asked.tables",
    "bot.learning.tables",
    "bot.proposals.tables",
)


def all_tables() -> sa.MetaData:
    """Import every `tables` module and return the metadata that now holds them all."""
    for name in MODULES:
        importlib.import_module(name)
    return Base.metadata
