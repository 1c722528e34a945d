//! The databases: each takes a company's rows in and answers queries for ids. Not here: what the rows are (`table`),
//! which answers are right (`compare`).

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use matricula_rule::sql::{self, Dialect, Parameter, Sql};
use postgres::types::ToSql;
use serde_json::{Value as Json, json};

use crate::company::Company;
use crate::table::{Cell, Table, tables};

/// Something that answers SQL.
pub trait Engine: Send {
    /// Whose SQL it takes.
    fn dialect(&self) -> Dialect;

    /// Forgets all people, and takes in a company.
    ///
    /// # Errors
    /// What the engine says.
    fn load(&mut self, company: &Company) -> Result<(), String>;

    /// The ids that a query finds.
    ///
    /// # Errors
    /// What the engine says.
    fn ids(&mut self, sql: &Sql) -> Result<Vec<u32>, String>;
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn id(number: i64) -> Result<u32, String> {
    u32::try_from(number).map_err(said)
}

/// Indexes on every attribute, so that conditions are answered by way of them where they can be.
fn indexes(table: &Table) -> String {
    let columns = table.columns.iter().skip(4);
    columns.map(|(name, _)| format!("CREATE INDEX by_{name} ON \"user\" ({name});\n")).collect()
}

/// SQLite, in memory.
pub struct Sqlite(rusqlite::Connection);

impl Sqlite {
    /// An empty database.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn new() -> Result<Self, String> {
        rusqlite::Connection::open_in_memory().map(Self).map_err(said)
    }
}

impl Sqlite {
    /// How SQLite would answer a query whose parameters it has not been given yet.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn plan(&self, query: &str) -> Result<String, String> {
        let mut query = self.0.prepare(&format!("EXPLAIN QUERY PLAN {query}")).map_err(said)?;
        let lines = query.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>();
        Ok(lines.map_err(said)?.join("\n"))
    }
}

impl Engine for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn load(&mut self, company: &Company) -> Result<(), String> {
        self.0 = rusqlite::Connection::open_in_memory().map_err(said)?;
        self.0.execute_batch(&sql::tables(&company.schema, Dialect::Sqlite)).map_err(said)?;
        let tx = self.0.transaction().map_err(said)?;
        for table in tables(company, Dialect::Sqlite) {
            if table.name == "\"user\"" {
                tx.execute_batch(&indexes(&table)).map_err(said)?;
            }
            let marks = vec!["?"; table.columns.len()].join(", ");
            let mut put =
                tx.prepare(&format!("INSERT INTO {} VALUES ({marks})", table.name)).map_err(said)?;
            for row in &table.rows {
                let row = row.iter().map(|cell| -> rusqlite::types::Value {
                    match cell {
                        Cell::Null => rusqlite::types::Value::Null,
                        Cell::Integer(integer) => (*integer).into(),
                        Cell::Text(text) | Cell::Date(text) => text.clone().into(),
                        Cell::Boolean(boolean) => i64::from(*boolean).into(),
                    }
                });
                put.execute(rusqlite::params_from_iter(row)).map_err(said)?;
            }
        }
        tx.commit().map_err(said)
    }

    fn ids(&mut self, sql: &Sql) -> Result<Vec<u32>, String> {
        let mut query = self.0.prepare(&sql.text).map_err(said)?;
        let parameters = sql.parameters.iter().map(|parameter| -> rusqlite::types::Value {
            match parameter {
                Parameter::Text(text) => text.clone().into(),
                Parameter::Integer(integer) => (*integer).into(),
                Parameter::Boolean(boolean) => i64::from(*boolean).into(),
            }
        });
        let rows = query.query_map(rusqlite::params_from_iter(parameters), |row| row.get::<_, u32>(0));
        rows.map_err(said)?.collect::<Result<_, _>>().map_err(said)
    }
}

/// PostgreSQL, in a schema of its own that is dropped at the end.
pub struct Postgres(postgres::Client);

impl Postgres {
    /// Connects to the server that `PGHOST` and its kin name.
    ///
    /// # Errors
    /// What PostgreSQL says.
    pub fn new() -> Result<Self, String> {
        let mut config = postgres::Config::new();
        let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        config.host(&of("PGHOST").ok_or("PGHOST is not set")?);
        if let Some(port) = of("PGPORT") {
            config.port(port.parse().map_err(said)?);
        }
        config.user(&of("PGUSER").unwrap_or_else(|| "postgres".to_owned()));
        config.dbname(&of("PGDATABASE").unwrap_or_else(|| "postgres".to_owned()));
        if let Some(password) = of("PGPASSWORD") {
            config.password(password);
        }
        let mut client = config.connect(postgres::NoTls).map_err(said)?;
        // Compiling a query once takes far longer than running it here.
        client.batch_execute("SET jit = off").map_err(said)?;
        Ok(Self(client))
    }
}

const FRESH: &str = "SET client_min_messages = error; DROP SCHEMA IF EXISTS matricula_oracle CASCADE";

impl Drop for Postgres {
    fn drop(&mut self) {
        // The server is a throwaway one, or will have the schema dropped by the next run.
        let _ = self.0.batch_execute(FRESH);
    }
}

