//! From text to an [`Expression`]: tokens, then recursive descent.

use std::fmt;
use std::iter::Peekable;
use std::str::CharIndices;

use super::arithmetic::Operator;
use super::expression::{Expression, Literal, Name, Operand, WORDS, continues_name, starts_name};
use super::like::Pattern;
use super::number::Number;
use super::ranges::Relation;
use crate::error::{Error, Result};

/// The longest text that is read, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// How deep parentheses may be nested: each level takes a few frames of the stack, here and wherever the tree is walked.
const MAX_DEPTH: usize = 100;

/// The most operators of sums and products: each may be a level of the tree.
const MAX_OPERATORS: usize = 1_000;

/// Words of the language behind a value alone: elsewhere they may be columns.
const LIKES: [&str; 2] = ["like", "ilike"];

/// What may stand before a text, to say its type.
const TYPES: [&str; 4] = ["date", "time", "timestamp", "datetime"];

pub(super) fn parse(text: &str) -> Result<Expression> {
    if text.len() > MAX_LENGTH {
        let message = format!("the predicate is {} bytes long; at most {MAX_LENGTH} are read", text.len());
        return Err(Error::Invalid(message));
    }
    let mut parser = Parser { tokens: Lexer::new(text).tokens()?, next: 0, depth: 0, operators: 0 };
    let expression = parser.any()?;
    match parser.peek() {
        Token::End => Ok(expression),
        _ => Err(parser.expected("'and', 'or' or the end")),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A word of the language, in lower case.
    Word(&'static str),
    Column(String),
    Number(Number),
    Text(String),
    Relation(Relation),
    Operator(Operator),
    Open,
    Close,
    Comma,
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// What is quoted in a message.
        const SHOWN: usize = 40;
        let text = match self {
            Self::Word(word) => format!("'{word}'"),
            Self::Column(name) => format!("the column {}", Name(name)),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => Literal::Text(text.clone()).to_string(),
            Self::Relation(relation) => format!("'{relation}'"),
            Self::Operator(operator) => format!("'{operator}'"),
            Self::Open => "'('".to_owned(),
            Self::Close => "')'".to_owned(),
            Self::Comma => "','".to_owned(),
            Self::End => "the end".to_owned(),
        };
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}…", &text[..end]),
            None => f.write_str(&text),
        }
    }
}

/// A failure at a character, counted from 1.
fn failure(character: usize, expected: &str, found: impl fmt::Display) -> Error {
    Error::Invalid(format!("the predicate's character {character}: expected {expected}, found {found}"))
}

