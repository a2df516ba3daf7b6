"""What an article's text must be, and which steps are legal."""

import pytest

from knowledge_base.article import (
    MAX_ANSWER,
    Content,
    Stage,
    State,
    Step,
    check_content,
    check_labels,
    key_from_title,
    key_problem,
    locale_problem,
    publishing_problems,
    state_after_restore,
    tidy_content,
    why_not,
)


def legal(state: State, stage: Stage | None = None) -> set[Step]:
    return {step for step in Step if why_not(state, stage, step) is None}


ALWAYS = {Step.PUBLISH, Step.SCHEDULE, Step.ARCHIVE, Step.RESTORE}


@pytest.mark.parametrize("state", [State.DRAFT, State.PUBLISHED])
def test_what_can_be_done_depends_on_how_far_the_text_is(state: State) -> None:
    assert legal(state) == ALWAYS | {Step.CHANGE, Step.SUBMIT}
    assert legal(state, Stage.IN_REVIEW) == ALWAYS | {Step.CHANGE, Step.SUBMIT, Step.SEND_BACK}
    assert legal(state, Stage.SCHEDULED) == ALWAYS | {Step.UNSCHEDULE}


def test_an_archived_article_can_only_be_restored() -> None:
    assert legal(State.ARCHIVED) == {Step.RESTORE, Step.ARCHIVE}  # again: nothing changes


def test_restoring_brings_back_what_was_there_before() -> None:
    assert state_after_restore(3) is State.PUBLISHED
    assert state_after_restore(None) is State.DRAFT


def test_phrasings_are_tidied_and_repeats_dropped() -> None:
    content = tidy_content(
        Content(
            "  How   long?\n", " Two days.\r\n\r\n\r\n\r\nMore. ", (" A b ", "a B", "", "c\x00")
        )
    )
    assert content == Content("How long?", "Two days.\n\nMore.", ("A b", "c"))


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        (Content("", "x"), "/title"),
        (Content("t" * 201, "x"), "/title"),
        (Content("t", "x" * (MAX_ANSWER + 1)), "/answer"),
        (Content("t", "x" * 1_000_000), "/answer"),
        (Content("t", "[x](javascript:alert(1))"), "/answer"),
        (Content("t", "x", ("p" * 301,)), "/phrasings/0"),
        (Content("t", "x", tuple(f"p{n}" for n in range(61))), "/phrasings"),
    ],
)
def test_refused_texts_name_the_member(content: Content, pointer: str) -> None:
    assert [problem.pointer for problem in check_content(content).problems] == [pointer]


def test_a_draft_may_be_empty_but_not_a_published_answer() -> None:
    assert not check_content(Content("t", "")).problems
    assert publishing_problems(Content("t", "  \n"))[0].pointer == "/answer"
    assert not publishing_problems(Content("t", "Yes."))


def test_html_is_noted_not_refused() -> None:
    checked = check_content(Content("t", "Use <b>this</b>"))
    assert not checked.problems
    assert "<b>" in checked.notes[0]


@pytest.mark.parametrize("key", ["a", "delivery-times", "faq.2024_1"])
def test_keys_that_fit(key: str) -> None:
    assert key_problem(key) is None


@pytest.mark.parametrize("key", ["", "A", "-a", "a b", "prazo/entrega", "x" * 81, "ação", "a-"])
def test_keys_that_do_not(key: str) -> None:
    assert key_problem(key)


def test_a_key_is_made_from_a_title() -> None:
    assert key_from_title("Como é a Devolução (7 dias)?") == "como-e-a-devolucao-7-dias"
    assert key_from_title("???") == "article"
    assert key_problem(key_from_title("x" * 500)) is None


def test_languages_and_labels() -> None:
    assert locale_problem("pt-BR") is None
    assert locale_problem("fr")
    assert not check_labels("orders", ("a", "b"))
    assert check_labels("c" * 81, ())
    assert check_labels(None, ("",))
