"""The benchmark takes a fair share of the examples and judges both pipelines alike."""

from pathlib import Path

import yaml

from bot.evaluation.cases import Case
from tests.bench.nlu import figures, sample


def test_every_intent_keeps_its_share(tmp_path: Path) -> None:
    def counted(most: int, seed: int = 0) -> tuple[dict[str, int], int, str]:
        folder, count = sample(tmp_path / f"{most}-{seed}", most=most, seed=seed)
        texts = [path.read_text() for path in sorted(folder.iterdir())]
        found: dict[str, int] = {}
        for text in texts:
            for part in yaml.safe_load(text)["nlu"]:
                if "intent" in part:
                    lines = len(part["examples"].splitlines())
                    found[part["intent"]] = found.get(part["intent"], 0) + lines
        return found, count, "".join(texts)

    whole, count, _ = counted(0)
    part, fewer, text = counted(600)
    assert sum(whole.values()) == count > 2_000
    assert 550 < fewer == sum(part.values()) < 700
    assert set(part) == set(whole)
    for intent, number in part.items():
        assert number >= 2
        assert abs(number / fewer - whole[intent] / count) < 0.03
    assert text != counted(600, seed=1)[2]


def test_a_pipeline_is_judged_by_what_it_can_know() -> None:
    def case(expect: str, locale: str = "en") -> Case:
        return Case(1, "x", locale, tuple(expect.split("|")))

    def said(name: str, raw: str = "") -> dict[str, object]:
        return {"name": name, "raw": raw or name, "confidence": 0.9}

    found = figures(
        [
            case("faq"),
            case("clarify|faq"),
            case("out_of_scope"),
            case("out_of_scope"),
            case("faq"),
            case("human", "es"),
        ],
        [
            said("faq"),
            said("nlu_fallback", "order_status"),
            said("nlu_fallback", "order_status"),
            said("order_status"),
            said("reset_password"),
            said("not_helped"),
        ],
    )
    assert found["accuracy"] == 0.6667
    assert found["accuracy_by_locale"] == {"en": 0.6, "es": 1.0}
    assert found["false_flow_starts"] == 0.3333
    assert found["human_recall"] == 1.0
