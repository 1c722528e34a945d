//! Sixty rules over the employees sample, each compared with the same condition written in plain Rust over the rows: at
//! four dates as the rows stand then, and again when time has passed and nothing else.
//!
//! The data is the `employees` sample (see `docs/data.md`); where it is absent this says so and passes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says so by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use matricula::{AttributeDefinition, AttributeType, Change, Memory, Registry, Status, UserId, UserUpdate};

/// A value, from a day on, before another.
type Dated = (NaiveDate, Option<NaiveDate>, String);

#[derive(Default)]
struct Rows {
    born: NaiveDate,
    hired: NaiveDate,
    first: String,
    last: String,
    gender: String,
    departments: Vec<Dated>,
    titles: Vec<Dated>,
    heading: Vec<Dated>,
}

/// What is true of one employee on a day.
struct Now {
    born: NaiveDate,
    hired: NaiveDate,
    first: String,
    last: String,
    gender: String,
    department: Option<String>,
    since: Option<NaiveDate>,
    title: Option<String>,
    heads: bool,
    moves: i64,
    boss: Option<String>,
}

/// When and of whom a rule is asked.
struct Asked<'a> {
    today: NaiveDate,
    chief: &'a str,
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn read(folder: &Path) -> BTreeMap<String, Rows> {
    let table = |name: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
    };
    let names: BTreeMap<String, String> =
        table("departments.csv").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let mut people = BTreeMap::new();
    for row in table("employees.csv") {
        let [_, born, first, last, gender, hired] = &row[..] else { unreachable!("{row:?}") };
        let (first, last, gender) = (first.clone(), last.clone(), gender.clone());
        let rows = Rows { born: date(born), hired: date(hired), first, last, gender, ..Rows::default() };
        people.insert(row[0].clone(), rows);
    }
    let dated = |row: &[String], value: &str| {
        (date(&row[2]), (!row[3].is_empty()).then(|| date(&row[3])), value.to_owned())
    };
    for row in table("dept_emp.csv") {
        people.get_mut(&row[0]).unwrap().departments.push(dated(&row, &names[&row[1]]));
    }
    for row in table("dept_manager.csv") {
        people.get_mut(&row[0]).unwrap().heading.push(dated(&row, &names[&row[1]]));
    }
    for row in table("titles.csv") {
        people.get_mut(&row[0]).unwrap().titles.push(dated(&row, &row[1]));
    }
    people
}

/// The row that holds on a day: the latest that covers it.
fn on(rows: &[Dated], day: NaiveDate) -> Option<&Dated> {
    let covers = |(from, to, _): &&Dated| *from <= day && to.is_none_or(|to| day < to);
    rows.iter().filter(covers).max_by_key(|(from, ..)| *from)
}

fn now(people: &BTreeMap<String, Rows>, day: NaiveDate) -> (BTreeMap<String, Now>, String) {
    let heads: BTreeMap<&str, &str> = people
        .iter()
        .filter_map(|(key, rows)| Some((on(&rows.heading, day)?.2.as_str(), key.as_str())))
        .collect();
    let chief = heads["Marketing"].to_owned();
    let state = |(key, rows): (&String, &Rows)| {
        let department = on(&rows.departments, day);
        let heads_one = on(&rows.heading, day).is_some();
        // Heads report to the head of Marketing, who reports to nobody.
        let boss = match heads_one {
            true => Some(chief.as_str()),
            false => department.and_then(|(.., name)| heads.get(name.as_str()).copied()),
        };
        let now = Now {
            born: rows.born,
            hired: rows.hired,
            first: rows.first.clone(),
            last: rows.last.clone(),
            gender: rows.gender.clone(),
            department: department.map(|(.., name)| name.clone()),
            since: department.map(|(from, ..)| *from),
            title: on(&rows.titles, day).map(|(.., title)| title.clone()),
            heads: heads_one,
            moves: rows.departments.iter().filter(|(from, ..)| *from <= day).count() as i64,
            boss: boss.filter(|boss| boss != key).map(str::to_owned),
        };
        (key.clone(), now)
    };
    (people.iter().map(state).collect(), chief)
}

fn department(n: &Now, test: impl Fn(&str) -> bool) -> bool {
    n.department.as_deref().is_some_and(test)
}

fn title(n: &Now, test: impl Fn(&str) -> bool) -> bool {
    n.title.as_deref().is_some_and(test)
}

fn since(n: &Now, test: impl Fn(NaiveDate) -> bool) -> bool {
    n.since.is_some_and(test)
}

