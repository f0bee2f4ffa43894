"""Run Splink on a FEBRL set with the settings of its own documentation; runs in an environment of its own.

    python peers_splink_febrl.py FILE.csv [OTHER.csv] --out PAIRS.parquet

One file is deduplicated, two are linked. Source of the settings: Splink's example pages 'Deduplicating the febrl3
dataset' and 'Linking the febrl4 datasets' (the detailed model).
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

_EXCHANGED = "l.given_name = r.surname and l.surname = r.given_name"


def _dedupe_settings() -> SettingsCreator:
    return SettingsCreator(
        unique_id_column_name="rec_id",
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[
            block_on(column) for column in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode")
        ],
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        ],
    )


def _link_settings() -> SettingsCreator:
    return SettingsCreator(
        unique_id_column_name="rec_id",
        link_type="link_only",
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            _EXCHANGED,
            block_on("date_of_birth"),
            block_on("soc_sec_id"),
            block_on("state", "address_1"),
            block_on("street_number", "address_1"),
            block_on("postcode"),
        ],
        comparisons=[
            cl.NameComparison("given_name").configure(term_frequency_adjustments=True),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
        ],
    )


def _train(linker: Linker, *, dedupe: bool) -> None:
    rules: list[object] = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
    if dedupe:
        rules.append(f"{_EXCHANGED} and l.date_of_birth = r.date_of_birth")
    linker.training.estimate_probability_two_random_records_match(rules, recall=0.9 if dedupe else 0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=2)
    for column in ("date_of_birth", "postcode"):
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(column), estimate_without_term_frequencies=not dedupe
        )


def main() -> None:
    """Read the files, train, predict and write the pairs."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    began = time.perf_counter()
    connection = duckdb.connect()
    api = DuckDBAPI(connection=connection)
    tables = [
        api.register(connection.read_csv(str(path), all_varchar=True), dataset_display_name=f"file_{place}")
        for place, path in enumerate(options.files)
    ]
    dedupe = len(tables) == 1
    linker = Linker(tables, _dedupe_settings() if dedupe else _link_settings())
    _train(linker, dedupe=dedupe)
    predicted = connection.table(linker.inference.predict().physical_name)
    columns = "rec_id_l as left_id, rec_id_r as right_id, match_probability as probability, match_weight"
    predicted.project(columns).write_parquet(str(options.out))
    print(json.dumps({"pairs": len(predicted), "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
