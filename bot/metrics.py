"""What Prometheus reads at /metrics. One registry per gateway, no ids in labels."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The gateway's numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "frontline_http_requests_total",
            "HTTP requests by route template and status",
            ("route", "status"),
            registry=self.registry,
        )
        self.messages = Counter(
            "frontline_messages_total",
            "Customer messages accepted",
            ("channel",),
            registry=self.registry,
        )
        self.turns = Counter(
            "frontline_turns_total",
            "Turns by how they were answered",
            ("by",),
            registry=self.registry,
        )
        self.turn_seconds = Histogram(
            "frontline_turn_seconds",
            "From taking a message up to its stored answer",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.sockets = Gauge(
            "frontline_widget_sockets", "Open widget sockets", registry=self.registry
        )
        self.bot_up = Gauge("frontline_bot_up", "1 while Rasa answers", registry=self.registry)

    def render(self) -> bytes:
        """Return the Prometheus text format."""
        return generate_latest(self.registry)