struct Lexer<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    /// How many characters were taken.
    taken: usize,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, rest: text.char_indices().peekable(), taken: 0 }
    }

    /// All tokens, each with its first character's index, counted from 1.
    fn tokens(mut self) -> Result<Vec<(Token, usize)>> {
        let mut tokens = Vec::new();
        loop {
            self.take_while(char::is_whitespace);
            let index = self.taken + 1;
            let token = self.token(index)?;
            let is_last = token == Token::End;
            tokens.push((token, index));
            if is_last {
                return Ok(tokens);
            }
        }
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|&(_, c)| c)
    }

    fn take(&mut self) -> Option<char> {
        self.taken += 1;
        self.rest.next().map(|(_, c)| c)
    }

    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let is_wanted = self.peek().is_some_and(wanted);
        if is_wanted {
            self.take();
        }
        is_wanted
    }

    /// The characters from here on that are wanted.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let from = self.byte();
        while self.take_if(&wanted) {}
        &self.text[from..self.byte()]
    }

    fn byte(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |&(byte, _)| byte)
    }

    fn token(&mut self, index: usize) -> Result<Token> {
        let Some(first) = self.peek() else {
            return Ok(Token::End);
        };
        if starts_name(first) {
            let name = self.take_while(continues_name);
            let word = WORDS.iter().find(|word| word.eq_ignore_ascii_case(name) && !self.begins_field());
            return match word {
                Some(word) => Ok(Token::Word(word)),
                None => self.with_fields(name.to_owned()),
            };
        }
        if first.is_ascii_digit() || first == '.' {
            return self.number(index);
        }
        self.take();
        Ok(match first {
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '\'' => Token::Text(self.quoted(first, index)?),
            '"' => {
                let name = self.quoted(first, index)?;
                self.with_fields(name)?
            }
            '+' => Token::Operator(Operator::Plus),
            '-' => Token::Operator(Operator::Minus),
            '*' => Token::Operator(Operator::Times),
            '/' => Token::Operator(Operator::Over),
            '=' => {
                self.take_if(|c| c == '=');
                Token::Relation(Relation::Equal)
            }
            '!' if self.take_if(|c| c == '=') => Token::Relation(Relation::NotEqual),
            '<' if self.take_if(|c| c == '>') => Token::Relation(Relation::NotEqual),
            '<' if self.take_if(|c| c == '=') => Token::Relation(Relation::AtMost),
            '<' => Token::Relation(Relation::Less),
            '>' if self.take_if(|c| c == '=') => Token::Relation(Relation::AtLeast),
            '>' => Token::Relation(Relation::Greater),
            '!' => return Err(failure(index, "'!=' or 'not'", "'!'")),
            other => {
                let expected = "a column, a literal, a comparison or a parenthesis (a name with other characters \
                                than letters, digits and _ stands in double quotes)";
                return Err(failure(index, expected, format_args!("{other:?}")));
            }
        })
    }

    /// The column of this name, or the field of a struct that follows it: each part of a name may stand in quotes.
    fn with_fields(&mut self, mut name: String) -> Result<Token> {
        while self.begins_field() {
            self.take();
            name.push('.');
            let index = self.taken + 1;
            match self.take_if(|c| c == '"') {
                true => name.push_str(&self.quoted('"', index)?),
                false => name.push_str(self.take_while(continues_name)),
            }
        }
        Ok(Token::Column(name))
    }

    /// Whether a dot follows, and a name behind it.
    fn begins_field(&self) -> bool {
        let mut rest = self.rest.clone().map(|(_, c)| c);
        rest.next() == Some('.') && rest.next().is_some_and(|c| starts_name(c) || c == '"')
    }

    /// The text up to the closing quote; a doubled one is a quote of the text.
    fn quoted(&mut self, quote: char, index: usize) -> Result<String> {
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != quote));
            if self.take().is_none() {
                let expected = format!("a closing {quote} for the {quote} that opens here");
                return Err(failure(index, &expected, "the end"));
            }
            if !self.take_if(|c| c == quote) {
                return Ok(text);
            }
            text.push(quote);
        }
    }

    fn number(&mut self, index: usize) -> Result<Token> {
        let from = self.byte();
        let is_digit = |c: char| c.is_ascii_digit();
        let mut digits = self.take_while(is_digit).len();
        if self.take_if(|c| c == '.') {
            digits += self.take_while(is_digit).len();
        }
        let mut is_whole = digits > 0;
        if is_whole && self.take_if(|c| matches!(c, 'e' | 'E')) {
            self.take_if(|c| matches!(c, '+' | '-'));
            is_whole = !self.take_while(is_digit).is_empty();
        }
        is_whole &= self.take_while(|c| continues_name(c) || c == '.').is_empty();
        let text = &self.text[from..self.byte()];
        if !is_whole {
            let found = if text.is_empty() { "none".to_owned() } else { format!("'{text}'") };
            let expected = "a number such as 5, -0.25 or 1e-3 (text stands in single quotes)";
            return Err(failure(index, expected, found));
        }
        let number = Number::parse(false, text).map(Token::Number);
        number.ok_or_else(|| failure(index, "a number with an exponent of at most nine digits", format!("'{text}'")))
    }
}

fn computed(left: Operand, operator: Operator, right: Operand) -> Operand {
    Operand::Computed(Box::new((left, operator, right)))
}