impl Asked<'_> {
    fn ago(&self, days: u64) -> NaiveDate {
        self.today - Days::new(days)
    }

    fn months_ago(&self, months: u32) -> NaiveDate {
        self.today - Months::new(months)
    }

    fn first_of_month(&self) -> NaiveDate {
        self.today.with_day(1).unwrap()
    }

    fn first_of_year(&self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.today.year(), 1, 1).unwrap()
    }

    fn monday(&self) -> NaiveDate {
        self.ago(u64::from(self.today.weekday().num_days_from_monday()))
    }

    fn first_of_quarter(&self) -> NaiveDate {
        let month = self.today.month0() / 3 * 3 + 1;
        NaiveDate::from_ymd_opt(self.today.year(), month, 1).unwrap()
    }
}

type Case = (&'static str, fn(&Now, &Asked<'_>) -> bool);

const RULES: &[Case] = &[
    ("user.department == 'Development'", |n, _| department(n, |d| d == "Development")),
    ("user.department != 'Development'", |n, _| department(n, |d| d != "Development")),
    ("user.department in ['Sales', 'Marketing', 'Finance']", |n, _| {
        department(n, |d| d == "Sales" || d == "Marketing" || d == "Finance")
    }),
    ("!(user.department in ['Sales', 'Production'])", |n, _| {
        department(n, |d| d != "Sales" && d != "Production")
    }),
    ("user.title == 'Staff'", |n, _| title(n, |t| t == "Staff")),
    ("user.title != 'Staff'", |n, _| title(n, |t| t != "Staff")),
    ("user.title.startsWith('Senior')", |n, _| title(n, |t| &t[..6.min(t.len())] == "Senior")),
    ("user.title.endsWith('Engineer') && !user.title.startsWith('Assistant')", |n, _| {
        title(n, |t| t == "Engineer" || t == "Senior Engineer")
    }),
    ("user.title.contains(' ')", |n, _| title(n, |t| t.chars().any(|letter| letter == ' '))),
    ("user.title.glob('*ta??')", |n, _| title(n, |t| t == "Staff" || t == "Senior Staff")),
    ("!user.title.contains('Engineer')", |n, _| {
        title(n, |t| !["Engineer", "Senior Engineer", "Assistant Engineer"].contains(&t))
    }),
    ("user.title > 'Engineer'", |n, _| title(n, |t| t > "Engineer")),
    ("user.last_name.startsWith('MA')", |n, _| n.last.to_ascii_lowercase().starts_with("ma")),
    ("user.last_name == 'facello'", |n, _| n.last.eq_ignore_ascii_case("Facello")),
    ("user.last_name.between('b', 'cz')", |n, _| {
        let last = n.last.to_ascii_lowercase();
        last.as_str() >= "b" && last.as_str() <= "cz"
    }),
    ("user.last_name.glob('?a*I')", |n, _| {
        let last = n.last.to_ascii_lowercase();
        last.len() > 2 && last[1..].starts_with('a') && last.ends_with('i')
    }),
    ("user.first_name == 'georgi'", |_, _| false),
    ("user.first_name < 'C'", |n, _| n.first.starts_with('A') || n.first.starts_with('B')),
    ("user.first_name in ['Georgi', 'Mary', 'Uri']", |n, _| ["Georgi", "Mary", "Uri"].contains(&&*n.first)),
    ("user.gender == 'F' && user.department == 'Research'", |n, _| {
        n.gender == "F" && department(n, |d| d == "Research")
    }),
    ("user.gender == 'M' || user.department == 'Research'", |n, _| {
        n.gender == "M" || department(n, |d| d == "Research")
    }),
    ("user.heads", |n, _| n.heads),
    ("!user.heads && user.department == 'Finance'", |n, _| !n.heads && department(n, |d| d == "Finance")),
    ("user.moves == 2", |n, _| n.moves == 2),
    ("user.moves >= 1 && user.moves < 2", |n, _| n.moves == 1),
    ("user.moves.between(1, 2)", |n, _| n.moves == 1 || n.moves == 2),
    ("user.moves in [0, 2]", |n, _| n.moves == 0 || n.moves == 2),
    ("user.share > 0.4", |n, _| n.moves >= 2),
    ("user.share.between(0.3, 0.35)", |n, _| n.moves == 1),
    ("user.boss == '{chief}'", |n, a| n.boss.as_deref() == Some(a.chief)),
    ("user.boss != '{chief}'", |n, a| n.boss.as_deref().is_some_and(|boss| boss != a.chief)),
    ("user.boss.reportsTo('{chief}')", |n, _| n.boss.is_some()),
    ("user.boss.reportsTo('{chief}') && user.department != 'Marketing'", |n, _| {
        n.boss.is_some() && department(n, |d| d != "Marketing")
    }),
    ("user.org.under('Acme/Sales')", |n, _| department(n, |d| d == "Sales")),
    ("user.org.below('Acme/Sales')", |n, _| department(n, |d| d == "Sales") && n.title.is_some()),
    ("user.org == 'Acme/Production/Technique Leader'", |n, _| {
        department(n, |d| d == "Production") && title(n, |t| t == "Technique Leader")
    }),
    ("!user.org.under('Acme/Sales') && user.heads", |n, _| department(n, |d| d != "Sales") && n.heads),
    ("user.groups.allOf(['women', 'heads'])", |n, _| n.gender == "F" && n.heads),
    ("user.groups.anyOf(['heads', 'movers'])", |n, _| n.heads || n.moves > 1),
    ("user.groups.noneOf(['women', 'movers'])", |n, _| n.gender != "F" && n.moves < 2),
    ("user.groups.exactly(1, ['women', 'movers'])", |n, _| (n.gender == "F") != (n.moves > 1)),
    ("size(user.groups) >= 2", |n, _| {
        [n.gender == "F", n.heads, n.moves > 1].iter().filter(|is| **is).count() >= 2
    }),
    ("user.born_on < date(\"1955-01-01\")", |n, _| n.born.year() < 1955),
    ("user.born_on.between(date(\"1960-02-29\"), date(\"1961-03-01\"))", |n, _| {
        n.born >= date("1960-02-29") && n.born <= date("1961-03-01")
    }),
    ("user.born_on > today - years(40)", |n, a| n.born > a.months_ago(480)),
    ("user.born_on.olderThan(45, 'years')", |n, a| n.born < a.months_ago(540)),
    ("user.hired_on.withinLast(365, 'days')", |n, a| n.hired >= a.ago(365) && n.hired <= a.today),
    ("!user.hired_on.withinLast(365, 'days')", |n, a| n.hired < a.ago(365) || n.hired > a.today),
    ("user.hired_on.withinLast(18, 'months') && user.gender == 'F'", |n, a| {
        n.gender == "F" && n.hired >= a.months_ago(18) && n.hired <= a.today
    }),
    ("user.hired_on <= today - months(60)", |n, a| n.hired <= a.months_ago(60)),
    ("user.hired_on < startOfYear() - years(2)", |n, a| n.hired < a.first_of_year() - Months::new(24)),
    ("user.hired_on >= startOfQuarter() - months(12)", |n, a| {
        n.hired >= a.first_of_quarter() - Months::new(12)
    }),
    ("user.since.withinLast(90, 'days')", |n, a| since(n, |day| day >= a.ago(90) && day <= a.today)),
    ("user.since >= startOfMonth() - months(6)", |n, a| {
        since(n, |day| day >= a.first_of_month() - Months::new(6))
    }),
    ("user.since >= startOfWeek() - weeks(26) && user.since <= endOfWeek()", |n, a| {
        since(n, |day| day >= a.monday() - Days::new(182) && day <= a.monday() + Days::new(6))
    }),
    ("user.since.olderThan(7, 'years')", |n, a| since(n, |day| day < a.months_ago(84))),
    ("!(user.since > today - years(3))", |n, a| since(n, |day| day <= a.months_ago(36))),
    ("user.since_at < today - years(4)", |n, a| since(n, |day| day < a.months_ago(48))),
    // Each is the first moment of its day, which is not after itself.
    ("user.since_at > today - years(4)", |n, a| since(n, |day| day > a.months_ago(48))),
    ("user.since_at.between(date(\"1989-01-01\"), date(\"1989-12-31\"))", |n, _| {
        since(n, |day| day.year() == 1989)
    }),
    ("!has(user.title) || user.title == 'Manager'", |n, _| n.title.is_none() || title(n, |t| t == "Manager")),
    ("account.key.endsWith('7') && (user.heads || user.moves > 1)", |_, _| unreachable!()),
];