impl Engine for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn load(&mut self, company: &Company) -> Result<(), String> {
        let tables_sql = sql::tables(&company.schema, Dialect::Postgres);
        let fresh = format!(
            "{FRESH}; CREATE SCHEMA matricula_oracle; SET search_path = matricula_oracle; {tables_sql}"
        );
        self.0.batch_execute(&fresh).map_err(said)?;
        for table in tables(company, Dialect::Postgres) {
            if table.name == "\"user\"" {
                self.0.batch_execute(&indexes(&table)).map_err(said)?;
            }
            let mut text = String::new();
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(copied).collect();
                text.push_str(&cells.join("\t"));
                text.push('\n');
            }
            let mut copy = self.0.copy_in(&format!("COPY {} FROM STDIN", table.name)).map_err(said)?;
            copy.write_all(text.as_bytes()).map_err(said)?;
            copy.finish().map_err(said)?;
        }
        self.0.batch_execute("ANALYZE").map_err(said)
    }

    fn ids(&mut self, sql: &Sql) -> Result<Vec<u32>, String> {
        let parameters: Vec<&(dyn ToSql + Sync)> = sql
            .parameters
            .iter()
            .map(|parameter| -> &(dyn ToSql + Sync) {
                match parameter {
                    Parameter::Text(text) => text,
                    Parameter::Integer(integer) => integer,
                    Parameter::Boolean(boolean) => boolean,
                }
            })
            .collect();
        let rows = self.0.query(&sql.text, &parameters).map_err(|error| match error.as_db_error() {
            Some(error) => error.to_string(),
            None => format!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string)),
        })?;
        rows.iter().map(|row| row.try_get(0).map_err(said).and_then(id)).collect()
    }
}

/// A value as `COPY` reads it.
fn copied(cell: &Cell) -> String {
    match cell {
        Cell::Null => "\\N".to_owned(),
        Cell::Integer(integer) => integer.to_string(),
        Cell::Boolean(boolean) => boolean.to_string(),
        Cell::Date(day) => day.clone(),
        Cell::Text(text) => {
            text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
        }
    }
}

/// DuckDB, in a Python that has it, spoken to by lines of JSON.
pub struct Duckdb {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Duckdb {
    /// Starts the Python that `MATRICULA_DUCKDB_PYTHON` names, or `python3`.
    ///
    /// # Errors
    /// If there is none, or it has no DuckDB.
    pub fn new() -> Result<Self, String> {
        let python = std::env::var("MATRICULA_DUCKDB_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let mut child = Command::new(&python)
            .args(["-c", include_str!("duckdb.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("`{python}`: {error}"))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(format!("`{python}` does not listen"));
        };
        let mut duckdb = Self { child, to, from: BufReader::new(from) };
        duckdb.ask(&json!({})).map_err(|_| format!("`{python}` has no package `duckdb`"))?;
        Ok(duckdb)
    }

    fn ask(&mut self, question: &Json) -> Result<Json, String> {
        writeln!(self.to, "{question}").and_then(|()| self.to.flush()).map_err(said)?;
        let mut line = String::new();
        self.from.read_line(&mut line).map_err(said)?;
        let mut answer: Json = serde_json::from_str(&line).map_err(said)?;
        match answer.get("error").and_then(Json::as_str) {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ids"].take()),
        }
    }
}

impl Drop for Duckdb {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Engine for Duckdb {
    fn dialect(&self) -> Dialect {
        Dialect::Duckdb
    }

    fn load(&mut self, company: &Company) -> Result<(), String> {
        self.ask(&json!({ "fresh": sql::tables(&company.schema, Dialect::Duckdb) }))?;
        for table in tables(company, Dialect::Duckdb) {
            let types: Vec<&str> = table.columns.iter().map(|(_, of)| *of).collect();
            let column = |at: usize| -> Json {
                table.rows.iter().map(|row| row.get(at).map_or(Json::Null, plain)).collect()
            };
            let columns: Vec<Json> = (0..types.len()).map(column).collect();
            self.ask(&json!({ "table": table.name, "types": types, "columns": columns }))?;
        }
        Ok(())
    }

    fn ids(&mut self, sql: &Sql) -> Result<Vec<u32>, String> {
        let parameters = sql.parameters.iter().map(|parameter| match parameter {
            Parameter::Text(text) => json!(text),
            Parameter::Integer(integer) => json!(integer),
            Parameter::Boolean(boolean) => json!(boolean),
        });
        let question = json!({ "query": sql.text, "parameters": parameters.collect::<Vec<_>>() });
        let answer = self.ask(&question)?;
        let ids = answer.as_array().ok_or("no ids")?;
        ids.iter().map(|number| number.as_i64().ok_or("no id".to_owned()).and_then(id)).collect()
    }
}

fn plain(cell: &Cell) -> Json {
    match cell {
        Cell::Null => Json::Null,
        Cell::Integer(integer) => json!(integer),
        Cell::Text(text) | Cell::Date(text) => json!(text),
        Cell::Boolean(boolean) => json!(boolean),
    }
}
