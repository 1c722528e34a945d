//! The tables that the vectors of access are made from. What is expected is said here, by rules of a line or by hand; the
//! engine is not asked. Each case of a table is one line of it.

use serde_json::{Value, json};

use self::Effect::{Allow, Deny, Nothing, Withhold};

/// When everything is given, and when most questions are asked.
const GIVEN: &str = "2026-11-20T08:00:00Z";
const NOW: &str = "2026-11-20T12:00:00Z";

#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Nothing,
    Allow,
    Withhold,
    Deny,
}

impl Effect {
    const SAID: [Self; 3] = [Allow, Withhold, Deny];
    const ALL: [Self; 4] = [Nothing, Allow, Withhold, Deny];

    fn word(self) -> &'static str {
        match self {
            Nothing => "nothing",
            Allow => "allow",
            Withhold => "withhold",
            Deny => "deny",
        }
    }

    /// As effects of a definition of one capability.
    fn of(self, capability: &str) -> Value {
        if self == Nothing { json!({}) } else { json!({capability: self.word()}) }
    }
}

/// What comes of what one role says, from within to without: a deny anywhere, or else the nearest.
fn of_one_role(said: &[Effect]) -> &'static str {
    if said.contains(&Deny) {
        return "denied";
    }
    match said.iter().find(|effect| **effect != Nothing) {
        Some(Allow) => "allowed",
        _ => "not_given",
    }
}

/// What comes of what several roles say.
fn of_roles(said: &[Effect]) -> &'static str {
    if said.contains(&Deny) {
        "denied"
    } else if said.contains(&Allow) {
        "allowed"
    } else {
        "not_given"
    }
}

/// From without to within; each lies in the one before.
fn depths() -> [(&'static str, Value); 5] {
    [
        ("the registry", json!("registry")),
        ("its site", json!({"site": "primary"})),
        ("its outer category", json!({"category": "outer"})),
        ("its category", json!({"category": "inner"})),
        ("the course", json!({"course": "gdpr"})),
    ]
}

fn step(changes: &[Value]) -> Value {
    json!({"at": GIVEN, "do": changes})
}

struct File {
    name: &'static str,
    description: &'static str,
    given: Vec<Value>,
    cases: Vec<Value>,
}

impl File {
    fn new(name: &'static str, description: &'static str, given: &[Value]) -> Self {
        Self { name, description, given: given.to_vec(), cases: Vec::new() }
    }

    fn ask(&mut self, case: impl Into<String>, given: &[Value], can: &Value, expect: &str) {
        let case: String = case.into();
        let mut ask = can.clone();
        if ask["at"].is_null() {
            ask["at"] = NOW.into();
        }
        let mut made = json!({"case": case, "ask": {"can": ask}, "expect": expect});
        if !given.is_empty() {
            made["given"] = json!([step(given)]);
        }
        self.cases.push(made);
    }

    /// One case or change a line, so that a difference can be read.
    fn text(&self) -> String {
        let lines = |items: &[Value], indent: &str| {
            items.iter().map(|item| format!("{indent}{item}")).collect::<Vec<_>>().join(",\n")
        };
        format!(
            "{{\n  \"description\": {},\n  \"given\": [{{\"at\": \"{GIVEN}\", \"do\": [\n{}\n  ]}}],\n  \"cases\": [\n{}\n  ]\n}}\n",
            Value::from(self.description),
            lines(&self.given, "    "),
            lines(&self.cases, "    ")
        )
    }
}

/// All files, by name.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    let files = [
        effects(),
        roles(),
        depth(),
        audiences(),
        windows(),
        standing(),
        locks(),
        patterns(),
        fields(),
        enrolments(),
    ];
    files.iter().map(|file| (file.name, file.text())).collect()
}

fn people(keys: &[&str]) -> Vec<Value> {
    keys.iter().map(|key| json!({"update_user": {"key": key}})).collect()
}

/// The primary site with a course in a category in a category, a course beside it, and a site beside that.
fn places() -> Vec<Value> {
    vec![
        json!({"define_site": {"key": "labs"}}),
        json!({"define_category": {"key": "outer"}}),
        json!({"define_category": {"key": "inner", "parent": "outer"}}),
        json!({"define_category": {"key": "other"}}),
        json!({"define_category": {"key": "benches", "site": "labs"}}),
        json!({"define_course": {"key": "gdpr", "category": "inner"}}),
        json!({"define_course": {"key": "beside", "category": "inner"}}),
        json!({"define_course": {"key": "alone"}}),
        json!({"define_course": {"key": "lab-safety", "category": "benches"}}),
    ]
}

fn role(key: &str, effects: &Value) -> Value {
    json!({"define_role": {"key": key, "effects": effects}})
}

fn overridden(key: &str, scope: &Value, effects: &Value) -> Value {
    json!({"override": {"role": key, "scope": scope, "effects": effects}})
}

fn grant(key: &str, user: &str, scope: &Value) -> Value {
    json!({"grant": {"role": key, "user": user, "scope": scope}})
}

fn can(actor: &str, capability: &str, scope: &Value, over: Option<&str>) -> Value {
    json!({"actor": actor, "capability": capability, "scope": scope, "over": over})
}