fn define(tx: &mut matricula::Transaction) {
    let choice = |words: &[&str]| AttributeType::Choice(words.iter().map(|word| (*word).into()).collect());
    let groups = ["women", "heads", "movers"].map(Into::into).to_vec();
    let departments = [
        "Marketing",
        "Finance",
        "Human Resources",
        "Production",
        "Development",
        "Quality Management",
        "Sales",
        "Research",
        "Customer Service",
    ];
    for (key, kind) in [
        ("department", choice(&departments)),
        ("title", AttributeType::Text),
        ("first_name", AttributeType::Text),
        ("gender", choice(&["M", "F"])),
        ("heads", AttributeType::Boolean),
        ("moves", AttributeType::Integer),
        ("share", AttributeType::Decimal),
        ("boss", AttributeType::User),
        ("org", AttributeType::Path),
        ("groups", AttributeType::MultiChoice(groups)),
        ("born_on", AttributeType::Date),
        ("hired_on", AttributeType::Date),
        ("since", AttributeType::Date),
        ("since_at", AttributeType::Timestamp),
    ] {
        tx.define_attribute(key, kind).unwrap();
    }
    let last = AttributeDefinition {
        ignore_case: true,
        ..AttributeDefinition::new("last_name", AttributeType::Text)
    };
    tx.apply(last).unwrap();
}

