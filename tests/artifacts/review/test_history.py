"""Undo and redo without end, beside a slow reference."""

from __future__ import annotations

from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
from hypothesis import given, settings
from review_events import FOX, LABELS, UNSURE, WOLF, make_event

from ctc.artifacts.review.store import ReviewStore

ANSWERS = (FOX, WOLF, UNSURE)
NAMES = ("Ann", "Bob")
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(NAMES),
            st.lists(st.integers(0, 3), min_size=1, max_size=4, unique=True),
            st.sampled_from(ANSWERS),
        ),
        st.tuples(st.sampled_from(NAMES), st.sampled_from(["undo", "redo"])),
    ),
    max_size=30,
)


@dataclass
class Editor:
    """What a text editor does: whole states on two stacks."""

    state: dict = field(default_factory=dict)
    done: list = field(default_factory=list)
    undone: list = field(default_factory=list)

    def answer(self, events, answer):
        self.done.append(self.state)
        self.undone = []
        self.state = {**self.state, **dict.fromkeys(events, answer)}

    def undo(self):
        if self.done:
            self.undone.append(self.state)
            self.state = self.done.pop()

    def redo(self):
        if self.undone:
            self.done.append(self.state)
            self.state = self.undone.pop()


def answers_of(store, name):
    return {
        event.position: event.answers[name]
        for event in store.iter_events()
        if name in event.answers
    }


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_undo_and_redo_do_as_a_text_editor(steps):
    from pathlib import Path

    with TemporaryDirectory() as folder, ReviewStore.open(Path(folder, "r"), make=True) as store:
        store.replace_events([make_event(name) for name in "abcd"], LABELS)
        keys = [event.key for event in store.iter_events()]
        people = {name: store.ensure_reviewer(name) for name in NAMES}
        editors = {name: Editor() for name in NAMES}
        for name, *step in steps:
            if len(step) == 2:
                store.answer(people[name], [keys[number] for number in step[0]], step[1])
                editors[name].answer(*step)
            else:
                getattr(store, step[0])(people[name])
                getattr(editors[name], step[0])()
            editor = editors[name]
            assert answers_of(store, name) == editor.state
            assert store.can_undo(name) == (bool(editor.done), bool(editor.undone))
