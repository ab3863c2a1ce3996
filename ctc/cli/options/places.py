"""Options that say where events were, and what lives there."""

from __future__ import annotations

from ctc.cli.options.option import option
from ctc.cli.options.values.paths import PATH_OR_URL

PLACES = (
    option(
        "--geofence",
        type=PATH_OR_URL,
        metavar="FILE",
        help="Answer only classes that live where an event was: a CSV with the columns class and"
        " country or region, maybe from and to (months), or SpeciesNet's JSON.",
    ),
    option(
        "--country",
        metavar="CODE[-REGION]",
        show_default="by a column of the table",
        help="Country of all events for --geofence: KE, KEN, Kenya, US-NJ.",
    ),
    option(
        "--country-column",
        metavar="COL",
        show_default="country or countryCode",
        help="Column with the country of an event.",
    ),
    option(
        "--region-column",
        metavar="COL",
        show_default="region or stateProvince",
        help="Column with the region of an event.",
    ),
    option(
        "--prior",
        type=PATH_OR_URL,
        metavar="FILE|auto",
        help="Correct for classes that are commoner or rarer here than where the model was"
        " calibrated: a CSV with the columns class and share or count, or auto, which estimates"
        " them from all events and corrects where they surely differ.",
    ),
    option(
        "--prior-by",
        metavar="COL",
        show_default="for all events at once",
        help="Estimate the shares of --prior auto for the events of each value in this column.",
    ),
)