/// What one role says: its definition, and overrides at every depth.
fn effects() -> File {
    let mut given = places();
    given.extend(people(&["ann", "bob"]));
    let mut file = File::new(
        "effects.json",
        "What one role says of a capability in a course: its own definition, and what overrides it at every depth. A deny anywhere on the way decides; otherwise the nearest counts.",
        &given,
    );
    let registry = json!("registry");
    let course = json!({"course": "gdpr"});
    let edit = "grade.edit";
    let ask = can("ann", edit, &course, Some("bob"));
    let held = grant("r", "ann", &registry);
    for own in Effect::ALL {
        let case = format!("defined: {}", own.word());
        file.ask(case, &[role("r", &own.of(edit)), held.clone()], &ask, of_one_role(&[own]));
    }
    for (place, scope) in depths() {
        for own in Effect::ALL {
            for over in Effect::SAID {
                let case = format!("defined: {}; in {place}: {}", own.word(), over.word());
                let given = [role("r", &own.of(edit)), overridden("r", &scope, &over.of(edit)), held.clone()];
                file.ask(case, &given, &ask, of_one_role(&[over, own]));
            }
        }
    }
    let depths = depths();
    for (number, (outer, outer_scope)) in depths.iter().enumerate() {
        for (inner, inner_scope) in &depths[number + 1..] {
            for without in Effect::SAID {
                for within in Effect::SAID {
                    let case = format!("in {outer}: {}; in {inner}: {}", without.word(), within.word());
                    let given = [
                        role("r", &json!({})),
                        overridden("r", outer_scope, &without.of(edit)),
                        overridden("r", inner_scope, &within.of(edit)),
                        held.clone(),
                    ];
                    file.ask(case, &given, &ask, of_one_role(&[within, without]));
                }
            }
        }
    }
    for (place, scope) in [
        ("the course beside", json!({"course": "beside"})),
        ("another category", json!({"category": "other"})),
        ("another site", json!({"site": "labs"})),
    ] {
        for over in Effect::SAID {
            let case = format!("what is said in {place} is not said here: {}", over.word());
            let given = [role("r", &Allow.of(edit)), overridden("r", &scope, &over.of(edit)), held.clone()];
            file.ask(case, &given, &ask, "allowed");
        }
    }
    for over in Effect::SAID {
        let case = format!("what is said within is not said without: {}", over.word());
        let given = [role("r", &Allow.of(edit)), overridden("r", &course, &over.of(edit)), held.clone()];
        file.ask(case, &given, &can("ann", edit, &json!({"category": "inner"}), Some("bob")), "allowed");
    }
    for (over, expect) in [(Allow, "allowed"), (Withhold, "not_given"), (Deny, "denied")] {
        let case = format!("an override above where the role is held counts: {}", over.word());
        let given =
            [role("r", &json!({})), overridden("r", &registry, &over.of(edit)), grant("r", "ann", &course)];
        file.ask(case, &given, &ask, expect);
    }
    let twice = [
        role("r", &Allow.of(edit)),
        overridden("r", &course, &Deny.of(edit)),
        overridden("r", &course, &json!({})),
        held,
    ];
    file.ask("an override said again replaces the first", &twice, &ask, "allowed");
    file
}

/// Several roles at once.
fn roles() -> File {
    let mut given = places();
    given.extend(people(&["ann", "bob"]));
    let mut file = File::new(
        "roles.json",
        "Several roles at once: one that allows is enough, one that denies decides.",
        &given,
    );
    let (registry, course) = (json!("registry"), json!({"course": "gdpr"}));
    let ask = can("ann", "course.edit", &course, None);
    for one in Effect::ALL {
        for other in Effect::ALL {
            let given = [
                role("one", &one.of("course.edit")),
                role("other", &other.of("course.edit")),
                grant("one", "ann", &registry),
                grant("other", "ann", &course),
            ];
            let case = format!("one: {}; other: {}", one.word(), other.word());
            file.ask(case, &given, &ask, of_roles(&[one, other]));
        }
    }
    for third in Effect::ALL {
        let given = [
            role("one", &Allow.of("course.edit")),
            role("other", &Withhold.of("course.edit")),
            role("third", &third.of("course.edit")),
            grant("one", "ann", &course),
            grant("other", "ann", &registry),
            grant("third", "ann", &json!({"category": "outer"})),
        ];
        file.ask(format!("a third: {}", third.word()), &given, &ask, of_roles(&[Allow, Withhold, third]));
    }
    for other in Effect::ALL {
        let given = [
            grant("administrator", "ann", &registry),
            role("other", &other.of("course.edit")),
            grant("other", "ann", &course),
        ];
        let expect = if other == Deny { "denied" } else { "allowed" };
        file.ask(format!("an administrator who holds one that says {}", other.word()), &given, &ask, expect);
    }
    let aside = json!({"course": "alone"});
    let given = [
        role("one", &Allow.of("course.edit")),
        role("other", &Deny.of("course.edit")),
        grant("one", "ann", &registry),
        grant("other", "ann", &aside),
    ];
    file.ask(
        "a deny counts where the role is held",
        &given,
        &can("ann", "course.edit", &aside, None),
        "denied",
    );
    file.ask("and not elsewhere", &given, &ask, "allowed");
    file.ask("nor without", &given, &can("ann", "course.edit", &json!({"site": "primary"}), None), "allowed");
    let given = [grant("instructor", "ann", &course), json!({"revoke": {"grant": 0}})];
    file.ask("a role taken away", &given, &can("ann", "content.edit", &course, None), "not_given");
    let again = [given[0].clone(), given[1].clone(), given[0].clone()];
    file.ask("and given again", &again, &can("ann", "content.edit", &course, None), "allowed");
    let like = [
        json!({"define_role": {"key": "careful", "like": ["instructor"], "effects": {"grade.edit": "deny"}}}),
        grant("careful", "ann", &course),
    ];
    file.ask("like another", &like, &can("ann", "content.edit", &course, None), "allowed");
    file.ask("but for what it says itself", &like, &can("ann", "grade.edit", &course, Some("bob")), "denied");
    let labs = json!({"site": "labs"});
    for (case, capability, scope, over, expect) in [
        ("a member of a site has its role there", "site.view", json!({"site": "primary"}), None, "allowed"),
        ("and within", "site.view", json!({"course": "gdpr"}), None, "wrong_scope"),
        ("not in another site", "site.view", labs, None, "not_given"),
        ("nor in the registry", "site.view", registry.clone(), None, "not_given"),
        ("people see their own grades", "grade.view", course.clone(), Some("ann"), "allowed"),
        ("in the registry too", "grade.view", registry.clone(), Some("ann"), "allowed"),
        ("not those of others", "grade.view", course.clone(), Some("bob"), "not_given"),
        ("over anybody: oneself is somebody", "grade.view", course.clone(), Some("ANY"), "allowed"),
        ("over everybody: oneself is not everybody", "grade.view", course.clone(), Some("ALL"), "not_given"),
        ("they do not edit them", "grade.edit", course.clone(), Some("ann"), "not_given"),
    ] {
        file.ask(case, &[], &can("ann", capability, &scope, over), expect);
    }
    let withheld = [overridden("self", &json!({"category": "inner"}), &Withhold.of("grade.view"))];
    file.ask(
        "what people have anyway can be withheld",
        &withheld,
        &can("ann", "grade.view", &course, Some("ann")),
        "not_given",
    );
    file.ask("where that is said", &withheld, &can("ann", "grade.view", &aside, Some("ann")), "allowed");
    let more = [overridden("authenticated", &aside, &Allow.of("course.view"))];
    file.ask("and given more of", &more, &can("bob", "course.view", &aside, None), "allowed");
    file
}

