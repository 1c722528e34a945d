//! Writes the feeds of a company's successive days: `company FOLDER PEOPLE DAYS`, as `day-1.csv` and so on.
//! `examples/data` was written with `company examples/data 2400 2`.

use std::path::Path;

use chrono::NaiveDate;
use matricula_testkit::company::Company;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, people, days] = arguments.as_slice() else {
        panic!("expected FOLDER PEOPLE DAYS");
    };
    let mut company =
        Company::new(people.parse().unwrap(), NaiveDate::from_ymd_opt(2026, 11, 20).unwrap(), 2026);
    for day in 1..=days.parse().unwrap() {
        if day > 1 {
            company.next_day();
        }
        let path = Path::new(folder).join(format!("day-{day}.csv"));
        std::fs::write(&path, company.feed(true)).unwrap();
        println!("{}: {} people on {}", path.display(), company.people(), company.today());
    }
}
