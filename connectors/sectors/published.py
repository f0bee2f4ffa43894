"""The columns that this registry publishes for whoever sends it children's records, and what they say of a child."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from connectors.sectors.mapping import FieldMapping, ServiceForm

SCHEMA: Final = Path(__file__).parent / "schemas" / "child-records.json"

STANDARD: Final = FieldMapping(
    key=("record_id",),
    version_at="updated_at",
    deleted="status",
    facts={
        "name": "full_name",
        **{
            name: name
            for name in (
                *("sex", "birth_date", "estimated_age", "estimated_on", "personal_number", "ethnicity"),
                *("commune_code", "commune_scheme", "address"),
            )
        },
        **{f"{who}.name": f"{who}_name" for who in ("mother", "father", "carer")},
        **{f"{who}.number": f"{who}_number" for who in ("mother", "father", "carer")},
        **{f"{who}.birth_year": f"{who}_birth_year" for who in ("mother", "father")},
        "carer.relation": "carer_relation",
    },
    services={
        "status": "school_status",
        **{
            name: name
            for name in (
                *("school", "class", "school_year", "card_number", "doses", "certificate", "registered_on"),
                *("group", "household", "allowance_vnd", "from_date", "to_date"),
            )
        },
    },
    service_forms={
        "doses": ServiceForm.DOSES,
        "group": ServiceForm.WHOLE_NUMBER,
        "allowance_vnd": ServiceForm.WHOLE_NUMBER,
        **dict.fromkeys(("registered_on", "from_date", "to_date"), ServiceForm.DATE),
    },
)