/// Where a role is held, and where it is asked about.
fn depth() -> File {
    let mut given = places();
    given.extend(people(&["ann", "bob"]));
    given.push(role("r", &json!({"grade.edit": "allow", "course.create": "allow", "site.edit": "allow", "site.create": "allow"})));
    let mut file = File::new(
        "depth.json",
        "A role counts where it is held and in everything within. A capability that is asked further within than it makes sense is refused.",
        &given,
    );
    for (held, (held_in, held_scope)) in depths().iter().enumerate() {
        for (asked, (asked_in, asked_scope)) in depths().iter().enumerate() {
            let expect = if held <= asked { "allowed" } else { "not_given" };
            let case = format!("held in {held_in}, asked in {asked_in}");
            let given = [grant("r", "ann", held_scope)];
            file.ask(case, &given, &can("ann", "grade.edit", asked_scope, Some("bob")), expect);
        }
    }
    // The innermost place of each capability, as a number of depths.
    for (capability, innermost) in [("site.create", 0), ("site.edit", 1), ("course.create", 3)] {
        for (asked, (asked_in, asked_scope)) in depths().iter().enumerate() {
            let expect = if asked <= innermost { "allowed" } else { "wrong_scope" };
            let given = [grant("r", "ann", &json!("registry"))];
            file.ask(
                format!("{capability} in {asked_in}"),
                &given,
                &can("ann", capability, asked_scope, None),
                expect,
            );
        }
    }
    for (place, scope) in [
        ("the course beside", json!({"course": "beside"})),
        ("another category", json!({"category": "other"})),
        ("a course without a category", json!({"course": "alone"})),
    ] {
        let given = [grant("r", "ann", &json!({"course": "gdpr"}))];
        file.ask(
            format!("held in a course, asked in {place}"),
            &given,
            &can("ann", "grade.edit", &scope, Some("bob")),
            "not_given",
        );
    }
    let alone = [grant("r", "ann", &json!({"site": "primary"}))];
    file.ask(
        "a course without a category lies in its site",
        &alone,
        &can("ann", "grade.edit", &json!({"course": "alone"}), Some("bob")),
        "allowed",
    );
    file
}

