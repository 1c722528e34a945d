"""All rules in DuckDB: `in_duckdb.py FOLDER ROUNDS`.

People are one table in memory, with an enum for each choice and each text, and the narrowest numbers that fit. The
options of people are there twice: as a list of enums, which comes by itself, and as a boolean column for each option,
which somebody would make who has to be fast. Threads are as many as DuckDB takes by itself. Each rule is a query: all
in one took longer.
"""

from __future__ import annotations

import datetime
import datetime
import functools
import sys

import duckdb

from rules import Attribute, Constant, Given, Translation, Way, report

TYPES = {
    "integer": "UTINYINT",
    "decimal": "DECIMAL(5, 2)",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP_MS",
    "user": "UINTEGER",
}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literal(constant: Constant) -> str:
    if isinstance(constant, str):
        return quoted(constant)
    if isinstance(constant, datetime.datetime):
        return f"TIMESTAMP_MS '{constant}'"
    if isinstance(constant, datetime.date):
        return f"DATE '{constant}'"
    return str(constant)


class Sql:
    """Rules as conditions."""

    def all(self, parts: list[str]) -> str:
        return "(" + " AND ".join(parts) + ")"

    def any(self, parts: list[str]) -> str:
        return "(" + " OR ".join(parts) + ")"

    def negated(self, part: str) -> str:
        return f"(NOT {part})"

    def present(self, attribute: Attribute) -> str:
        return f"({attribute.key} IS NOT NULL)"

    def compared(self, attribute: Attribute, sign: str, constant: Constant) -> str:
        if isinstance(constant, bool):
            return attribute.key if (sign == "==") == constant else f"(NOT {attribute.key})"
        sign = {"==": "=", "!=": "<>"}.get(sign, sign)
        return f"({attribute.key} {sign} {literal(constant)})"

    def between(self, attribute: Attribute, least: Constant, most: Constant) -> str:
        return f"({attribute.key} BETWEEN {literal(least)} AND {literal(most)})"

    def among(self, attribute: Attribute, constants: list[Constant]) -> str:
        return f"({attribute.key} IN ({', '.join(map(literal, constants))}))"

    def has_any(self, attribute: Attribute, options: list[str]) -> str:
        return self.any([self.contains(attribute, option) for option in options])

    def has_all(self, attribute: Attribute, options: list[str]) -> str:
        return self.all([self.contains(attribute, option) for option in options])

    def contains(self, attribute: Attribute, option: str) -> str:
        return f"list_contains({attribute.key}, {quoted(option)})"

    def under(self, attribute: Attribute, path: str) -> str:
        return f"({attribute.key} = {quoted(path)} OR starts_with({attribute.key}, {quoted(path + '/')}))"


class WideSql(Sql):
    """Rules as conditions on a column for each option."""

    def contains(self, attribute: Attribute, option: str) -> str:
        return f'"{attribute.key}: {option}"'


def load(given: Given) -> duckdb.DuckDBPyConnection:
    """Fills the table."""
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    # Nobody asked for the members in any order.
    connection.execute("SET preserve_insertion_order = false")
    columns = {"id": "UINTEGER"} | {attribute.key: "VARCHAR" for attribute in given.attributes}
    read = f"read_csv({quoted(given.people)}, delim = '\t', header = true, quote = '', columns = {columns})"
    selected = ["id"]
    for attribute in given.attributes:
        key = attribute.key
        if attribute.kind in ("choice", "multi_choice"):
            connection.execute(f"CREATE TYPE {key}_type AS ENUM ({', '.join(map(quoted, attribute.options))})")
        if attribute.kind == "text":
            texts = f"SELECT DISTINCT {key} FROM {read} WHERE {key} IS NOT NULL ORDER BY 1"
            connection.execute(f"CREATE TYPE {key}_type AS ENUM ({texts})")
        if attribute.kind == "multi_choice":
            chosen = f"coalesce(string_split({key}, '|'), [])::{key}_type[]"
            selected.append(f"{chosen} AS {key}")
            for option in attribute.options:
                name = WideSql().contains(attribute, option)
                selected.append(f"list_contains({chosen}, {quoted(option)}) AS {name}")
        elif attribute.kind in ("choice", "text"):
            selected.append(f"{key}::{key}_type AS {key}")
        else:
            selected.append(f"{key}::{TYPES.get(attribute.kind, 'VARCHAR')} AS {key}")
    connection.execute(f"CREATE TABLE people AS SELECT {', '.join(selected)} FROM {read}")
    return connection


def main() -> None:
    folder, rounds = sys.argv[1:]
    given = Given(folder)
    connection = load(given)

    def number(query: str) -> int:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]

    def counted(conditions: list[str]) -> list[int]:
        return [number(f"SELECT count(*) FROM people WHERE {condition}") for condition in conditions]

    def kept(conditions: list[str]) -> range:
        for at, condition in enumerate(conditions):
            connection.execute(f"CREATE TEMP TABLE s{at} AS SELECT id FROM people WHERE {condition}")
        return range(len(conditions))

    def rows(tables: range) -> list[int]:
        return [number(f"SELECT count(*) FROM s{at}") for at in tables]

    def forget() -> None:
        for at in range(len(given.rules)):
            connection.execute(f"DROP TABLE s{at}")

    ways = []
    for writer, form in ((Sql(), "a list of options"), (WideSql(), "a column an option")):
        conditions = Translation(given, writer).all()
        name = f"rule by rule, {form}"
        ways.append(Way(name, True, functools.partial(kept, conditions), rows, forget))
        ways.append(Way(name, False, functools.partial(counted, conditions)))
    report(duckdb.__version__, number("SELECT current_setting('threads')"), ways, int(rounds))


if __name__ == "__main__":
    main()
