//! Python and Node have the same names, each in its own case: both are compared with `api.txt`. What is read are the
//! files that users see, the stub and the declarations, which their own tests hold to the modules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The list, and what each language is to have of it: names with their parameters, in snake case.
struct Names {
    python: BTreeSet<String>,
    node: BTreeSet<String>,
}

#[test]
fn the_python_stub_has_every_name_and_no_other() {
    let mut found = BTreeSet::new();
    for file in ["_matricula.pyi", "types.py"] {
        python(&read(&format!("bindings/python/python/matricula/{file}")), &mut found);
    }
    compare("the Python stub", &listed().python, &found);
}

#[test]
fn the_node_declarations_have_every_name_and_no_other() {
    let files = ["index", "access", "transaction", "options", "records", "deltas", "history", "explanations"]
        .map(|file| read(&format!("bindings/node/{file}.d.ts")));
    let text = files.concat();
    // Options have no order.
    let unordered = |names: BTreeSet<String>| names.iter().map(|name| unordered(name)).collect();
    compare("the Node declarations", &unordered(listed().node), &unordered(node(&text)));
}

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file)).unwrap()
}

fn listed() -> Names {
    let mut names = Names { python: BTreeSet::new(), node: BTreeSet::new() };
    let text = read("tests/names/api.txt");
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    for line in lines.filter(|line| !line.is_empty()) {
        let news = if let Some(name) = line.strip_prefix("python: ") {
            names.python.insert(name.to_owned())
        } else if let Some(name) = line.strip_prefix("node: ") {
            names.node.insert(name.to_owned())
        } else {
            names.python.insert(line.to_owned()) && names.node.insert(camel(line))
        };
        assert!(news, "api.txt has `{line}` twice");
    }
    names
}

fn compare(what: &str, listed: &BTreeSet<String>, found: &BTreeSet<String>) {
    let lines =
        |names: BTreeSet<&String>| names.into_iter().map(|name| format!("\n  {name}")).collect::<String>();
    let missing = lines(listed.difference(found).collect());
    let more = lines(found.difference(listed).collect());
    assert!(missing.is_empty() && more.is_empty(), "{what} lacks:{missing}\nand has beyond api.txt:{more}");
}

/// A function with its parameters sorted.
fn unordered(name: &str) -> String {
    let Some((function, parameters)) = name.strip_suffix(')').and_then(|name| name.split_once('(')) else {
        return name.to_owned();
    };
    let parameters: BTreeSet<&str> = parameters.split(", ").collect();
    format!("{function}({})", parameters.into_iter().collect::<Vec<_>>().join(", "))
}

/// `user_count` as `userCount`; names of types have no `_` and stay.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |camel, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        camel + &head.to_ascii_uppercase() + tail
    })
}