fn person(key: &str, n: &Now) -> UserUpdate {
    let mut update = UserUpdate::new(key)
        .set("first_name", &*n.first)
        .set("last_name", &*n.last)
        .set("gender", &*n.gender)
        .set("heads", n.heads)
        .set("moves", n.moves)
        .set("share", ["0", "0.333333", "0.5", "0.6", "0.666667"][n.moves as usize])
        .set("born_on", n.born)
        .set("hired_on", n.hired)
        .status(if n.department.is_some() { Status::Active } else { Status::Suspended });
    let groups = [("women", n.gender == "F"), ("heads", n.heads), ("movers", n.moves > 1)];
    let groups: Vec<String> =
        groups.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).to_owned()).collect();
    update = update.set("groups", groups);
    let org = match (&n.department, &n.title) {
        (Some(department), Some(title)) => Some(format!("Acme/{department}/{title}")),
        (Some(department), None) => Some(format!("Acme/{department}")),
        _ => None,
    };
    let at = n.since.map(|day| format!("{day}T00:00:00Z"));
    let since = n.since.map(|day| day.to_string());
    let texts = [("department", &n.department), ("title", &n.title), ("boss", &n.boss), ("org", &org)];
    for (attribute, value) in texts.into_iter().chain([("since", &since), ("since_at", &at)]) {
        update = match value {
            Some(value) => update.set(attribute, value.as_str()),
            None => update.clear(attribute),
        };
    }
    update
}

fn noon(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

fn check(registry: &Registry, people: &BTreeMap<String, Now>, asked: &Asked<'_>) -> usize {
    let snapshot = registry.snapshot();
    let mut selected = 0;
    for (index, (rule, holds)) in RULES.iter().enumerate() {
        let holds = |key: &str, n: &Now| match rule.contains("account.key") {
            true => key.ends_with('7') && (n.heads || n.moves > 1),
            false => holds(n, asked),
        };
        let members = snapshot.members(&format!("s{index}")).unwrap();
        let engine: BTreeSet<&str> = members.iter().map(|row| snapshot.user_key(UserId(row))).collect();
        let rows: BTreeSet<&str> = people
            .iter()
            .filter(|(key, n)| n.department.is_some() && holds(key, n))
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(engine.len(), rows.len(), "{rule} on {}", asked.today);
        assert_eq!(engine, rows, "{rule} on {}", asked.today);
        selected += rows.len();
    }
    selected
}

#[test]
fn sixty_rules_select_whom_the_rows_say_at_every_date() {
    let folder = std::env::var("MATRICULA_EMPLOYEES").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/employees")),
        PathBuf::from,
    );
    if !folder.join("employees.csv").is_file() {
        println!(
            "left out: the employees sample is not on this machine (MATRICULA_EMPLOYEES names its folder)"
        );
        return;
    }
    assert!(RULES.len() >= 60);
    let rows = read(&folder);
    let registry = Registry::open(Memory::default()).unwrap();
    let host = registry.as_host("hr");
    let mut selected = Vec::new();
    for (round, day) in
        ["1990-01-01", "1995-03-31", "2000-02-29", "2003-01-01"].map(date).into_iter().enumerate()
    {
        let (people, chief) = now(&rows, day);
        let mut tx = host.begin(noon(day)).unwrap();
        if round == 0 {
            define(&mut tx);
        }
        let update = |(key, now): (&String, &Now)| person(key, now);
        tx.apply(Change::Users(people.iter().map(update).collect())).unwrap();
        for (index, (rule, _)) in RULES.iter().enumerate() {
            let rule = rule.replace("{chief}", &chief);
            tx.define_segment(&format!("s{index}"), &rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
        }
        tx.commit().unwrap();
        selected.push(check(&registry, &people, &Asked { today: day, chief: &chief }));
        // Nothing but time passes.
        for days in [1, 60, 400] {
            let today = day + Days::new(days);
            host.advance(noon(today)).unwrap();
            selected.push(check(&registry, &people, &Asked { today, chief: &chief }));
        }
    }
    assert!(selected.iter().all(|count| *count > 10_000), "{selected:?}");
    println!("{} employees, {} rules, memberships by date: {selected:?}", rows.len(), RULES.len());
}
