"""All rules in Polars: `in_polars.py FOLDER ROUNDS`.

People are one frame, with an enum for each choice, a categorical for each text and path, and the narrowest numbers that
fit. The options of people are there twice: as a list of enums, which comes by itself, and as a boolean column for each
option, which somebody would make who has to be fast. Threads are as many as Polars takes by itself. All rules in one
collect share the tests that they have in common; the streaming engine took longer.
"""

from __future__ import annotations

import decimal
import functools
import operator
import sys

import polars as pl

from rules import Attribute, Constant, Given, Translation, Way, report

TYPES = {
    "integer": pl.UInt8,
    "decimal": pl.Float64,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamp": pl.Datetime("ms"),
    "user": pl.UInt32,
}


class Expressions:
    """Rules as expressions."""

    SIGNS = {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }

    def __init__(self, schema: pl.Schema) -> None:
        self.schema = schema

    def all(self, parts: list[pl.Expr]) -> pl.Expr:
        return functools.reduce(operator.and_, parts)

    def any(self, parts: list[pl.Expr]) -> pl.Expr:
        return functools.reduce(operator.or_, parts)

    def negated(self, part: pl.Expr) -> pl.Expr:
        return ~part

    def present(self, attribute: Attribute) -> pl.Expr:
        return pl.col(attribute.key).is_not_null()

    def literal(self, attribute: Attribute, constant: Constant) -> pl.Expr:
        if isinstance(constant, decimal.Decimal):
            constant = float(constant)
        return pl.lit(constant, self.schema[attribute.key])

    def compared(self, attribute: Attribute, sign: str, constant: Constant) -> pl.Expr:
        if isinstance(constant, bool):
            return pl.col(attribute.key) if (sign == "==") == constant else ~pl.col(attribute.key)
        return self.SIGNS[sign](pl.col(attribute.key), self.literal(attribute, constant))

    def between(self, attribute: Attribute, least: Constant, most: Constant) -> pl.Expr:
        return pl.col(attribute.key).is_between(self.literal(attribute, least), self.literal(attribute, most))

    def among(self, attribute: Attribute, constants: list[Constant]) -> pl.Expr:
        return self.any([self.compared(attribute, "==", constant) for constant in constants])

    def has_any(self, attribute: Attribute, options: list[str]) -> pl.Expr:
        return self.any([self.contains(attribute, option) for option in options])

    def has_all(self, attribute: Attribute, options: list[str]) -> pl.Expr:
        return self.all([self.contains(attribute, option) for option in options])

    def contains(self, attribute: Attribute, option: str) -> pl.Expr:
        inner = self.schema[attribute.key].inner
        return pl.col(attribute.key).list.contains(pl.lit(option, inner))

    def under(self, attribute: Attribute, path: str) -> pl.Expr:
        column = pl.col(attribute.key)
        return (column == path) | column.cat.starts_with(path + "/")


class WideExpressions(Expressions):
    """Rules as expressions of a column for each option."""

    def contains(self, attribute: Attribute, option: str) -> pl.Expr:
        return pl.col(f"{attribute.key}: {option}")


def load(given: Given) -> pl.DataFrame:
    """Fills the frame."""
    frame = pl.read_csv(given.people, separator="\t", quote_char=None, infer_schema=False)
    columns = [pl.col("id").cast(pl.UInt32)]
    for attribute in given.attributes:
        column = pl.col(attribute.key)
        match attribute.kind:
            case "choice":
                column = column.cast(pl.Enum(attribute.options))
            case "multi_choice":
                options = column.fill_null("").str.split("|").list.eval(pl.element().filter(pl.element() != ""))
                column = options.cast(pl.List(pl.Enum(attribute.options)))
            case "text" | "path":
                column = column.cast(pl.Categorical)
            case "boolean":
                column = column == "true"
            case "date":
                column = column.str.to_date("%Y-%m-%d")
            case "timestamp":
                column = column.str.to_datetime("%Y-%m-%d %H:%M:%S%.3f", time_unit="ms")
            case kind:
                column = column.cast(TYPES[kind])
        columns.append(column)
    frame = frame.select(columns).rechunk()
    lists, wide = Expressions(frame.schema), WideExpressions(frame.schema)
    return frame.with_columns(
        lists.contains(attribute, option).alias(wide.contains(attribute, option).meta.output_name())
        for attribute in given.attributes
        if attribute.kind == "multi_choice"
        for option in attribute.options
    )


def main() -> None:
    folder, rounds = sys.argv[1:]
    given = Given(folder)
    frame = load(given)

    def rule_by_rule(expressions: list[pl.Expr]) -> list[pl.Series]:
        return [frame.select(expression).to_series() for expression in expressions]

    def together(expressions: list[pl.Expr]) -> list[pl.Series]:
        return frame.lazy().select(expressions).collect().get_columns()

    def counted(columns: list[pl.Series]) -> list[int]:
        return [column.sum() for column in columns]

    ways = []
    for writer, form in (
        (Expressions(frame.schema), "a list of options"),
        (WideExpressions(frame.schema), "a column an option"),
    ):
        rules = Translation(given, writer).all()
        masks = [rule.alias(f"s{at}") for at, rule in enumerate(rules)]
        sums = [rule.sum().alias(f"s{at}") for at, rule in enumerate(rules)]
        for kept, expressions in ((True, masks), (False, sums)):
            for way, name in ((rule_by_rule, "rule by rule"), (together, "all in one collect")):
                ways.append(Way(f"{name}, {form}", kept, functools.partial(way, expressions), counted))
    report(pl.__version__, pl.thread_pool_size(), ways, int(rounds))


if __name__ == "__main__":
    main()
