"""Answers questions about DuckDB, one JSON object a line. Told what to do by `engine.rs`."""

import json
import sys

import duckdb

connection = duckdb.connect()


def answer(question):
    global connection
    if "fresh" in question:
        connection.close()
        connection = duckdb.connect(config={"threads": 1})
        # It would be printed among the answers.
        connection.execute("SET enable_progress_bar = false")
        connection.execute(question["fresh"])
    elif "table" in question:
        marks = (f"unnest(CAST(${at} AS {of}[]))" for at, of in enumerate(question["types"], 1))
        connection.execute(f"INSERT INTO {question['table']} SELECT {', '.join(marks)}", question["columns"])
    elif "query" in question:
        rows = connection.execute(question["query"], question["parameters"]).fetchall()
        return [row[0] for row in rows]
    return []


for line in sys.stdin:
    try:
        said = {"ids": answer(json.loads(line))}
    except Exception as error:
        said = {"error": str(error)}
    print(json.dumps(said), flush=True)
