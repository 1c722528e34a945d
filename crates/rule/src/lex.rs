//! Cuts rule text into tokens with their places, in the Common Expression Language's lexical grammar. Not here:
//! what the tokens mean together (`parse`).

use winnow::Parser;
use winnow::ascii::digit1;
use winnow::combinator::{alt, delimited, dispatch, fail, opt, peek, repeat};
use winnow::error::ParserError;
use winnow::stream::Stream;
use winnow::token::{any, one_of, take_till, take_while};

use crate::error::quoted;
use crate::{RuleError, RuleErrorKind, Span, normalise};

/// A token and its place.
#[derive(Clone, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: TokenKind<'t>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum TokenKind<'t> {
    /// `user`, `in`, `date`
    Name(&'t str),
    /// A name in backticks, which may have dashes and so on.
    Escaped(&'t str),
    /// A string, unescaped and in normalisation form C.
    Text(String),
    /// A number as it was written, without a sign.
    Number(&'t str),
    /// `&&`, `(`
    Sign(&'t str),
    /// What could not be read; nothing follows it.
    Bad(RuleError),
    /// The end of the text; nothing follows it.
    End,
}

/// A mistake inside a token: how much text was left there, and what is wrong if the place alone does not say it.
#[derive(Debug)]
struct Fault {
    rest: usize,
    error: Option<RuleError>,
}

impl<'t> ParserError<&'t str> for Fault {
    type Inner = Self;

    fn from_input(input: &&'t str) -> Self {
        Self { rest: input.len(), error: None }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }

    fn is_backtrack(&self) -> bool {
        self.error.is_none()
    }
}

type Lexed<T> = Result<T, Fault>;

/// All tokens of a text. The last one, and only that, is [`TokenKind::End`] or [`TokenKind::Bad`].
pub(crate) fn lex(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut place = Span::default();
    let mut input = text;
    loop {
        if blank.parse_next(&mut input).is_err() {
            input = "";
        }
        let start = place.moved(text, text.len() - input.len());
        let result = if input.is_empty() { Ok(TokenKind::End) } else { token.parse_next(&mut input) };
        let end = start.moved(text, text.len() - input.len());
        let kind = result.unwrap_or_else(|fault| {
            let at = start.moved(text, text.len().saturating_sub(fault.rest));
            let shown = text.get(at.start..).and_then(|rest| rest.chars().next());
            let span = Span { end: at.start + shown.map_or(0, char::len_utf8), ..at };
            TokenKind::Bad(fault.error.unwrap_or_else(|| strange(shown)).at(span))
        });
        let last = matches!(kind, TokenKind::End | TokenKind::Bad(_));
        tokens.push(Token { kind, span: start.to(end) });
        if last {
            return tokens;
        }
        place = end;
    }
}

fn strange(char: Option<char>) -> RuleError {
    let Some(char) = char else {
        return RuleError::new(RuleErrorKind::Syntax, "the rule ends too early");
    };
    let found = quoted(char.encode_utf8(&mut [0; 4]));
    let error = RuleError::new(RuleErrorKind::Syntax, format!("unexpected character {found}")).finding(found);
    match char {
        '“' | '”' | '„' | '«' | '»' | '‘' | '’' => error.hint("write straight quotes `\"`"),
        '≠' => error.hint("write `!=`"),
        '≤' => error.hint("write `<=`"),
        '≥' => error.hint("write `>=`"),
        '\u{a0}' | '\u{200b}' | '\u{feff}' => error.hint("write an ordinary space, or nothing"),
        _ => error,
    }
}

/// Spaces and comments.
fn blank(input: &mut &str) -> Lexed<()> {
    let space = take_while(1.., [' ', '\t', '\n', '\r', '\u{c}']);
    let comment = ("//", take_till(0.., ['\n', '\r'])).take();
    repeat(0.., alt((space, comment))).parse_next(input)
}

fn token<'t>(input: &mut &'t str) -> Lexed<TokenKind<'t>> {
    dispatch! {peek(any);
        'a'..='z' | 'A'..='Z' | '_' => alt((prefixed, name.map(TokenKind::Name))),
        '0'..='9' => number.map(TokenKind::Number),
        '"' | '\'' => string.map(TokenKind::Text),
        '`' => escaped.map(TokenKind::Escaped),
        _ => sign.map(TokenKind::Sign),
    }
    .parse_next(input)
}

fn name<'t>(input: &mut &'t str) -> Lexed<&'t str> {
    (one_of(('a'..='z', 'A'..='Z', '_')), take_while(0.., ('a'..='z', 'A'..='Z', '0'..='9', '_')))
        .take()
        .parse_next(input)
}

fn escaped<'t>(input: &mut &'t str) -> Lexed<&'t str> {
    let letters = take_while(1.., ('a'..='z', 'A'..='Z', '0'..='9', ['_', '.', '-', '/', ' ']));
    delimited('`', letters, '`').parse_next(input)
}

fn number<'t>(input: &mut &'t str) -> Lexed<&'t str> {
    let hex = (alt(("0x", "0X")), take_while(1.., ('0'..='9', 'a'..='f', 'A'..='F'))).void();
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1).void();
    let decimal = (digit1, opt(('.', digit1)), opt(exponent)).void();
    let number = (alt((hex, decimal)), opt(one_of(['u', 'U']))).take().parse_next(input)?;
    // `90d` is not two tokens.
    if input.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_') {
        return fail.parse_next(input);
    }
    Ok(number)
}

