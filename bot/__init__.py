"""The front line: everything between a customer's channel and the people and systems behind it.

Reading order: `app.py` (what is served), `services.py` (what exists), `inbox/` (a message comes in),
`dialogue/` (Rasa is asked), `outbox/` (the answer goes out). `kit/` is shared ground that knows nothing
of customer support; `bot` is therefore both the top and the bottom of the import order, which
import-linter keeps free of cycles.
"""

__version__ = "0.1.0"
