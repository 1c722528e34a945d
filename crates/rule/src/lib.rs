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
mod check;
mod describe;
mod error;
mod eval;
mod lex;
mod nearest;
mod operand;
mod parse;
mod print;
mod rule;
mod schema;
mod validate;
mod value;

pub use ast::{AttributeName, Expr, ExprKind, Literal, Span};
pub use check::{check, compile};
pub use describe::describe;
pub use error::{RuleError, RuleErrorKind};
pub use eval::{Person, Truth, evaluate, test};
pub use nearest::nearest;
pub use parse::{MAX_DEPTH, MAX_TEXT, parse};
pub use print::print;
pub use rule::{Comparison, Offset, Operand, Rule, Unit};
pub use schema::{Attribute, AttributeId, Choice, Kind, OptionId, Schema};
pub use validate::validate;
pub use value::{Value, normalise};
