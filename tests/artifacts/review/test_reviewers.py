import pytest

from ctc.artifacts.review.records import Reviewer
from ctc.errors import InputError, UsageError


def test_issue_token_is_found_again(store):
    token = store.issue_token("Ann", "lead")
    assert store.find_by_token(token) == Reviewer("Ann", "lead")


def test_issue_token_again_ends_the_old_one(store):
    old, new = store.issue_token("Ann"), store.issue_token("Ann")
    assert store.find_by_token(old) is None
    assert store.find_by_token(new) == Reviewer("Ann")


def test_tokens_are_not_in_the_file(store):
    token = store.issue_token("Ann")
    store.close()
    assert token.encode() not in store.path.read_bytes()


def test_deactivate_ends_the_token_and_keeps_the_name(store):
    token = store.issue_token("Ann")
    store.deactivate("Ann")
    assert store.find_by_token(token) is None
    assert store.reviewers() == (Reviewer("Ann", is_active=False),)


def test_deactivate_suggests_a_name(store, ann):
    with pytest.raises(UsageError, match=r"^there is no reviewer 'Anna': did you mean 'Ann'"):
        store.deactivate("Anna")


def test_ensure_reviewer_keeps_the_role(store, lea):
    assert store.ensure_reviewer(" Lea ") == lea


def test_issue_token_refuses_an_unknown_role(store):
    with pytest.raises(UsageError, match=r"^there is no role 'boss'"):
        store.issue_token("Ann", "boss")


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_ensure_reviewer_refuses_what_is_no_name(store, name):
    with pytest.raises(InputError, match="is no name of a reviewer"):
        store.ensure_reviewer(name)