/// Over whom.
fn audiences() -> File {
    let mut given = places();
    given.extend([
        json!({"define_attribute": {"key": "boss", "type": "user"}}),
        json!({"define_attribute": {"key": "team", "type": "text"}}),
        json!({"define_segment": {"key": "red", "rule": "user.team == 'red'"}}),
        json!({"define_segment": {"key": "not-red", "rule": "!inSegment('red')"}}),
        json!({"define_segment": {"key": "by-hand"}}),
        json!({"define_segment": {"key": "lab-red", "rule": "inSegment('red')", "site": "labs"}}),
    ]);
    given.extend(people(&["ann", "bob", "cat", "dan", "eve", "fay", "gus"]));
    // Ann leads Bob and Cat, Bob leads Dan; Eve and Fay lead each other; Gus leads nobody and has no team.
    for (key, boss, team) in [
        ("ann", None, Some("red")),
        ("bob", Some("ann"), Some("red")),
        ("cat", Some("ann"), Some("blue")),
        ("dan", Some("bob"), Some("blue")),
        ("eve", Some("fay"), Some("red")),
        ("fay", Some("eve"), Some("blue")),
        ("gus", None, None),
    ] {
        given.push(json!({"update_user": {"key": key, "values": {"boss": boss, "team": team}}}));
    }
    given.push(json!({"pin": {"segment": "by-hand", "user": "gus"}}));
    given.push(role("no-grades", &json!({"grade.view": "deny", "course.view": "deny"})));
    let mut file = File::new(
        "audiences.json",
        "Over whom a role counts: everybody, a segment, those who report to the holder, the whole line below, those who share a value. ANY and ALL. An audience reaches suspended people by their data.",
        &given,
    );
    const PEOPLE: [&str; 7] = ["ann", "bob", "cat", "dan", "eve", "fay", "gus"];
    let site = json!({"site": "primary"});
    let over = |holder: &str, audience: &Value| json!({"grant": {"role": "manager", "user": holder, "scope": site, "over": audience}});
    let view = |holder: &str, whom: &str| can(holder, "report.view", &site, Some(whom));
    let red = json!({"segment": "red"});
    for (holder, audience, reached) in [
        ("ann", red.clone(), &["ann", "bob", "eve"][..]),
        ("ann", json!({"segment": "not-red"}), &["cat", "dan", "fay", "gus"]),
        ("ann", json!({"segment": "by-hand"}), &["gus"]),
        ("ann", json!({"reports": "boss"}), &["bob", "cat"]),
        ("ann", json!({"line": "boss"}), &["bob", "cat", "dan"]),
        ("ann", json!({"same": "team"}), &["ann", "bob", "eve"]),
        ("ann", json!({"same": "boss"}), &[]),
        ("bob", json!({"same": "boss"}), &["bob", "cat"]),
        ("eve", json!({"line": "boss"}), &["fay"]),
        ("eve", json!({"reports": "boss"}), &["fay"]),
        ("gus", json!({"line": "boss"}), &[]),
        ("gus", json!({"same": "team"}), &[]),
    ] {
        let given = [over(holder, &audience)];
        for whom in PEOPLE {
            let expect = if reached.contains(&whom) { "allowed" } else { "not_given" };
            file.ask(format!("{holder} over {audience}: {whom}"), &given, &view(holder, whom), expect);
        }
        let any = if reached.is_empty() { "not_given" } else { "allowed" };
        file.ask(format!("{holder} over {audience}: ANY"), &given, &view(holder, "ANY"), any);
        file.ask(format!("{holder} over {audience}: ALL"), &given, &view(holder, "ALL"), "not_given");
    }
    let two = [over("ann", &json!({"line": "boss"})), over("ann", &json!({"same": "team"}))];
    for (whom, expect) in [("dan", "allowed"), ("eve", "allowed"), ("fay", "not_given"), ("ALL", "not_given")]
    {
        file.ask(format!("over two audiences: {whom}"), &two, &view("ann", whom), expect);
    }
    let unlimited = [grant("reporter", "ann", &site)];
    for whom in ["gus", "ANY", "ALL"] {
        file.ask(format!("over everybody: {whom}"), &unlimited, &view("ann", whom), "allowed");
    }
    // A deny with an audience counts over those in it.
    let denied_over = |audience: &Value| {
        [
            grant("reporter", "ann", &site),
            json!({"grant": {"role": "no-grades", "user": "ann", "scope": site, "over": audience}}),
        ]
    };
    let grades = |over: Option<&str>| can("ann", "grade.view", &site, over);
    for (audience, whom, expect) in [
        (&red, "bob", "denied"),
        (&red, "cat", "allowed"),
        (&red, "ANY", "allowed"),
        (&red, "ALL", "denied"),
        (&json!({"reports": "boss"}), "bob", "denied"),
        (&json!({"reports": "boss"}), "dan", "allowed"),
        (&json!({"line": "boss"}), "dan", "denied"),
        (&json!({"line": "boss"}), "ann", "allowed"),
    ] {
        file.ask(
            format!("denied over {audience}: {whom}"),
            &denied_over(audience),
            &grades(Some(whom)),
            expect,
        );
    }
    let denied = [grant("reporter", "ann", &site), grant("no-grades", "ann", &site)];
    for whom in ["bob", "ann", "ANY", "ALL"] {
        file.ask(format!("denied over everybody: {whom}"), &denied, &grades(Some(whom)), "denied");
    }
    // What is over nobody: allows ignore their audience, denies with one do not apply.
    let course = json!({"course": "gdpr"});
    let takes = json!({"grant": {"role": "learner", "user": "ann", "scope": course, "over": red}});
    let may_not =
        |over: Value| json!({"grant": {"role": "no-grades", "user": "ann", "scope": course, "over": over}});
    let see = can("ann", "course.view", &course, None);
    file.ask("over nobody: an allow ignores its audience", std::slice::from_ref(&takes), &see, "allowed");
    file.ask(
        "over nobody: a deny with an audience does not apply",
        &[takes.clone(), may_not(red.clone())],
        &see,
        "allowed",
    );
    file.ask("over nobody: a deny without one does", &[takes, may_not(Value::Null)], &see, "denied");
    // By their data.
    let manager = over("ann", &red);
    let suspended = |key: &str| json!({"update_user": {"key": key, "status": "suspended"}});
    let suspended_here = |key: &str| json!({"update_user": {"key": key, "sites": {"primary": "suspended"}}});
    for (case, change, whom, expect) in [
        ("suspended", suspended("bob"), "bob", "allowed"),
        ("suspended here", suspended_here("bob"), "bob", "allowed"),
        ("suspended, and not in it by the data", suspended("cat"), "cat", "not_given"),
        (
            "no longer a member",
            json!({"update_user": {"key": "bob", "sites": {"primary": null}}}),
            "bob",
            "subject_elsewhere",
        ),
        ("erased", json!({"erase": {"user": "bob"}}), "bob", "unknown_subject"),
    ] {
        file.ask(case, &[manager.clone(), change], &view("ann", whom), expect);
    }
    let not_red = over("ann", &json!({"segment": "not-red"}));
    file.ask(
        "suspended, in a segment of those who are not in another",
        &[not_red.clone(), suspended("cat")],
        &view("ann", "cat"),
        "allowed",
    );
    file.ask("suspended, in the other one", &[not_red, suspended("bob")], &view("ann", "bob"), "not_given");
    let hand = over("ann", &json!({"segment": "by-hand"}));
    file.ask("suspended and pinned", &[hand, suspended("gus")], &view("ann", "gus"), "allowed");
    let ban = json!({"ban": {"segment": "red", "user": "bob"}});
    file.ask("banned", &[manager.clone(), ban.clone()], &view("ann", "bob"), "not_given");
    file.ask(
        "banned and suspended",
        &[manager.clone(), ban, suspended("bob")],
        &view("ann", "bob"),
        "not_given",
    );
    file.ask(
        "suspended, in a line",
        &[over("ann", &json!({"line": "boss"})), suspended("bob"), suspended("dan")],
        &view("ann", "dan"),
        "allowed",
    );
    for (case, change, expect) in [
        ("a manager suspended has nobody", suspended("ann"), "inactive_actor"),
        // Nobody has the key any longer.
        ("an erased one neither", json!({"erase": {"user": "ann"}}), "unknown_actor"),
    ] {
        file.ask(case, &[manager.clone(), change], &view("ann", "eve"), expect);
    }
    // A segment that holds a role.
    let held =
        |segment: &str| [json!({"grant": {"role": "instructor", "segment": segment, "scope": course}})];
    let edit = |who: &str| can(who, "content.edit", &course, None);
    for (segment, who, expect) in [
        ("red", "bob", "allowed"),
        ("red", "cat", "not_given"),
        ("not-red", "cat", "allowed"),
        ("by-hand", "gus", "allowed"),
        ("by-hand", "ann", "not_given"),
    ] {
        file.ask(format!("held by segment {segment}: {who}"), &held(segment), &edit(who), expect);
    }
    let left = [held("red")[0].clone(), json!({"update_user": {"key": "bob", "values": {"team": "blue"}}})];
    file.ask("who leaves the segment leaves the role", &left, &edit("bob"), "not_given");
    file
}

/// When a grant counts: from an instant on, until before another.
fn windows() -> File {
    const FROM: &str = "2027-01-01T00:00:00Z";
    const UNTIL: &str = "2027-02-01T00:00:00Z";
    let mut given = places();
    given.extend(people(&["ann", "bob"]));
    given.push(role("no-grades", &json!({"grade.edit": "deny"})));
    let mut file = File::new(
        "windows.json",
        "A grant counts from its first instant on, until before its last; its denies too.",
        &given,
    );
    let course = json!({"course": "gdpr"});
    // An instant, and whether it is from the first on and before the last.
    let instants = [
        ("2026-12-31T23:59:59.999Z", false, true),
        (FROM, true, true),
        ("2027-01-31T23:59:59.999Z", true, true),
        (UNTIL, true, false),
        ("2027-02-01T00:00:00.001Z", true, false),
    ];
    for (from, until) in [(None, None), (Some(FROM), None), (None, Some(UNTIL)), (Some(FROM), Some(UNTIL))] {
        for (at, has_begun, goes_on) in instants {
            let counts = (from.is_none() || has_begun) && (until.is_none() || goes_on);
            let window = |role: &str| json!({"grant": {"role": role, "user": "ann", "scope": course, "from": from, "until": until}});
            let mut ask = can("ann", "grade.edit", &course, Some("bob"));
            ask["at"] = at.into();
            let words = format!("from {} until {}, at {at}", from.unwrap_or("ever"), until.unwrap_or("ever"));
            let expect = if counts { "allowed" } else { "not_given" };
            file.ask(format!("given {words}"), &[window("instructor")], &ask, expect);
            let given = [grant("instructor", "ann", &course), window("no-grades")];
            let expect = if counts { "denied" } else { "allowed" };
            file.ask(format!("denied {words}"), &given, &ask, expect);
        }
    }
    file
}

