"""The `images.csv` of a Wildlife Insights download: a row per photo and animal."""

from ctc.errors import CtcError, InputError
from ctc.plugin import InputFormat, LeftOut, Observation, Option, hookimpl
from ctc.storage.csv_reader import read_rows

NEEDED = {
    "image_id",
    "deployment_id",
    "filename",
    "location",
    "is_blank",
    "common_name",
    "timestamp",
}
BY_FILENAME = Option(
    "by-filename",
    "Photos are in DEPLOYMENT/FILENAME, as uploaded.  [default: as in the bucket]",
    "flag",
    default=False,
)


@hookimpl
def ctc_input_formats():
    return [
        InputFormat(
            name="wildlife-insights",
            summary="the images.csv of a Wildlife Insights download; labels species and count",
            source="IMAGES_CSV",
            recognizes=recognizes,
            read=read,
            default_image_root=lambda source, options: source.parent,
            options=(BY_FILENAME,),
            example="ctc inventory wildlife-insights images.csv --output inventory.parquet",
        )
    ]


def recognizes(path):
    """Return whether a CSV has the columns of images.csv."""
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    try:
        columns, _ = read_rows(path)
    except CtcError:
        return False
    return set(columns) >= NEEDED


def read(source, options):
    """Yield the observations; rows that share an image are its observations."""
    columns, rows = read_rows(source)
    missing = sorted(NEEDED - set(columns))
    if missing:
        raise InputError(
            f"'{source}' has no column '{missing[0]}': "
            "is it the images.csv of a Wildlife Insights download?"
        )
    for line, row in rows:
        photo = photo_of(row, options[BY_FILENAME.key])
        if photo is None:
            yield LeftOut(f"{source.name} line {line}", "it doesn't say where its photo is")
            continue
        yield Observation(
            event_id=row["image_id"] or photo,
            images=(photo,),
            labels=labels_of(row),
            meta={
                "location": row["deployment_id"],
                "datetime": row["timestamp"].replace(" ", "T") or None,
            },
        )


def photo_of(row, by_filename):
    """Return the photo's path relative to the download.

    gs://BUCKET/deployment/2049133/a.jpg becomes deployment/2049133/a.jpg.
    """
    if by_filename:
        return f"{row['deployment_id']}/{row['filename']}" if row["filename"] else None
    _, _, path = row["location"].removeprefix("gs://").partition("/")
    return path or None


def labels_of(row):
    if row["is_blank"].lower() in ("1", "true"):
        return {"species": "empty", "count": None}
    return {"species": row["common_name"] or None, "count": row.get("number_of_objects") or None}
