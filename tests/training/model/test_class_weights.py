from __future__ import annotations

import pytest

from ctc.artifacts.dataset import Label
from ctc.errors import InputError, UsageError
from ctc.training.model.class_weights import class_weights

SPECIES = Label("species", ("fox", "hare", "lynx"), {"train": (90, 10, 0), "val": (1, 1, 1)})
COUNT = Label("count", ("1", "2+"), {"train": (60, 40)})


def _mean(weights: tuple[float, ...], counts: tuple[int, ...]) -> float:
    return sum(weight * count for weight, count in zip(weights, counts, strict=True)) / sum(counts)


def test_class_weights_none_is_empty():
    assert class_weights("none", [SPECIES, COUNT], "train") == {"species": (), "count": ()}


def test_balanced_weights_give_classes_the_same_total():
    weights = class_weights("balanced", [SPECIES], "train")["species"]
    assert weights == pytest.approx((100 / (2 * 90), 100 / (2 * 10), 1.0))


def test_effective_weights_match_the_formula():
    fox, hare, _ = class_weights("effective", [SPECIES], "train")["species"]
    assert hare / fox == pytest.approx((1 - 0.999**90) / (1 - 0.999**10))
    assert _mean((fox, hare), (90, 10)) == pytest.approx(1.0)


def test_effective_weights_are_milder_than_balanced_for_many_photos():
    many = Label("species", ("fox", "hare"), {"train": (100_000, 5_000)})
    ratios = [
        hare / fox
        for fox, hare in (
            class_weights(how, [many], "train")["species"] for how in ("balanced", "effective")
        )
    ]
    assert ratios == pytest.approx([20.0, 1.0], rel=0.01)


def test_sqrt_weights_are_the_root_of_balanced():
    fox, hare, lynx = class_weights("sqrt", [SPECIES], "train")["species"]
    assert hare / fox == pytest.approx(3.0)
    assert _mean((fox, hare), (90, 10)) == pytest.approx(1.0)
    assert lynx == 1.0


def test_class_weights_file_defaults_to_one(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("label,class,weight\nspecies,lynx,5\nage,old,3\ncount,2+,0.5\n")
    assert class_weights(str(path), [SPECIES, COUNT], "train") == {
        "species": (1.0, 1.0, 5.0),
        "count": (1.0, 0.5),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,class\nspecies,fox\n", "has no column 'weight'"),
        ("label,class,weight\nspecies,links,2\n", "line 2: 'species' has no class 'links'"),
        (
            "label,class,weight\nspecies,fox,-1\n",
            "line 2: the weight '-1' is not a number of 0 or more",
        ),
        (
            "label,class,weight\nspecies,fox,much\n",
            "line 2: the weight 'much' is not a number of 0 or more",
        ),
    ],
)
def test_class_weights_file_error_names_line(tmp_path, text, message):
    path = tmp_path / "weights.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        class_weights(str(path), [SPECIES], "train")


def test_class_weights_rejects_unknown_scheme():
    with pytest.raises(UsageError, match="and there is no file 'balansed'"):
        class_weights("balansed", [SPECIES], "train")
