//! The functions of rule text, and the methods of what a rule asks about: their names and how each is written. Not
//! here: how they are read (`operand`) and what they mean (`check`).

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $variant:ident $word:literal $usage:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$about])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name, as in rule text.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// How it is written, by example.
            pub fn usage(self) -> &'static str {
                match self {
                    $(Self::$variant => $usage,)*
                }
            }

            /// The one of this name.
            pub fn find(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.name() == name)
            }
        }
    };
}

words! {
    /// A function of rule text. `has`, `date` and `timestamp` have nodes of their own; see [`crate::ExprKind`].
    Function {
        /// How many options somebody has.
        Size "size" "size(user.name)";
        /// Whether somebody is in a segment.
        InSegment "inSegment" "inSegment(\"segment\")";
        /// Whether somebody is in a group of a course.
        InGroup "inGroup" "inGroup(\"course\", \"group\")";
        /// Whether somebody is a member of a site.
        MemberOf "memberOf" "memberOf(\"site\")";
        /// Whether somebody holds a role.
        HasRole "hasRole" "hasRole(\"role\")";
        /// Whether somebody is enrolled in a course.
        Enrolled "enrolled" "enrolled(\"course\")";
        /// Whether somebody has completed a course.
        Completed "completed" "completed(\"course\")";
        /// Whether somebody completed a course before a moment.
        CompletedBefore "completedBefore" "completedBefore(\"course\", date(\"2026-01-31\"))";
        /// Whether somebody completed a course after a moment.
        CompletedAfter "completedAfter" "completedAfter(\"course\", date(\"2026-01-31\"))";
        /// Whether somebody completed a course lately.
        CompletedWithinLast "completedWithinLast" "completedWithinLast(\"course\", 12, \"months\")";
        /// When somebody completed a course.
        CompletedOn "completedOn" "completedOn(\"course\")";
        /// The score in a course.
        Score "score" "score(\"course\")";
        /// Whether a course is due soon.
        DueWithin "dueWithin" "dueWithin(\"course\", 14, \"days\")";
        /// The day on which a course is due.
        DueOn "dueOn" "dueOn(\"course\")";
    }
}

impl Function {
    /// Whether it is a condition, rather than a value that a condition asks about.
    pub fn is_condition(self) -> bool {
        !matches!(self, Self::Size | Self::CompletedOn | Self::Score | Self::DueOn)
    }
}

words! {
    /// A method of what a rule asks about; each of them is a condition.
    Method {
        /// Whether a text begins with another.
        StartsWith "startsWith" "startsWith(\"text\")";
        /// Whether a text ends with another.
        EndsWith "endsWith" "endsWith(\"text\")";
        /// Whether another text occurs in a text.
        Contains "contains" "contains(\"text\")";
        /// Whether a pattern covers a text.
        Glob "glob" "glob(\"a*\")";
        /// Whether a value lies between two.
        Between "between" "between(1, 5)";
        /// Whether a moment lies in the time before today.
        WithinLast "withinLast" "withinLast(90, \"days\")";
        /// Whether a moment lies in the time after today.
        WithinNext "withinNext" "withinNext(90, \"days\")";
        /// Whether a moment lies further back than so much time.
        OlderThan "olderThan" "olderThan(90, \"days\")";
        /// Whether somebody has any of some options.
        AnyOf "anyOf" "anyOf([\"a\", \"b\"])";
        /// Whether somebody has all of some options.
        AllOf "allOf" "allOf([\"a\", \"b\"])";
        /// Whether somebody has none of some options.
        NoneOf "noneOf" "noneOf([\"a\", \"b\"])";
        /// Whether somebody has so many of some options, or more.
        AtLeast "atLeast" "atLeast(2, [\"a\", \"b\", \"c\"])";
        /// Whether somebody has so many of some options, or fewer.
        AtMost "atMost" "atMost(2, [\"a\", \"b\", \"c\"])";
        /// Whether somebody has just so many of some options.
        Exactly "exactly" "exactly(2, [\"a\", \"b\", \"c\"])";
        /// Whether a path lies under another, or is that one.
        Under "under" "under(\"a/b\")";
        /// Whether a path lies under another, and is not that one.
        Below "below" "below(\"a/b\")";
        /// Whether following the attribute from person to person leads to this one.
        ReportsTo "reportsTo" "reportsTo(\"key\")";
    }
}