/// Who asks, about what, where, over whom: everything that is a no whatever roles say, in the order in which it is told.
fn standing() -> File {
    let mut given = places();
    given.extend(people(&["ann", "bob", "cat", "root"]));
    given.extend([
        json!({"update_user": {"key": "ann", "sites": {"labs": "active"}}}),
        json!({"update_user": {"key": "bob", "sites": {"labs": "active"}}}),
        grant("administrator", "ann", &json!("registry")),
        // So that ann is not the last one.
        grant("administrator", "root", &json!("registry")),
        grant("administrator", "bob", &json!({"site": "primary"})),
    ]);
    let mut file = File::new(
        "standing.json",
        "What is a no whatever roles say: who is not there or not active, what is not there, closed sites, questions that lack somebody or name somebody too many. The first that applies is told.",
        &given,
    );
    let (site, course) = (json!({"site": "primary"}), json!({"course": "gdpr"}));
    let edit = |who: &str, over: Option<&str>| can(who, "grade.edit", &course, over);
    let status = |key: &str, status: &str| json!({"update_user": {"key": key, "status": status}});
    let member =
        |key: &str, site: &str, status: Value| json!({"update_user": {"key": key, "sites": {site: status}}});
    file.ask("an administrator", &[], &edit("ann", Some("cat")), "allowed");
    file.ask("nobody", &[], &edit("zoe", Some("cat")), "unknown_actor");
    file.ask("suspended", &[status("ann", "suspended")], &edit("ann", Some("cat")), "inactive_actor");
    file.ask(
        "restored",
        &[status("ann", "suspended"), status("ann", "active")],
        &edit("ann", Some("cat")),
        "allowed",
    );
    file.ask("what an administrator of a site has there", &[], &edit("bob", Some("cat")), "allowed");
    let suspended = member("bob", "primary", json!("suspended"));
    file.ask(
        "counts for active members: suspended there",
        std::slice::from_ref(&suspended),
        &edit("bob", Some("cat")),
        "not_given",
    );
    file.ask(
        "restored there",
        &[suspended.clone(), member("bob", "primary", json!("active"))],
        &edit("bob", Some("cat")),
        "allowed",
    );
    file.ask(
        "no longer a member",
        &[member("bob", "primary", Value::Null)],
        &edit("bob", Some("cat")),
        "not_given",
    );
    file.ask(
        "what is held in the registry counts for whoever is active",
        &[member("ann", "primary", json!("suspended"))],
        &edit("ann", Some("cat")),
        "allowed",
    );
    file.ask(
        "a site's role of another site",
        &[],
        &can("bob", "site.edit", &json!({"site": "labs"}), None),
        "not_given",
    );
    file.ask("or of the registry", &[], &can("bob", "site.edit", &json!("registry"), None), "not_given");
    file.ask(
        "suspended, one has not even what is one's own",
        &[status("cat", "suspended")],
        &can("cat", "grade.view", &course, Some("cat")),
        "inactive_actor",
    );
    file.ask(
        "suspended there, one has what is one's own",
        &[member("cat", "primary", json!("suspended"))],
        &can("cat", "grade.view", &course, Some("cat")),
        "allowed",
    );
    file.ask(
        "but not what members have",
        &[member("cat", "primary", json!("suspended"))],
        &can("cat", "site.view", &site, None),
        "not_given",
    );
    for (case, capability, scope, over, expect) in [
        ("no such capability", "grade.polish", course.clone(), Some("cat"), "unknown_capability"),
        ("no such field", "field.read.shoe", course.clone(), Some("cat"), "unknown_capability"),
        ("a pattern is no capability", "grade.*", course.clone(), Some("cat"), "unknown_capability"),
        ("no capability of no name", "", course.clone(), Some("cat"), "unknown_capability"),
        ("no such site", "grade.edit", json!({"site": "no"}), Some("cat"), "unknown_scope"),
        ("no such category", "grade.edit", json!({"category": "no"}), Some("cat"), "unknown_scope"),
        ("no such course", "grade.edit", json!({"course": "no"}), Some("cat"), "unknown_scope"),
        ("too far within", "site.edit", course.clone(), None, "wrong_scope"),
        ("over nobody", "grade.edit", course.clone(), None, "no_subject"),
        ("over somebody", "course.edit", course.clone(), Some("cat"), "needs_no_subject"),
        ("over anybody", "course.edit", course.clone(), Some("ANY"), "needs_no_subject"),
        ("over everybody", "course.edit", course.clone(), Some("ALL"), "needs_no_subject"),
        ("over nobody who is there", "grade.edit", course.clone(), Some("zoe"), "unknown_subject"),
        (
            "over somebody of another site",
            "grade.edit",
            json!({"course": "lab-safety"}),
            Some("cat"),
            "subject_elsewhere",
        ),
        (
            "over somebody of any site, in the registry",
            "grade.edit",
            json!("registry"),
            Some("cat"),
            "allowed",
        ),
    ] {
        file.ask(case, &[], &can("ann", capability, &scope, over), expect);
    }
    file.ask("over somebody suspended", &[status("cat", "suspended")], &edit("ann", Some("cat")), "allowed");
    file.ask(
        "over somebody suspended there",
        &[member("cat", "primary", json!("suspended"))],
        &edit("ann", Some("cat")),
        "allowed",
    );
    file.ask(
        "over somebody who left",
        &[member("cat", "primary", Value::Null)],
        &edit("ann", Some("cat")),
        "subject_elsewhere",
    );
    file.ask(
        "over somebody erased",
        &[json!({"erase": {"user": "cat"}})],
        &edit("ann", Some("cat")),
        "unknown_subject",
    );
    // A closed site stops everybody.
    let closed = [json!({"close_site": {"key": "labs"}})];
    let labs = [
        ("the site", json!({"site": "labs"})),
        ("its category", json!({"category": "benches"})),
        ("its course", json!({"course": "lab-safety"})),
    ];
    for (place, scope) in &labs {
        for who in ["ann", "bob"] {
            file.ask(
                format!("closed: {who} in {place}"),
                &closed,
                &can(who, "grade.view", scope, Some(who)),
                "closed_site",
            );
        }
        let reopened = [closed[0].clone(), json!({"reopen_site": {"key": "labs"}})];
        file.ask(
            format!("reopened: bob in {place}"),
            &reopened,
            &can("bob", "grade.view", scope, Some("bob")),
            "allowed",
        );
    }
    file.ask("closed: elsewhere", &closed, &edit("bob", Some("cat")), "allowed");
    file.ask(
        "closed: it is reopened in the registry",
        &closed,
        &can("ann", "site.close", &json!("registry"), None),
        "allowed",
    );
    // The order in which it is told.
    let labs = json!({"site": "labs"});
    for (case, given, ask, expect) in [
        (
            "who asks comes before what",
            vec![],
            can("zoe", "no.such", &json!({"site": "no"}), None),
            "unknown_actor",
        ),
        (
            "what comes before where",
            vec![],
            can("ann", "no.such", &json!({"site": "no"}), None),
            "unknown_capability",
        ),
        (
            "how far within comes before closed",
            closed.to_vec(),
            can("ann", "site.close", &labs, None),
            "wrong_scope",
        ),
        (
            "closed comes before locked",
            vec![closed[0].clone(), json!({"lock": {"scope": labs}})],
            can("ann", "grade.edit", &labs, None),
            "closed_site",
        ),
        (
            "locked comes before over whom",
            vec![json!({"lock": {"scope": labs}})],
            can("ann", "grade.edit", &labs, None),
            "locked",
        ),
        ("over whom comes before roles", vec![], can("cat", "grade.edit", &course, None), "no_subject"),
    ] {
        file.ask(case, &given, &ask, expect);
    }
    file
}