/// The parts between separators that stand outside all brackets.
fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (place, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ if depth == 0 && separators.contains(&letter) => {
                parts.push(text[start..place].trim());
                start = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// The letters that a name begins with.
fn name(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    &text[..end.unwrap_or(text.len())]
}

/// The text within the bracket that this text begins with.
fn within(text: &str) -> &str {
    let mut depth = 0_i32;
    for (place, letter) in text.char_indices() {
        match letter {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[1..place];
        }
    }
    panic!("a bracket is not closed: {text}");
}

/// Reads a stub: what a class has stands in it, four columns in.
fn python(text: &str, names: &mut BTreeSet<String>) {
    let without_docs: String = text.split("\"\"\"").step_by(2).collect();
    let (mut class, mut property) = (String::new(), false);
    let mut rest = without_docs.as_str();
    while let Some((line, mut after)) = rest.split_once('\n') {
        let member = line.strip_prefix("    ");
        let statement = member.unwrap_or(line);
        let public = |name: &str| !name.starts_with('_') || name == "__version__";
        if let Some(defined) = line.strip_prefix("class ") {
            // What Python calls a dict is data to Node.
            class = name(defined).replace("Dict", "Data");
            if public(&class) {
                names.insert(class.clone());
            }
        } else if let Some(function) = statement.strip_prefix("def ") {
            let place = line.len() - function.len();
            let (function, whole) = (name(function), &rest[place + name(function).len()..]);
            // Parameters may stand on lines of their own, where they are no fields of a class.
            after = &whole[within(whole).len() + 2..];
            let parameters = split(within(whole), &[',']).into_iter().map(name);
            let parameters: Vec<&str> = parameters.filter(|name| !["", "self"].contains(name)).collect();
            let parameters = if property { String::new() } else { format!("({})", parameters.join(", ")) };
            let class = if member.is_some() { format!("{class}.") } else { String::new() };
            if public(function) && public(&class) {
                names.insert(format!("{class}{function}{parameters}"));
            }
        } else if statement.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
            let (field, after) = statement.split_at(name(statement).len());
            if after.starts_with(':') && public(field) && (member.is_none() || public(&class)) {
                let class = if member.is_some() { format!("{class}.") } else { String::new() };
                names.insert(format!("{class}{field}"));
            }
        }
        property = statement.starts_with("@property");
        rest = after;
    }
}

/// Reads declarations. Options count as the parameters that they stand for.
fn node(text: &str) -> BTreeSet<String> {
    let text = format!("\n{}", uncommented(text));
    let mut names = BTreeSet::new();
    let mut bodies = BTreeMap::new();
    let mut functions = Vec::new();
    for statement in text.split("\nexport ").skip(1) {
        let statement = statement.strip_prefix("declare ").unwrap_or(statement);
        if let Some(function) = statement.strip_prefix("function ") {
            functions.push((String::new(), function));
        } else if let Some(kind) =
            ["interface ", "class "].iter().find_map(|kind| statement.strip_prefix(kind))
        {
            let body = within(&kind[kind.find('{').unwrap()..]);
            bodies.insert(name(kind), body);
            names.insert(name(kind).to_owned());
        } else if let Some(constant) = statement.strip_prefix("const ") {
            names.insert(name(constant).to_owned());
        } else if let Some(alias) = statement.strip_prefix("type ") {
            names.extend(Some(name(alias).to_owned()).filter(|name| !name.is_empty()));
        }
    }
    // What only gathers options is no name of its own.
    let bag = |of: &str| bodies.get(of).filter(|_| of.ends_with("Options")).copied();
    for (class, body) in &bodies {
        functions.extend(split(body, &['\n', ';']).into_iter().map(|member| (format!("{class}."), member)));
    }
    for (class, member) in functions {
        let member = member.strip_prefix("readonly ").unwrap_or(member);
        let (found, after) = member.split_at(name(member).len());
        if found.is_empty() || found == "constructor" || bag(class.trim_end_matches('.')).is_some() {
            continue;
        }
        if !after.starts_with('(') {
            names.insert(format!("{class}{found}"));
            continue;
        }
        let mut parameters: Vec<&str> = Vec::new();
        for parameter in split(within(after), &[',']) {
            let (name_of, kind) = parameter.split_once(':').unwrap();
            let bags: Vec<&str> = match bag(kind.trim()) {
                Some(body) => vec![body],
                None => {
                    split(kind, &['|']).into_iter().filter(|part| part.starts_with('{')).map(within).collect()
                }
            };
            if bags.is_empty() {
                parameters.push(name(name_of));
            }
            for option in bags.into_iter().flat_map(|bag| split(bag, &['\n', ';'])) {
                // A type may go on over lines that begin with a stroke.
                if !option.starts_with('|') && !parameters.contains(&name(option)) {
                    parameters.push(name(option));
                }
            }
        }
        names.insert(format!("{class}{found}({})", parameters.join(", ")));
    }
    names.retain(|name| bag(name).is_none());
    names
}

fn uncommented(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        rest = &rest[rest.find("*/").unwrap() + 2..];
    }
    out.push_str(rest);
    out.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(|line| [line, "\n"]).collect()
}
