//! The rule language of Matricula: which people a rule selects, said once and read three ways.
//!
//! A [`Rule`] is a typed tree over a person's attributes. It names attributes and options by id, so that a
//! rename breaks nothing, and is what stores keep (serde JSON). It is written as CEL text ([`parse`] and then
//! [`check`], or [`compile`] for both), printed back ([`print()`]), put into English ([`describe`]) and
//! answered for one person ([`evaluate`]).
//!
//! A test on a value that the person does not have is *unknown* ([`Truth`]); and, or and not follow Kleene's
//! three-valued logic; a person is selected only if the whole rule is true. So
//! `user.country != "ZA"` leaves out people without a country, as SQL and CEL do.
//!
//! ```
//! use matricula_rule::{Attribute, AttributeId, Kind, Schema, compile, describe};
//!
//! let mut schema = Schema::default();
//! schema.define(Attribute::new(AttributeId(0), "department", Kind::Text));
//! schema.define(Attribute::new(AttributeId(1), "hired_on", Kind::Date));
//!
//! let rule = compile(r#"user.department == "Sales" && user.hired_on > today - days(90)"#, &schema)?;
//! assert_eq!(describe(&rule, &schema), r#"department is "Sales" and hired_on is after 90 days ago"#);
//! # Ok::<(), matricula_rule::RuleError>(())
//! ```

mod advice;
mod ast;
mod builder;
mod calls;
mod check;
mod constant;
mod days;
mod decimal;
mod describe;
mod error;
mod eval;
mod glob;
mod id;
mod json;
mod lex;
mod limits;
mod names;
mod nearest;
mod operand;
mod parse;
mod print;
mod rule;
mod schema;
pub mod sql;
mod tree;
mod validate;
mod value;

pub use ast::{AccountField, AttributeName, Expr, ExprKind, Literal, Span};
pub use builder::{from_builder, from_builder_text, to_builder};
pub use calls::{Function, Method};
pub use check::{check, compile};
pub use days::{Calendar, Edge, Offset, Period, Unit};
pub use decimal::{Decimal, NotADecimal};
pub use describe::describe;
pub use error::{RuleError, RuleErrorKind};
pub use eval::{Person, Truth, evaluate};
pub use glob::{Glob, NotAGlob, Part};
pub use id::{AttributeId, CourseId, GroupId, OptionId, RoleId, SegmentId, SiteId, UserId};
pub use json::{MAX_JSON_DEPTH, MAX_JSON_TEXT, from_json};
pub use limits::MAX_NODES;
pub use names::{Named, Names};
pub use nearest::nearest;
pub use parse::{MAX_DEPTH, MAX_TEXT, parse};
pub use print::print;
pub use rule::{Comparison, Fact, Field, Matching, Operand, Quantity, Rule};
pub use schema::{Attribute, Choice, Kind, Options, Schema, Sensitivity};
pub use tree::parse_tree;
pub use validate::{validate, validate_saved};
pub use value::{MAX_INTEGER, Value, fold, is_under, normalise, path};