/// Locked scopes.
fn locks() -> File {
    let mut given = places();
    given.extend(people(&["ann", "bob"]));
    given.push(grant("administrator", "ann", &json!("registry")));
    let mut file = File::new(
        "locks.json",
        "In a locked scope, and in everything within, nothing is changed by anybody; it is looked at, and unlocked.",
        &given,
    );
    let course = json!({"course": "gdpr"});
    for (number, (place, scope)) in depths().iter().enumerate() {
        let lock = json!({"lock": {"scope": scope}});
        let given = [lock.clone()];
        file.ask(
            format!("locked: {place}; changed"),
            &given,
            &can("ann", "grade.edit", &course, Some("bob")),
            "locked",
        );
        file.ask(
            format!("locked: {place}; looked at"),
            &given,
            &can("ann", "grade.view", &course, Some("bob")),
            "allowed",
        );
        file.ask(
            format!("locked: {place}; unlocked"),
            &given,
            &can("ann", "scope.unlock", &course, None),
            "allowed",
        );
        file.ask(
            format!("locked: {place}; locked"),
            &given,
            &can("ann", "scope.lock", &course, None),
            "locked",
        );
        let unlocked = [lock.clone(), json!({"unlock": {"scope": scope}})];
        file.ask(
            format!("locked and unlocked: {place}"),
            &unlocked,
            &can("ann", "grade.edit", &course, Some("bob")),
            "allowed",
        );
        // The course beside lies in all of them but the course.
        let beside = if number == 4 { "allowed" } else { "locked" };
        file.ask(
            format!("locked: {place}; in the course beside"),
            &given,
            &can("ann", "grade.edit", &json!({"course": "beside"}), Some("bob")),
            beside,
        );
        let without = if number == 0 { "locked" } else { "allowed" };
        file.ask(
            format!("locked: {place}; in the registry"),
            &given,
            &can("ann", "grade.edit", &json!("registry"), Some("bob")),
            without,
        );
    }
    let locked = [json!({"lock": {"scope": course}})];
    file.ask(
        "whoever may not unlock does not",
        &locked,
        &can("bob", "scope.unlock", &course, None),
        "not_given",
    );
    file.ask(
        "locked is told to whoever could not anyway",
        &locked,
        &can("bob", "grade.edit", &course, Some("ann")),
        "locked",
    );
    file
}

/// Which pattern counts.
fn patterns() -> File {
    let mut given = places();
    given.extend(people(&["ann", "bob"]));
    given.extend([
        json!({"define_capability": {"name": "invoice.view", "kind": "read", "innermost": "course", "over": false, "sentence": "see invoices"}}),
        json!({"define_capability": {"name": "invoice.pay.small", "kind": "write", "innermost": "site", "over": false, "sentence": "pay a little"}}),
        json!({"define_capability": {"name": "invoice.sign", "kind": "write", "innermost": "site", "over": false, "flags": ["escalates"], "sentence": "say who pays"}}),
        grant("administrator", "bob", &json!("registry")),
    ]);
    let mut file = File::new(
        "patterns.json",
        "Of several patterns of one definition the closest counts: the name, then the longest beginning, then `*`; a deny whenever it fits. What escalates is meant by `*` and its own name only.",
        &given,
    );
    let site = json!({"site": "primary"});
    let mut ask = |case: &str, effects: Value, capability: &str, over: Option<&str>, expect: &str| {
        let given = [role("r", &effects), grant("r", "ann", &json!("registry"))];
        file.ask(
            format!("{case}: {effects}, {capability}"),
            &given,
            &can("ann", capability, &site, over),
            expect,
        );
    };
    for (effects, capability, over, expect) in [
        (json!({"*": "allow"}), "course.edit", None, "allowed"),
        (json!({"course.*": "allow"}), "course.edit", None, "allowed"),
        (json!({"course.edit": "allow"}), "course.edit", None, "allowed"),
        (json!({"course.*": "allow"}), "content.edit", None, "not_given"),
        (json!({"report.view": "allow"}), "report.view.scores", Some("bob"), "not_given"),
        (json!({"report.view.*": "allow"}), "report.view", Some("bob"), "not_given"),
        (json!({"report.view.*": "allow"}), "report.view.scores", Some("bob"), "allowed"),
        (json!({"report.*": "allow"}), "report.view.scores", Some("bob"), "allowed"),
        (json!({"*": "allow"}), "invoice.view", None, "allowed"),
        (json!({"invoice.*": "allow"}), "invoice.view", None, "allowed"),
        (json!({"invoice.*": "allow"}), "invoice.pay.small", None, "allowed"),
        (json!({"invoice.pay.*": "allow"}), "invoice.view", None, "not_given"),
    ] {
        ask("fits", effects, capability, over, expect);
    }
    for (effects, expect) in [
        (json!({"*": "allow", "report.*": "withhold"}), "not_given"),
        (json!({"*": "withhold", "report.*": "allow"}), "allowed"),
        (json!({"report.*": "allow", "report.view.*": "withhold"}), "not_given"),
        (json!({"report.*": "withhold", "report.view.*": "allow"}), "allowed"),
        (json!({"report.view.*": "allow", "report.view.scores": "withhold"}), "not_given"),
        (json!({"report.view.*": "withhold", "report.view.scores": "allow"}), "allowed"),
        (json!({"*": "withhold", "report.view.scores": "allow"}), "allowed"),
        (json!({"*": "deny", "report.view.scores": "allow"}), "denied"),
        (json!({"report.*": "deny", "report.view.scores": "allow"}), "denied"),
        (json!({"report.*": "deny", "report.view.*": "withhold"}), "denied"),
        (json!({"report.view.scores": "deny", "*": "allow"}), "denied"),
        (json!({"report.export.*": "deny", "*": "allow"}), "allowed"),
    ] {
        ask("closest", effects, "report.view.scores", Some("bob"), expect);
    }
    for capability in ["role.define", "role.override", "attribute.define", "invoice.sign"] {
        let (first, _) = capability.split_once('.').unwrap();
        let family = format!("{first}.*");
        for (effects, expect) in [
            (json!({"*": "allow"}), "allowed"),
            (json!({capability: "allow"}), "allowed"),
            (json!({family.as_str(): "allow"}), "not_given"),
            (json!({"*": "allow", family.as_str(): "withhold"}), "allowed"),
            (json!({"*": "allow", capability: "withhold"}), "not_given"),
            (json!({"*": "allow", family.as_str(): "deny"}), "allowed"),
            (json!({"*": "allow", capability: "deny"}), "denied"),
            (json!({"*": "deny", capability: "allow"}), "denied"),
        ] {
            ask("escalates", effects, capability, None, expect);
        }
    }
    ask("beside one that escalates", json!({"role.*": "allow"}), "role.view", None, "allowed");
    let later = [
        json!({"define_capability": {"name": "invoice.later", "kind": "read", "innermost": "site", "over": false, "sentence": "see more"}}),
    ];
    file.ask(
        "a capability registered later is meant by what came before",
        &later,
        &can("bob", "invoice.later", &site, None),
        "allowed",
    );
    file
}

