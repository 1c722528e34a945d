"""What `export.rs` wrote, read; rules walked; ways timed. Not here: what is particular to one engine."""

from __future__ import annotations

import datetime
import decimal
import json
import pathlib
import time
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

Constant = str | int | bool | decimal.Decimal | datetime.date | datetime.datetime
T = TypeVar("T")


class Attribute:
    """An attribute: its name, its type, and the names of its options in order."""

    def __init__(self, described: dict[str, Any]) -> None:
        self.key: str = described["key"]
        self.kind: str = described["kind"]["type"]
        self.options: list[str] = [option["key"] for option in described["kind"].get("options", [])]


class Given:
    """The folder that an engine is given: people in a table, attributes, and rules as typed trees."""

    def __init__(self, folder: str) -> None:
        self.people = str(pathlib.Path(folder) / "people.tsv")
        everything = json.loads((pathlib.Path(folder) / "rules.json").read_text("utf-8"))
        self.today = datetime.date.fromisoformat(everything["today"])
        self.attributes = [Attribute(described) for described in everything["attributes"]]
        self.rules: list[dict[str, Any]] = everything["rules"]


class Writer(Protocol[T]):
    """How an engine says what rules say. Unknown is null, in the logic of SQL, which is Kleene's."""

    def all(self, parts: list[T]) -> T: ...
    def any(self, parts: list[T]) -> T: ...
    def negated(self, part: T) -> T: ...
    def present(self, attribute: Attribute) -> T: ...
    def compared(self, attribute: Attribute, sign: str, constant: Constant) -> T: ...
    def between(self, attribute: Attribute, least: Constant, most: Constant) -> T: ...
    def among(self, attribute: Attribute, constants: list[Constant]) -> T: ...
    def has_any(self, attribute: Attribute, options: list[str]) -> T: ...
    def has_all(self, attribute: Attribute, options: list[str]) -> T: ...
    def under(self, attribute: Attribute, path: str) -> T: ...


class Translation(Generic[T]):
    """Rules as an engine says them. A rule of a form that is not expected here is an error."""

    def __init__(self, given: Given, writer: Writer[T]) -> None:
        self.given = given
        self.writer = writer

    def all(self) -> list[T]:
        """All rules."""
        return [self.rule(rule) for rule in self.given.rules]

    def rule(self, rule: dict[str, Any]) -> T:
        """One rule, or a part of one."""
        ((form, of),) = rule.items()
        writer = self.writer
        match form:
            case "all":
                return writer.all([self.rule(part) for part in of])
            case "any":
                return writer.any([self.rule(part) for part in of])
            case "not":
                return writer.negated(self.rule(of))
            case "has":
                return writer.present(self.given.attributes[of])
            case "compare":
                attribute = self.given.attributes[of["field"]]
                return writer.compared(attribute, of["comparison"], self.operand(attribute, of["with"]))
            case "between":
                return self.between(self.given.attributes[of["field"]], of["from"], of["to"])
            case "in":
                attribute = self.given.attributes[of["field"]]
                return writer.among(attribute, [self.value(attribute, value) for value in of["values"]])
            case "options":
                attribute = self.given.attributes[of["attribute"]]
                options = [attribute.options[option] for option in of["options"]]
                quantities = {"any": writer.has_any, "all": writer.has_all}
                return quantities[of["quantity"]](attribute, options)
            case "under" if of["itself"]:
                return writer.under(self.given.attributes[of["attribute"]], of["path"])
        raise ValueError(f"no rule like {rule} is expected")

    def between(self, attribute: Attribute, least: dict[str, Any], most: dict[str, Any]) -> T:
        """Between two values, both included; of an instant, the whole of the last day."""
        first, last = self.operand(attribute, least), self.operand(attribute, most)
        if attribute.kind != "timestamp":
            return self.writer.between(attribute, first, last)
        assert isinstance(last, datetime.datetime)
        after = last + datetime.timedelta(days=1)
        compared = self.writer.compared
        return self.writer.all([compared(attribute, ">=", first), compared(attribute, "<", after)])

    def operand(self, attribute: Attribute, operand: dict[str, Any]) -> Constant:
        """What a value is compared with; a day is its first moment for an instant."""
        ((form, of),) = operand.items()
        if form == "value":
            return self.value(attribute, of)
        if form != "today" or of["unit"] != "days":
            raise ValueError(f"no operand like {operand} is expected")
        day = self.given.today + datetime.timedelta(days=of["count"])
        return datetime.datetime.combine(day, datetime.time()) if attribute.kind == "timestamp" else day

    def value(self, attribute: Attribute, value: dict[str, Any]) -> Constant:
        """A constant."""
        ((form, of),) = value.items()
        match form:
            case "choice":
                return attribute.options[of]
            case "date":
                return datetime.date.fromisoformat(of)
            case "decimal":
                return decimal.Decimal(of)
            case "text" | "integer" | "boolean":
                return of
        raise ValueError(f"no value like {value} is expected")


class Way:
    """One way of asking for all rules: `ask` is timed, `counts` reads from what it gave, `forget` clears it away."""

    def __init__(
        self,
        name: str,
        kept: bool,
        ask: Callable[[], Any],
        counts: Callable[[Any], list[int]] = lambda given: given,
        forget: Callable[[], Any] = lambda: None,
    ) -> None:
        self.name, self.kept = name, kept
        self.ask, self.counts, self.forget = ask, counts, forget

    def measured(self, rounds: int) -> dict[str, Any]:
        """How many members each rule has, and how many seconds each round takes after a first that does not count."""
        counts = self.counts(self.ask())
        self.forget()
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            given = self.ask()
            seconds.append(time.perf_counter() - start)
            del given
            self.forget()
        return {"name": self.name, "kept": self.kept, "counts": counts, "seconds": seconds}


def report(version: str, threads: int, ways: list[Way], rounds: int) -> None:
    """Measures the ways, and prints what `main.rs` reads."""
    print(json.dumps({"version": version, "threads": threads, "ways": [way.measured(rounds) for way in ways]}))
