"""Countries by their codes and names, for places that people write in tables and options.

ISO 3166-1 alpha-2 and alpha-3 codes, and those in use for Kosovo; English names of the Unicode
CLDR and of the standard.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

_TABLE = """
AD AND Andorra; AE ARE United Arab Emirates; AF AFG Afghanistan; AG ATG Antigua & Barbuda; AI AIA
Anguilla; AL ALB Albania; AM ARM Armenia; AO AGO Angola; AQ ATA Antarctica; AR ARG Argentina; AS
ASM American Samoa; AT AUT Austria; AU AUS Australia; AW ABW Aruba; AX ALA Åland Islands; AZ AZE
Azerbaijan; BA BIH Bosnia & Herzegovina; BB BRB Barbados; BD BGD Bangladesh; BE BEL Belgium; BF
BFA Burkina Faso; BG BGR Bulgaria; BH BHR Bahrain; BI BDI Burundi; BJ BEN Benin; BL BLM St.
Barthélemy|Saint Barthélemy; BM BMU Bermuda; BN BRN Brunei|Brunei Darussalam; BO BOL
Bolivia|Plurinational State of Bolivia; BQ BES Caribbean Netherlands|Bonaire, Sint Eustatius and
Saba; BR BRA Brazil; BS BHS Bahamas; BT BTN Bhutan; BV BVT Bouvet Island; BW BWA Botswana; BY BLR
Belarus; BZ BLZ Belize; CA CAN Canada; CC CCK Cocos (Keeling) Islands; CD COD Congo - Kinshasa|The
Democratic Republic of the Congo|DR Congo; CF CAF Central African Republic; CG COG Congo -
Brazzaville|Congo|Republic of the Congo; CH CHE Switzerland; CI CIV Côte d'Ivoire|Ivory Coast; CK
COK Cook Islands; CL CHL Chile; CM CMR Cameroon; CN CHN China; CO COL Colombia; CR CRI Costa Rica;
CU CUB Cuba; CV CPV Cape Verde|Cabo Verde; CW CUW Curaçao; CX CXR Christmas Island; CY CYP Cyprus;
CZ CZE Czechia|Czech Republic; DE DEU Germany; DJ DJI Djibouti; DK DNK Denmark; DM DMA Dominica;
DO DOM Dominican Republic; DZ DZA Algeria; EC ECU Ecuador; EE EST Estonia; EG EGY Egypt; EH ESH
Western Sahara; ER ERI Eritrea; ES ESP Spain; ET ETH Ethiopia; FI FIN Finland; FJ FJI Fiji; FK FLK
Falkland Islands; FM FSM Micronesia|Federated States of Micronesia; FO FRO Faroe Islands; FR FRA
France; GA GAB Gabon; GB GBR United Kingdom|UK|Great Britain|England|Scotland|Wales; GD GRD
Grenada; GE GEO Georgia; GF GUF French Guiana; GG GGY Guernsey; GH GHA Ghana; GI GIB Gibraltar; GL
GRL Greenland; GM GMB Gambia; GN GIN Guinea; GP GLP Guadeloupe; GQ GNQ Equatorial Guinea; GR GRC
Greece; GS SGS South Georgia & South Sandwich Islands; GT GTM Guatemala; GU GUM Guam; GW GNB
Guinea-Bissau; GY GUY Guyana; HK HKG Hong Kong SAR China|Hong Kong; HM HMD Heard & McDonald
Islands|Heard Island and McDonald Islands; HN HND Honduras; HR HRV Croatia; HT HTI Haiti; HU HUN
Hungary; ID IDN Indonesia; IE IRL Ireland; IL ISR Israel; IM IMN Isle of Man; IN IND India; IO IOT
British Indian Ocean Territory; IQ IRQ Iraq; IR IRN Iran|Islamic Republic of Iran; IS ISL Iceland;
IT ITA Italy; JE JEY Jersey; JM JAM Jamaica; JO JOR Jordan; JP JPN Japan; KE KEN Kenya; KG KGZ
Kyrgyzstan; KH KHM Cambodia; KI KIR Kiribati; KM COM Comoros; KN KNA St. Kitts & Nevis|Saint Kitts
and Nevis; KP PRK North Korea|Democratic People's Republic of Korea; KR KOR South Korea|Republic
of Korea; KW KWT Kuwait; KY CYM Cayman Islands; KZ KAZ Kazakhstan; LA LAO Laos|Lao; LB LBN
Lebanon; LC LCA St. Lucia|Saint Lucia; LI LIE Liechtenstein; LK LKA Sri Lanka; LR LBR Liberia; LS
LSO Lesotho; LT LTU Lithuania; LU LUX Luxembourg; LV LVA Latvia; LY LBY Libya; MA MAR Morocco; MC
MCO Monaco; MD MDA Moldova|Republic of Moldova; ME MNE Montenegro; MF MAF St. Martin|Saint Martin;
MG MDG Madagascar; MH MHL Marshall Islands; MK MKD North Macedonia|Macedonia; ML MLI Mali; MM MMR
Myanmar (Burma)|Myanmar|Burma; MN MNG Mongolia; MO MAC Macao SAR China|Macao|Macau; MP MNP
Northern Mariana Islands; MQ MTQ Martinique; MR MRT Mauritania; MS MSR Montserrat; MT MLT Malta;
MU MUS Mauritius; MV MDV Maldives; MW MWI Malawi; MX MEX Mexico; MY MYS Malaysia; MZ MOZ
Mozambique; NA NAM Namibia; NC NCL New Caledonia; NE NER Niger; NF NFK Norfolk Island; NG NGA
Nigeria; NI NIC Nicaragua; NL NLD Netherlands|Holland; NO NOR Norway; NP NPL Nepal; NR NRU Nauru;
NU NIU Niue; NZ NZL New Zealand; OM OMN Oman; PA PAN Panama; PE PER Peru; PF PYF French Polynesia;
PG PNG Papua New Guinea; PH PHL Philippines; PK PAK Pakistan; PL POL Poland; PM SPM St. Pierre &
Miquelon|Saint Pierre and Miquelon; PN PCN Pitcairn Islands|Pitcairn; PR PRI Puerto Rico; PS PSE
Palestinian Territories|State of Palestine|Palestine; PT PRT Portugal; PW PLW Palau; PY PRY
Paraguay; QA QAT Qatar; RE REU Réunion; RO ROU Romania; RS SRB Serbia; RU RUS Russia|Russian
Federation; RW RWA Rwanda; SA SAU Saudi Arabia; SB SLB Solomon Islands; SC SYC Seychelles; SD SDN
Sudan; SE SWE Sweden; SG SGP Singapore; SH SHN St. Helena|Saint Helena, Ascension and Tristan da
Cunha; SI SVN Slovenia; SJ SJM Svalbard & Jan Mayen; SK SVK Slovakia; SL SLE Sierra Leone; SM SMR
San Marino; SN SEN Senegal; SO SOM Somalia; SR SUR Suriname; SS SSD South Sudan; ST STP São Tomé &
Príncipe; SV SLV El Salvador; SX SXM Sint Maarten; SY SYR Syria; SZ SWZ Eswatini|Swaziland; TC TCA
Turks & Caicos Islands; TD TCD Chad; TF ATF French Southern Territories; TG TGO Togo; TH THA
Thailand; TJ TJK Tajikistan; TK TKL Tokelau; TL TLS Timor-Leste|East Timor; TM TKM Turkmenistan;
TN TUN Tunisia; TO TON Tonga; TR TUR Türkiye|Turkey; TT TTO Trinidad & Tobago; TV TUV Tuvalu; TW
TWN Taiwan; TZ TZA Tanzania|United Republic of Tanzania; UA UKR Ukraine; UG UGA Uganda; UM UMI
U.S. Outlying Islands|United States Minor Outlying Islands; US USA United States|United States of
America|USA; UY URY Uruguay; UZ UZB Uzbekistan; VA VAT Vatican City|Holy See; VC VCT St. Vincent &
Grenadines|Saint Vincent and the Grenadines; VE VEN Venezuela|Bolivarian Republic of Venezuela; VG
VGB British Virgin Islands; VI VIR U.S. Virgin Islands; VN VNM Vietnam; VU VUT Vanuatu; WF WLF
Wallis & Futuna; WS WSM Samoa; XK XKX Kosovo; YE YEM Yemen; YT MYT Mayotte; ZA ZAF South Africa;
ZM ZMB Zambia; ZW ZWE Zimbabwe
"""
"""Per country its two codes, and its names with '|' between."""


class Country(NamedTuple):
    """A country: its ISO 3166-1 alpha-2 and alpha-3 codes, and its usual name in English."""

    alpha_2: str
    alpha_3: str
    name: str


def find_country(text: str) -> Country | None:
    """Return the country of that code or name, None for an unknown one; case doesn't matter."""
    return _countries().get(fold(text))


def country_names() -> list[str]:
    """Return the codes and the usual names of all countries, for suggestions."""
    known = sorted(set(_countries().values()))
    return [text for one in known for text in (one.alpha_3, one.name)]


def fold(text: str) -> str:
    """Return a name without case, accents and punctuation, so that spellings can be compared."""
    plain = unicodedata.normalize("NFKD", text).casefold().replace("&", " and ")
    kept = (one for one in plain if not unicodedata.combining(one))
    words = "".join(one if one.isalnum() else " " for one in kept).split()
    return " ".join(word for word in words if word != "the")


@cache
def _countries() -> Mapping[str, Country]:
    found = {}
    for entry in " ".join(_TABLE.split()).split("; "):
        alpha_2, alpha_3, names = entry.split(" ", 2)
        country = Country(alpha_2, alpha_3, names.partition("|")[0])
        for text in (alpha_2, alpha_3, *names.split("|")):
            found[fold(text)] = country
    return found