/// Fields, by name and by sensitivity.
fn fields() -> File {
    let mut given = places();
    given.extend([
        json!({"define_attribute": {"key": "team", "type": "text", "sensitivity": "public"}}),
        json!({"define_attribute": {"key": "desk", "type": "text", "sensitivity": "internal"}}),
        json!({"define_attribute": {"key": "phone", "type": "text", "sensitivity": "personal", "self_writable": true}}),
        json!({"define_attribute": {"key": "pay", "type": "text", "sensitivity": "sensitive"}}),
        json!({"define_attribute": {"key": "bench", "type": "text", "sensitivity": "public", "site": "labs"}}),
    ]);
    given.extend(people(&["ann", "bob"]));
    given.push(json!({"update_user": {"key": "ann", "sites": {"labs": "active"}}}));
    given.push(json!({"update_user": {"key": "bob", "sites": {"labs": "active"}}}));
    let mut file = File::new(
        "fields.json",
        "Fields are read and written as roles say: by name, then by how sensitive they are, then by pattern. A site's own fields are not there in others.",
        &given,
    );
    let site = json!({"site": "primary"});
    let keys = [("team", "public"), ("desk", "internal"), ("phone", "personal"), ("pay", "sensitive")];
    for (_, class) in keys {
        let effects = json!({format!("field.read.sensitivity.{class}"): "allow"});
        let given = [role("r", &effects), grant("r", "ann", &site)];
        for (key, of) in keys {
            let expect = if of == class { "allowed" } else { "not_given" };
            let ask = can("ann", &format!("field.read.{key}"), &site, Some("bob"));
            file.ask(format!("{class} fields are read: {key}"), &given, &ask, expect);
        }
        let ask = can("ann", &format!("field.write.{}", keys[0].0), &site, Some("bob"));
        file.ask(format!("{class} fields are read, not written"), &given, &ask, "not_given");
    }
    for (effects, expect) in [
        (json!({"*": "allow"}), "allowed"),
        (json!({"field.*": "allow"}), "allowed"),
        (json!({"field.read.*": "allow"}), "allowed"),
        (json!({"field.read.pay": "allow"}), "allowed"),
        (json!({"field.write.*": "allow"}), "not_given"),
        (json!({"field.write.pay": "allow"}), "not_given"),
        (json!({"field.write.sensitivity.sensitive": "allow"}), "not_given"),
        (json!({"field.read.*": "allow", "field.read.sensitivity.sensitive": "withhold"}), "not_given"),
        (json!({"field.read.*": "withhold", "field.read.sensitivity.sensitive": "allow"}), "allowed"),
        (json!({"field.read.pay": "allow", "field.read.sensitivity.sensitive": "withhold"}), "allowed"),
        (json!({"field.read.pay": "withhold", "field.read.sensitivity.sensitive": "allow"}), "not_given"),
        (json!({"field.read.pay": "allow", "field.read.sensitivity.sensitive": "deny"}), "denied"),
        (json!({"field.read.pay": "allow", "field.read.*": "deny"}), "denied"),
        (json!({"field.read.pay": "deny", "*": "allow"}), "denied"),
        (json!({"field.read.sensitivity.personal": "deny", "*": "allow"}), "allowed"),
    ] {
        let given = [role("r", &effects), grant("r", "ann", &site)];
        file.ask(
            format!("pay is read: {effects}"),
            &given,
            &can("ann", "field.read.pay", &site, Some("bob")),
            expect,
        );
    }
    let redefined = [
        role("r", &json!({"field.read.sensitivity.public": "allow"})),
        grant("r", "ann", &site),
        json!({"define_attribute": {"key": "pay", "type": "text", "sensitivity": "public"}}),
    ];
    file.ask(
        "what becomes less sensitive is read",
        &redefined,
        &can("ann", "field.read.pay", &site, Some("bob")),
        "allowed",
    );
    for (case, capability, over, expect) in [
        ("one's own are read", "field.read.pay", "ann", "allowed"),
        ("not written", "field.write.pay", "ann", "not_given"),
        ("but for those that are one's own to write", "field.write.phone", "ann", "allowed"),
        ("of oneself", "field.write.phone", "bob", "not_given"),
    ] {
        file.ask(case, &[], &can("ann", capability, &site, Some(over)), expect);
    }
    let withheld = [overridden("self", &site, &json!({"field.write.phone": "withhold"}))];
    file.ask(
        "unless that is withheld",
        &withheld,
        &can("ann", "field.write.phone", &site, Some("ann")),
        "not_given",
    );
    let reader = [role("r", &json!({"field.*": "allow"})), grant("r", "ann", &json!("registry"))];
    for (case, scope, expect) in [
        ("a site's field there", json!({"site": "labs"}), "allowed"),
        ("within", json!({"course": "lab-safety"}), "allowed"),
        ("in the registry", json!("registry"), "allowed"),
        ("in another site", site.clone(), "unknown_capability"),
        ("within another site", json!({"course": "gdpr"}), "unknown_capability"),
    ] {
        file.ask(case, &reader, &can("ann", "field.read.bench", &scope, Some("bob")), expect);
    }
    let deleted = [reader[0].clone(), reader[1].clone(), json!({"delete_attribute": {"key": "desk"}})];
    file.ask(
        "a field that was deleted",
        &deleted,
        &can("ann", "field.read.desk", &site, Some("bob")),
        "unknown_capability",
    );
    file
}