struct Parser {
    /// The last one is the end, and is never taken.
    tokens: Vec<(Token, usize)>,
    next: usize,
    depth: usize,
    operators: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(token, _)| token)
    }

    fn take(&mut self) -> Token {
        let token = self.tokens.get_mut(self.next).map_or(Token::End, |(token, _)| match token {
            Token::End => Token::End,
            other => std::mem::replace(other, Token::End),
        });
        self.next += usize::from(token != Token::End);
        token
    }

    fn take_if(&mut self, wanted: &Token) -> bool {
        let is_wanted = self.peek() == wanted;
        if is_wanted {
            self.take();
        }
        is_wanted
    }

    fn take_word(&mut self, word: &'static str) -> bool {
        self.take_if(&Token::Word(word))
    }

    /// That something else stands here than was expected.
    fn expected(&self, expected: &str) -> Error {
        let index = self.tokens.get(self.next).map_or(1, |(_, index)| *index);
        failure(index, expected, self.peek())
    }

    fn require(&mut self, wanted: &Token, expected: &str) -> Result<()> {
        if self.take_if(wanted) { Ok(()) } else { Err(self.expected(expected)) }
    }

    fn any(&mut self) -> Result<Expression> {
        let mut parts = vec![self.all()?];
        while self.take_word("or") {
            parts.push(self.all()?);
        }
        Ok(Expression::any(parts))
    }

    fn all(&mut self) -> Result<Expression> {
        let mut parts = vec![self.not()?];
        while self.take_word("and") {
            parts.push(self.not()?);
        }
        Ok(Expression::all(parts))
    }

    fn not(&mut self) -> Result<Expression> {
        let mut negated = false;
        while self.take_word("not") {
            negated = !negated;
        }
        let inner = self.inner()?;
        Ok(if negated { inner.negated() } else { inner })
    }

    fn inner(&mut self) -> Result<Expression> {
        if *self.peek() != Token::Open || self.opens_operand() {
            return self.test();
        }
        self.within(Self::any, "'and', 'or' or ')'")
    }

    /// What stands in parentheses, the first of which comes next.
    fn within<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T>, expected: &str) -> Result<T> {
        if self.depth == MAX_DEPTH {
            return Err(self.expected(&format!("parentheses that are nested at most {MAX_DEPTH} deep")));
        }
        self.take();
        self.depth += 1;
        let inner = inner(self)?;
        self.require(&Token::Close, expected)?;
        self.depth -= 1;
        Ok(inner)
    }

    /// Whether the parenthesis that comes next is around something to compute or to compare: what follows its end tells.
    fn opens_operand(&self) -> bool {
        let mut open = 0;
        let tokens = self.tokens.get(self.next..).unwrap_or_default();
        let end = tokens.iter().position(|(token, _)| {
            open += i32::from(*token == Token::Open) - i32::from(*token == Token::Close);
            open == 0
        });
        match end.and_then(|end| tokens.get(end + 1)) {
            Some((Token::Operator(_) | Token::Relation(_) | Token::Word("between" | "in" | "is" | "not"), _)) => true,
            Some((Token::Column(name), _)) => LIKES.iter().any(|like| like.eq_ignore_ascii_case(name)),
            _ => false,
        }
    }

    fn test(&mut self) -> Result<Expression> {
        let value = self.operand()?;
        if let Token::Relation(relation) = *self.peek() {
            self.take();
            return Ok(Expression::Compare { left: value, relation, right: self.operand()? });
        }
        if self.take_word("is") {
            let negated = self.take_word("not");
            self.require(&Token::Word("null"), if negated { "'null'" } else { "'null' or 'not null'" })?;
            return match value {
                Operand::Column(name) if negated => Ok(Expression::IsNull(name).negated()),
                Operand::Column(name) => Ok(Expression::IsNull(name)),
                other => Err(Error::Invalid(format!("'is null' is asked of a column, not of {other}"))),
            };
        }
        let negated = self.take_word("not");
        let test = if self.take_word("between") {
            let low = self.operand()?;
            self.require(&Token::Word("and"), "'and' and the upper bound of 'between'")?;
            Expression::Between { value, low, high: self.operand()? }
        } else if self.take_word("in") {
            Expression::In { value, list: self.list()? }
        } else if let Some(folds_case) = self.take_like() {
            self.like(value, folds_case)?
        } else if negated {
            return Err(self.expected("'between', 'in' or 'like' behind 'not'"));
        } else {
            match value {
                Operand::Column(name) => Expression::Flag(name),
                Operand::Literal(Literal::Boolean(value)) => Expression::Constant(Some(value)),
                Operand::Literal(Literal::Null) => Expression::Constant(None),
                other => return Err(self.expected(&format!("a comparison behind {other}"))),
            }
        };
        Ok(if negated { test.negated() } else { test })
    }

    /// `like` or `ilike`, which are words here alone: whether letters match in either case.
    fn take_like(&mut self) -> Option<bool> {
        let folds_case = self.take_named(&LIKES)?;
        Some(folds_case == 1)
    }

    /// One of these words, which elsewhere may be columns: its place among them.
    fn take_named(&mut self, words: &[&str]) -> Option<usize> {
        let Token::Column(name) = self.peek() else { return None };
        let place = words.iter().position(|word| word.eq_ignore_ascii_case(name))?;
        self.take();
        Some(place)
    }

    fn like(&mut self, value: Operand, folds_case: bool) -> Result<Expression> {
        let Operand::Column(name) = value else {
            return Err(Error::Invalid("'like' is asked of a column".to_owned()));
        };
        let text = |parser: &mut Self, expected: &str| match parser.take_if_text() {
            Some(text) => Ok(text),
            None => Err(parser.expected(expected)),
        };
        let start = self.tokens.get(self.next).map_or(1, |(_, index)| *index);
        let pattern = text(self, "a pattern in single quotes behind 'like', such as 'A%'")?;
        let mut escape = None;
        if self.take_named(&["escape"]).is_some() {
            let start = self.tokens.get(self.next).map_or(1, |(_, index)| *index);
            let given = text(self, "a character in single quotes behind 'escape'")?;
            let mut characters = given.chars();
            escape = characters.next().filter(|_| characters.next().is_none());
            if escape.is_none() {
                return Err(failure(start, "one character behind 'escape'", format_args!("'{given}'")));
            }
        }
        if Pattern::new(&pattern, folds_case, escape).is_none() {
            let found = "another character";
            return Err(failure(start, "%, _ or the character itself behind the one that escapes", found));
        }
        Ok(Expression::Like { name, pattern, folds_case, escape })
    }

    fn take_if_text(&mut self) -> Option<String> {
        match self.peek() {
            Token::Text(_) => match self.take() {
                Token::Text(text) => Some(text),
                _ => None,
            },
            _ => None,
        }
    }

    fn list(&mut self) -> Result<Vec<Literal>> {
        self.require(&Token::Open, "'(' and a list of literals behind 'in'")?;
        let mut list = Vec::new();
        loop {
            match self.operand()? {
                Operand::Literal(literal) => list.push(literal),
                Operand::Column(name) => {
                    let name = Name(&name);
                    return Err(Error::Invalid(format!(
                        "the list of 'in' holds literals, not the column {name} (text stands in single quotes)"
                    )));
                }
                computed => {
                    return Err(Error::Invalid(format!("the list of 'in' holds literals, not {computed}")));
                }
            }
            if self.take_if(&Token::Close) {
                return Ok(list);
            }
            self.require(&Token::Comma, "',' or ')'")?;
        }
    }

    fn operand(&mut self) -> Result<Operand> {
        let mut sum = self.product()?;
        while let Some(operator) = self.take_operator(1)? {
            sum = computed(sum, operator, self.product()?);
        }
        Ok(sum)
    }

    fn product(&mut self) -> Result<Operand> {
        let mut product = self.factor()?;
        while let Some(operator) = self.take_operator(2)? {
            product = computed(product, operator, self.factor()?);
        }
        Ok(product)
    }

    /// An operator of this tightness, if one comes next.
    fn take_operator(&mut self, tightness: u8) -> Result<Option<Operator>> {
        let Token::Operator(operator) = *self.peek() else { return Ok(None) };
        if operator.tightness() != tightness {
            return Ok(None);
        }
        if self.operators == MAX_OPERATORS {
            return Err(self.expected(&format!("at most {MAX_OPERATORS} operators")));
        }
        self.operators += 1;
        self.take();
        Ok(Some(operator))
    }

    /// A column, a literal or a sum in parentheses, with signs before it.
    fn factor(&mut self) -> Result<Operand> {
        let mut is_negated = false;
        while let Token::Operator(sign @ (Operator::Plus | Operator::Minus)) = *self.peek() {
            self.take();
            is_negated ^= sign == Operator::Minus;
        }
        let factor = match self.peek() {
            Token::Open => self.within(Self::operand, "an operator or ')'")?,
            _ => self.single()?,
        };
        Ok(match factor {
            Operand::Literal(Literal::Number(number)) if is_negated => {
                Operand::Literal(Literal::Number(number.negated()))
            }
            factor if is_negated => {
                let zero = Number::new(false, "", 0).map(|zero| Operand::Literal(Literal::Number(zero)));
                zero.map_or(factor.clone(), |zero| computed(zero, Operator::Minus, factor))
            }
            factor => factor,
        })
    }

    fn single(&mut self) -> Result<Operand> {
        let is_operand = match self.peek() {
            Token::Column(_) | Token::Number(_) | Token::Text(_) => true,
            Token::Word(word) => matches!(*word, "true" | "false" | "null"),
            _ => false,
        };
        if !is_operand {
            return Err(self.expected("a column, a number, 'text', true, false or null"));
        }
        Ok(match self.take() {
            // A literal with its type before it, as SQL has them: the column that it is compared with says its type anyway.
            Token::Column(name)
                if TYPES.iter().any(|known| known.eq_ignore_ascii_case(&name))
                    && matches!(self.peek(), Token::Text(_)) =>
            {
                let Token::Text(text) = self.take() else { return Err(self.expected("a text")) };
                Operand::Literal(Literal::Text(text))
            }
            Token::Column(name) => Operand::Column(name),
            Token::Number(number) => Operand::Literal(Literal::Number(number)),
            Token::Text(text) => Operand::Literal(Literal::Text(text)),
            Token::Word("true") => Operand::Literal(Literal::Boolean(true)),
            Token::Word("false") => Operand::Literal(Literal::Boolean(false)),
            _ => Operand::Literal(Literal::Null),
        })
    }
}