fn sign<'t>(input: &mut &'t str) -> Lexed<&'t str> {
    // The long ones that are none of the language are read so that the error can name them.
    let long = alt(["===", "!==", "&&", "||", "==", "!=", "<=", ">=", "<>", "=>", "=<"]);
    let one = one_of([
        '!', '(', ')', '[', ']', '{', '}', ',', '.', '<', '>', '=', '&', '|', '+', '-', '*', '/', '%', '?',
        ':',
    ])
    .take();
    alt((long, one)).parse_next(input)
}

/// A string with letters before its quote: raw ones are read, bytes are not.
fn prefixed<'t>(input: &mut &'t str) -> Lexed<TokenKind<'t>> {
    let start = input.checkpoint();
    let rest = input.len();
    let prefix = take_while(1..=2, ['r', 'R', 'b', 'B']).parse_next(input)?;
    let quote = one_of(['"', '\'']).parse_next(input)?;
    if prefix.contains(['b', 'B']) {
        input.reset(&start);
        let error = RuleError::new(RuleErrorKind::NotSupported, "byte strings are not supported");
        return Err(Fault { rest, error: Some(error.hint("write the quotes without the `b` before them")) });
    }
    if prefix.len() > 1 {
        input.reset(&start);
        return fail.parse_next(input);
    }
    let body = take_till(0.., [quote, '\n', '\r']).parse_next(input)?;
    closing(input, quote, rest)?;
    Ok(TokenKind::Text(normalise(body).into_owned()))
}

/// A string in single or double quotes.
fn string(input: &mut &str) -> Lexed<String> {
    let rest = input.len();
    if input.starts_with("\"\"\"") || input.starts_with("'''") {
        let error = RuleError::new(RuleErrorKind::NotSupported, "strings in triple quotes are not supported");
        return Err(Fault { rest, error: Some(error.hint("write one quote, and `\\n` for a new line")) });
    }
    let quote = one_of(['"', '\'']).parse_next(input)?;
    let plain = |input: &mut &str| -> Lexed<String> {
        take_till(1.., [quote, '\\', '\n', '\r']).map(String::from).parse_next(input)
    };
    let mut body = String::new();
    loop {
        if let Some(part) = opt(plain).parse_next(input)? {
            body.push_str(&part);
        }
        let Some(char) = opt(escape).parse_next(input)? else {
            break;
        };
        body.push(char);
    }
    closing(input, quote, rest)?;
    Ok(normalise(&body).into_owned())
}

/// The quote that ends a string which began where `opened` bytes were left.
fn closing(input: &mut &str, quote: char, opened: usize) -> Lexed<()> {
    if opt(quote).parse_next(input)?.is_some() {
        return Ok(());
    }
    let error = if input.is_empty() {
        RuleError::new(RuleErrorKind::Syntax, "the string is not closed")
            .hint(format!("write {} after its end", quoted(quote.encode_utf8(&mut [0; 4]))))
    } else {
        RuleError::new(RuleErrorKind::Syntax, "the string is not closed on its line")
            .hint("write `\\n` for a new line")
    };
    Err(Fault { rest: opened, error: Some(error) })
}

/// A backslash and what follows it.
fn escape(input: &mut &str) -> Lexed<char> {
    let rest = input.len();
    '\\'.parse_next(input)?;
    let hex = |digits: usize| {
        move |input: &mut &str| -> Lexed<char> {
            take_while(digits..=digits, ('0'..='9', 'a'..='f', 'A'..='F'))
                .verify_map(|code| u32::from_str_radix(code, 16).ok().and_then(char::from_u32))
                .parse_next(input)
        }
    };
    let octal = |input: &mut &str| -> Lexed<char> {
        (one_of('0'..='3'), take_while(2..=2, '0'..='7'))
            .take()
            .verify_map(|code| u32::from_str_radix(code, 8).ok().and_then(char::from_u32))
            .parse_next(input)
    };
    let plain = |letter: char, meant: char| letter.value(meant);
    let simple = alt([
        plain('"', '"'),
        plain('\'', '\''),
        plain('\\', '\\'),
        plain('`', '`'),
        plain('?', '?'),
        plain('n', '\n'),
        plain('r', '\r'),
        plain('t', '\t'),
        plain('a', '\u{7}'),
        plain('b', '\u{8}'),
        plain('f', '\u{c}'),
        plain('v', '\u{b}'),
    ]);
    let coded = dispatch! {any;
        'u' => hex(4),
        'U' => hex(8),
        'x' | 'X' => hex(2),
        _ => fail,
    };
    let letter = input.chars().next();
    alt((simple, octal, coded)).parse_next(input).map_err(|_: Fault| {
        let shown = quoted(&letter.map_or_else(|| "\\".to_owned(), |letter| format!("\\{letter}")));
        let error = RuleError::new(RuleErrorKind::Syntax, format!("unknown escape {shown}")).finding(shown);
        let error = error.hint(match letter {
            Some('u') => "write the four hexadecimal digits of a character after it",
            Some('U') => "write the eight hexadecimal digits of a character after it",
            Some('x' | 'X') => "write the two hexadecimal digits of a character after it",
            Some('0'..='9') => "write three octal digits, at most `\\377`",
            _ => "write `\\\\` for a backslash",
        });
        Fault { rest, error: Some(error) }
    })
}
