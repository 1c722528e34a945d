//! A believable company of any size, as the feeds that its HR system would export on successive days. The same
//! seed gives the same company. `examples/data` was written by it: see the example `company` of this crate.

use std::fmt::Write as _;

use chrono::{Days, NaiveDate};

/// Small, fast and the same everywhere: SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.draw() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// One of these, as often as its weight says.
    fn weighted<T: Copy>(&mut self, from: &[(T, usize)]) -> T {
        let mut left = self.below(from.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in from {
            if left < *weight {
                return *item;
            }
            left -= weight;
        }
        from[0].0
    }
}

/// Countries, with how many people are there and the names they have.
type Names = (&'static [&'static str], &'static [&'static str]);

const ZA: Names = (
    &[
        "Thandi", "Sipho", "Lerato", "Johan", "Naledi", "Pieter", "Ayanda", "Zanele", "Kagiso", "Anika",
        "Bongani", "Liesl",
    ],
    &[
        "Nkosi",
        "van der Merwe",
        "Dlamini",
        "Botha",
        "Naidoo",
        "Mokoena",
        "Pretorius",
        "Khumalo",
        "Pillay",
        "Sithole",
        "Jacobs",
    ],
);
const DE: Names = (
    &["Anna", "Jürgen", "Lena", "Felix", "Käthe", "Jonas", "Mia", "Stefan", "Ute", "Lukas", "Heike", "Max"],
    &["Schmidt", "Müller", "Weber", "Schäfer", "Koch", "Bauer", "Wolf", "Krüger", "Neumann", "Groß", "Vogel"],
);
const NL: Names = (
    &["Sanne", "Daan", "Fleur", "Bram", "Lotte", "Sem", "Noor", "Thijs", "Eva", "Ruben"],
    &["de Vries", "Jansen", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "de Boer", "Dekker"],
);
const BR: Names = (
    &["João", "Beatriz", "Mateus", "Larissa", "Thiago", "Conceição", "Rafael", "Luíza", "Caio", "Inês"],
    &["Silva", "Souza", "Oliveira", "Araújo", "Lima", "Gonçalves", "Ribeiro", "Barbosa", "Conceição"],
);
const IN: Names = (
    &["Priya", "Arjun", "Ananya", "Rohan", "Kavya", "Vikram", "Meera", "Aditya", "Ishani", "Sanjay"],
    &["Sharma", "Patel", "Reddy", "Iyer", "Gupta", "Menon", "Das", "Kulkarni", "Bose", "Chandra"],
);
const US: Names = (
    &["Grace", "Marcus", "Emily", "Tyrone", "Olivia", "Diego", "Hannah", "Wei", "Sophia", "Owen"],
    &["Johnson", "Garcia", "Nguyen", "Williams", "Brown", "Martinez", "Lee", "O'Brien", "Clark", "Davis"],
);
const COUNTRIES: &[((&str, Names), usize)] = &[
    (("ZA", ZA), 30),
    (("DE", DE), 20),
    (("NL", NL), 10),
    (("BR", BR), 12),
    (("IN", IN), 16),
    (("US", US), 12),
];
const DEPARTMENTS: &[(&str, usize)] = &[
    ("Sales", 24),
    ("Operations", 22),
    ("Engineering", 20),
    ("Customer Service", 14),
    ("Finance", 7),
    ("Research", 6),
    ("People", 4),
    ("Legal", 3),
];
const LEVELS: &[(&str, usize)] = &[
    ("Assistant", 18),
    ("Specialist", 42),
    ("Senior Specialist", 22),
    ("Team Lead", 12),
    ("Manager", 5),
    ("Director", 1),
];
const EMPLOYMENTS: &[(&str, usize)] = &[("permanent", 84), ("fixed-term", 10), ("contractor", 6)];

/// A person on the payroll.
#[derive(Clone, Debug)]
struct Employee {
    number: usize,
    first: &'static str,
    last: &'static str,
    department: &'static str,
    level: &'static str,
    country: &'static str,
    employment: &'static str,
    hired_on: NaiveDate,
}

/// The company on a day.
#[derive(Clone, Debug)]
pub struct Company {
    random: Random,
    today: NaiveDate,
    hired: usize,
    staff: Vec<Employee>,
}

/// The header of every feed.
pub const HEADER: &str = "employee_id,first_name,last_name,email,department,job_title,country,employment,hired_on,site,cost_centre";

impl Company {
    /// A company of this many people on a day.
    pub fn new(people: usize, today: NaiveDate, seed: u64) -> Self {
        let mut company =
            Self { random: Random::new(seed), today, hired: 0, staff: Vec::with_capacity(people) };
        for _ in 0..people {
            // Most have been here for years; some only just began.
            let days = if company.random.below(25) == 0 { 90 } else { 365 * 12 };
            let days = u64::try_from(company.random.below(days)).unwrap();
            let hired_on = today.checked_sub_days(Days::new(days)).unwrap();
            company.hire(hired_on);
        }
        company
    }