/// Roles by enrolment.
fn enrolments() -> File {
    let mut given = places();
    given.push(json!({"define_attribute": {"key": "team", "type": "text"}}));
    given.extend(people(&["ann", "bob"]));
    given.extend([
        json!({"update_user": {"key": "ann", "values": {"team": "red"}}}),
        json!({"define_segment": {"key": "red", "rule": "user.team == 'red'"}}),
    ]);
    let mut file = File::new(
        "enrolments.json",
        "Whoever is enrolled in a course has the role of each reason there, while the enrolment is in force: of a reason in force, and of one that its rule keeps.",
        &given,
    );
    let course = json!({"course": "gdpr"});
    let view = |scope: &Value| can("ann", "course.view", scope, None);
    let edit = can("ann", "content.edit", &course, None);
    let rule = |role: &str, on_leave: &str| json!({"define_enrolment_rule": {"key": "e", "segment": "red", "courses": ["gdpr"], "on_leave": on_leave, "role": role}});
    let enrol = json!({"enrol": {"user": "ann", "course": "gdpr"}});
    let leave = json!({"update_user": {"key": "ann", "values": {"team": "blue"}}});
    let suspend = json!({"suspend_enrolment": {"user": "ann", "course": "gdpr"}});
    let resume = json!({"resume_enrolment": {"user": "ann", "course": "gdpr"}});
    file.ask("not enrolled", &[], &view(&course), "not_given");
    file.ask("by hand, as a learner", std::slice::from_ref(&enrol), &view(&course), "allowed");
    file.ask("a learner edits nothing", std::slice::from_ref(&enrol), &edit, "not_given");
    file.ask(
        "not in the course beside",
        std::slice::from_ref(&enrol),
        &view(&json!({"course": "beside"})),
        "not_given",
    );
    file.ask("nor without", std::slice::from_ref(&enrol), &view(&json!({"category": "inner"})), "not_given");
    file.ask(
        "in bulk",
        &[json!({"enrol_users": {"users": ["ann"], "courses": ["gdpr"]}})],
        &view(&course),
        "allowed",
    );
    file.ask(
        "taken back",
        &[enrol.clone(), json!({"unenrol": {"user": "ann", "course": "gdpr"}})],
        &view(&course),
        "not_given",
    );
    file.ask("suspended by hand", &[enrol.clone(), suspend.clone()], &view(&course), "not_given");
    file.ask("resumed", &[enrol.clone(), suspend.clone(), resume], &view(&course), "allowed");
    file.ask("by a rule, as its role", &[rule("instructor", "keep")], &edit, "allowed");
    file.ask("by a rule, as a learner", &[rule("learner", "keep")], &edit, "not_given");
    file.ask(
        "a role of both reasons",
        &[enrol.clone(), rule("instructor", "keep")],
        &can("ann", "assessment.submit", &course, None),
        "allowed",
    );
    // Leaving is a commit of its own: within one nobody had arrived.
    for (on_leave, expect) in [("keep", "allowed"), ("suspend", "not_given"), ("unenrol", "not_given")] {
        for (by_hand, words) in [(false, ""), (true, ", and enrolled by hand")] {
            let mut first = vec![rule("instructor", on_leave)];
            if by_hand {
                first.push(enrol.clone());
            }
            let case = format!("who left a rule that would {on_leave}{words}");
            file.ask(case, &first, &edit, expect);
            file.then(std::slice::from_ref(&leave));
            if by_hand {
                file.ask(
                    format!("{on_leave}: what was given by hand stays"),
                    &first,
                    &view(&course),
                    "allowed",
                );
                file.then(std::slice::from_ref(&leave));
            }
        }
        let case = format!("who left a rule that would {on_leave} and came back");
        file.ask(case, &[rule("instructor", on_leave)], &edit, "allowed");
        file.then(std::slice::from_ref(&leave));
        file.then(&[json!({"update_user": {"key": "ann", "values": {"team": "red"}}})]);
        file.ask(
            format!("suspended by hand: a rule that would {on_leave}"),
            &[rule("instructor", on_leave)],
            &edit,
            "not_given",
        );
        file.then(std::slice::from_ref(&suspend));
    }
    let here = json!({"update_user": {"key": "ann", "sites": {"primary": "suspended"}}});
    file.ask("suspended there", std::slice::from_ref(&enrol), &view(&course), "not_given");
    file.then(&[here]);
    let denies = overridden("learner", &course, &json!({"course.view": "deny"}));
    file.ask("a role by enrolment is overridden as any", &[enrol.clone(), denies], &view(&course), "denied");
    file.ask(
        "over others of the course",
        &[rule("instructor", "keep")],
        &can("ann", "grade.edit", &course, Some("bob")),
        "allowed",
    );
    file.ask("an archived course is looked at", &[enrol], &view(&course), "allowed");
    file.then(&[json!({"archive_course": {"key": "gdpr"}})]);
    file
}

impl File {
    /// One more commit before the last question.
    fn then(&mut self, changes: &[Value]) {
        if let Some(given) = self.cases.last_mut().and_then(|case| case["given"].as_array_mut()) {
            given.push(step(changes));
        }
    }
}
