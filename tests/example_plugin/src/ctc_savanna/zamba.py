"""The labels of zamba (https://zamba.drivendata.org): a row per photo or clip and animal."""

from ctc.errors import CtcError, InputError
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.storage.csv_reader import read_rows

NEEDED = {"filepath", "label"}
KEEP_SPLIT = Option(
    "keep-split",
    "Keep the column split: train, val or holdout.",
    "flag",
    default=False,
)


@hookimpl
def ctc_input_formats():
    return [
        InputFormat(
            name="zamba",
            summary="the labels of zamba, a CSV with the columns filepath and label",
            source="LABELS_CSV",
            recognizes=recognizes,
            read=read,
            default_image_root=lambda source, options: source.parent,
            options=(KEEP_SPLIT,),
            example="ctc inventory zamba labels.csv --output inventory.parquet",
        )
    ]


def recognizes(path):
    """Return whether a CSV has the columns of zamba."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        columns, _ = read_rows(path)
    except CtcError:
        return False
    return set(columns) >= NEEDED


def read(source, options):
    """Yield the observations; rows that share a file are its observations."""
    columns, rows = read_rows(source)
    missing = sorted(NEEDED - set(columns))
    if missing:
        raise InputError(f"'{source}' has no column '{missing[0]}': is it a table of zamba?")
    for line, row in rows:
        if not row["filepath"]:
            yield LeftOut(f"{source.name} line {line}", "it doesn't say where its file is")
            continue
        yield Observation(
            event_id=row["filepath"],
            images=(row["filepath"],),
            labels={"species": class_of(row["label"])},
            meta=meta_of(row, options[KEEP_SPLIT.key]),
        )


def class_of(label):
    return "empty" if label == "blank" else label or None


def meta_of(row, keep_split):
    split = {"split": row.get("split") or None} if keep_split else {}
    return {"location": row.get("site") or None, **split}