    fn hire(&mut self, hired_on: NaiveDate) {
        let (country, names) = self.random.weighted(COUNTRIES);
        let employee = Employee {
            number: 10_001 + self.hired,
            first: self.random.pick(names.0),
            last: self.random.pick(names.1),
            department: self.random.weighted(DEPARTMENTS),
            level: self.random.weighted(LEVELS),
            country,
            employment: self.random.weighted(EMPLOYMENTS),
            hired_on,
        };
        self.hired += 1;
        self.staff.push(employee);
    }

    /// The day.
    pub fn today(&self) -> NaiveDate {
        self.today
    }

    /// How many people are on the payroll.
    pub fn people(&self) -> usize {
        self.staff.len()
    }

    /// The next working day: of every thousand people some four are transferred, two promoted, one moves to
    /// another country, three leave and five are hired.
    pub fn next_day(&mut self) {
        self.today = self.today.succ_opt().unwrap();
        let share = |of: usize, people: usize| (people * of).div_ceil(1000);
        let people = self.staff.len();
        for _ in 0..share(4, people) {
            let (who, to) = (self.random.below(people), self.random.weighted(DEPARTMENTS));
            self.staff[who].department = to;
        }
        for _ in 0..share(2, people) {
            let (who, to) = (self.random.below(people), self.random.weighted(LEVELS));
            self.staff[who].level = to;
        }
        for _ in 0..share(1, people) {
            let (who, (to, _)) = (self.random.below(people), self.random.weighted(COUNTRIES));
            self.staff[who].country = to;
        }
        for _ in 0..share(3, people) {
            let who = self.random.below(self.staff.len());
            self.staff.remove(who);
        }
        for _ in 0..share(5, people) {
            self.hire(self.today);
        }
    }

    /// The day's feed. `messy` gives it the mistakes that feeds have: about one row in two hundred.
    pub fn feed(&self, messy: bool) -> String {
        let mut feed = String::with_capacity(self.staff.len() * 128);
        feed.push_str(HEADER);
        feed.push('\n');
        let mut mistakes = Random::new(u64::try_from(self.staff.len()).unwrap());
        for employee in &self.staff {
            let mistake = if messy && mistakes.below(200) == 0 { 1 + mistakes.below(7) } else { 0 };
            employee.write(&mut feed, mistake);
        }
        feed
    }
}

/// A name as an address has it.
fn plain(name: &str) -> String {
    let letter = |letter: char| match letter {
        'ü' => "ue".to_owned(),
        'ä' => "ae".to_owned(),
        'ö' => "oe".to_owned(),
        'ß' => "ss".to_owned(),
        'ã' | 'á' => "a".to_owned(),
        'ç' => "c".to_owned(),
        'í' => "i".to_owned(),
        'ê' => "e".to_owned(),
        'ú' => "u".to_owned(),
        ' ' | '\'' => String::new(),
        other => other.to_lowercase().collect(),
    };
    name.chars().map(letter).collect()
}

impl Employee {
    fn write(&self, feed: &mut String, mistake: usize) {
        let Self { number, first, last, department, level, mut employment, .. } = *self;
        let email = format!("{}.{}{}@acme.example", plain(first), plain(last), number % 1000);
        let site = if department == "Research" { "labs" } else { "primary" };
        let cost_centre = 4000 + number % 37;
        let title = if level == "Director" { format!("Director, {department}") } else { level.to_owned() };
        let title = if title.contains(',') { format!("\"{title}\"") } else { title };
        let (id, mut country) = (format!("E{number}"), self.country.to_owned());
        let (mut department, mut hired_on) = (department.to_owned(), self.hired_on.to_string());
        match mistake {
            1 => country = "Deutschland".to_owned(),
            2 => hired_on = self.hired_on.format("%d/%m/%Y").to_string(),
            3 => employment = "temp",
            4 => department = format!("  {department} "),
            5 => department.clear(),
            6 => country.clear(),
            _ => {}
        }
        let row = format!(
            "{id},{first},{last},{email},{department},{title},{country},{employment},{hired_on},{site},{cost_centre}"
        );
        writeln!(feed, "{row}").unwrap();
        if mistake == 7 {
            // The same person twice.
            writeln!(feed, "{row}").unwrap();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_company() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();
        let make = || {
            let mut company = Company::new(300, day, 7);
            company.next_day();
            company.feed(true)
        };
        assert_eq!(make(), make());
        assert!(make().lines().count() > 300);
    }
}
