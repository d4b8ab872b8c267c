//! TOML's characters and tokens.

use gotmpl::strconv;

/// A lexer's mistake: the parser adds the last key.
#[derive(Debug)]
pub(super) struct Mistake {
    pub line: usize,
    pub message: String,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bare,
    Raw,
    Escaped,
    Multiline,
    RawMultiline,
    Integer,
    Float,
    Bool,
    Datetime,
    Array,
    InlineTable,
}

/// A token: its text without quotes, and the line on which it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub line: usize,
}

/// The character that stands for the end, as in Go.
pub(super) const EOF: char = '\0';

pub(super) type Lex<T> = Result<T, Mistake>;

/// The lexer; a child of the parser, which asks for what it expects.
pub(super) struct Lexer<'a> {
    input: &'a str,
    /// The bytes after `input`, when those begin with one that is not UTF-8.
    broken: Option<u8>,
    start: usize,
    pos: usize,
    line: usize,
    at_end: bool,
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

pub(super) fn is_newline(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The character as `%q` shows it.
pub(super) fn quote(c: char) -> String {
    strconv::quote_rune(u32::from(c))
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Lexer<'a> {
        let chunk = bytes.utf8_chunks().next();
        let input = chunk.as_ref().map_or("", |c| c.valid());
        let broken = bytes.get(input.len()).copied();
        Lexer { input, broken, start: 0, pos: 0, line: 1, at_end: false }
    }

    // --- characters -----------------------------------------------------------------------------------------------

    /// The next character; bytes that are no characters and control characters are mistakes.
    pub(super) fn next(&mut self) -> Lex<char> {
        let rest = self.input.get(self.pos..).unwrap_or_default();
        let Some(c) = rest.chars().next() else {
            if let Some(byte) = self.broken {
                return self.fail_here(format!("invalid UTF-8 byte: 0x{byte:02x}"));
            }
            self.at_end = true;
            return Ok(EOF);
        };
        let lone_return = c == '\r' && !rest.starts_with("\r\n");
        if lone_return || (c.is_ascii_control() && !matches!(c, '\t' | '\r' | '\n')) {
            let message = format!("TOML files cannot contain control characters: '0x{:02x}'", u32::from(c));
            return self.fail_here(message);
        }
        if c == '\n' {
            self.line += 1;
        }
        self.pos += c.len_utf8();
        Ok(c)
    }

    /// Goes back over one character.
    pub(super) fn backup(&mut self) {
        if self.at_end {
            self.at_end = false;
            return;
        }
        let before = self.input.get(..self.pos).and_then(|t| t.chars().next_back());
        if let Some(c) = before {
            self.pos -= c.len_utf8();
            if c == '\n' {
                self.line -= 1;
            }
        }
    }

    pub(super) fn peek(&mut self) -> Lex<char> {
        let c = self.next()?;
        self.backup();
        Ok(c)
    }

    fn accept(&mut self, wanted: char) -> Lex<bool> {
        if self.next()? == wanted {
            return Ok(true);
        }
        self.backup();
        Ok(false)
    }

    /// Forgets what was read so far.
    pub(super) fn ignore(&mut self) {
        self.start = self.pos;
    }

    pub(super) fn skip_spaces(&mut self) -> Lex<()> {
        while is_space(self.next()?) {}
        self.backup();
        self.ignore();
        Ok(())
    }

    fn current(&self) -> &'a str {
        self.input.get(self.start..self.pos).unwrap_or_default()
    }

    fn emit(&mut self, kind: Kind) -> Item<'a> {
        let item = Item { kind, text: self.current(), line: self.line };
        self.ignore();
        item
    }

    // --- mistakes -------------------------------------------------------------------------------------------------

    fn fail_here<T>(&self, message: String) -> Lex<T> {
        Err(Mistake { line: self.line, message })
    }

    /// A mistake at the position; at the end of the text it belongs to the last line.
    pub(super) fn fail<T>(&self, message: impl Into<String>) -> Lex<T> {
        let after_newline = self.at_end && self.input.get(..self.pos).is_some_and(|t| t.ends_with('\n'));
        Err(Mistake { line: self.line - usize::from(after_newline), message: message.into() })
    }

    /// A mistake that was found by reading over the end of its line.
    pub(super) fn fail_before<T>(&self, message: impl Into<String>) -> Lex<T> {
        Err(Mistake { line: self.line.saturating_sub(1), message: message.into() })
    }

    // --- tokens ---------------------------------------------------------------------------------------------------

    /// Goes to the end of a comment.
    pub(super) fn comment(&mut self) -> Lex<()> {
        loop {
            let c = self.next()?;
            if is_newline(c) || c == EOF {
                self.backup();
                self.ignore();
                return Ok(());
            }
        }
    }

    /// One part of a key: bare, possibly empty, or in quotes.
    pub(super) fn key_part(&mut self) -> Lex<Item<'a>> {
        match self.peek()? {
            '"' => {
                self.next()?;
                self.string()
            }
            '\'' => {
                self.next()?;
                self.raw_string()
            }
            _ => {
                while is_bare(self.next()?) {}
                self.backup();
                Ok(self.emit(Kind::Bare))
            }
        }
    }

    /// A value, or the opening bracket of one.
    pub(super) fn value(&mut self) -> Lex<Item<'a>> {
        self.skip_spaces()?;
        let c = self.next()?;
        if matches!(c, 'i' | 'n') && self.named_float()? {
            return Ok(self.emit(Kind::Float));
        }
        match c {
            '0'..='9' => {
                return if c == '0' { self.zero() } else { self.number_or_date() };
            }
            '[' => return Ok(self.bracket(Kind::Array)),
            '{' => return Ok(self.bracket(Kind::InlineTable)),
            '"' | '\'' => return self.any_string(c),
            '.' => return self.fail("floats must start with a digit, not '.'"),
            '-' | '+' => return self.signed(),
            _ => {}
        }
        if is_letter(c) {
            self.backup();
            return self.boolean();
        }
        match c {
            EOF => self.fail("unexpected EOF; expected value"),
            '\n' => self.fail_before(format!("expected value but found {} instead", quote(c))),
            _ => self.fail(format!("expected value but found {} instead", quote(c))),
        }
    }

    /// Reads on after the first letter of `inf` or `nan`. HELM: the two are not kept apart, so `ian` is a float until its
    /// value is looked at.
    fn named_float(&mut self) -> Lex<bool> {
        Ok((self.accept('n')? && self.accept('f')?) || (self.accept('a')? && self.accept('n')?))
    }

    fn bracket(&mut self, kind: Kind) -> Item<'a> {
        self.ignore();
        self.emit(kind)
    }

    fn any_string(&mut self, quote: char) -> Lex<Item<'a>> {
        let mut long = false;
        if self.accept(quote)? {
            if self.accept(quote)? {
                long = true;
            } else {
                self.backup();
            }
        }
        match (long, quote) {
            (true, _) => self.multiline(quote),
            (false, '"') => self.string(),
            (false, _) => self.raw_string(),
        }
    }

    /// A string after its opening quote.
    fn string(&mut self) -> Lex<Item<'a>> {
        self.ignore();
        let mut kind = Kind::Raw;
        loop {
            match self.next()? {
                EOF => return self.fail("unexpected EOF; expected '\"'"),
                '\n' | '\r' => return self.fail_before("strings cannot contain newlines"),
                '\\' => {
                    self.escape()?;
                    kind = Kind::Escaped;
                }
                '"' => return self.close(kind, 1),
                _ => {}
            }
        }
    }

    fn raw_string(&mut self) -> Lex<Item<'a>> {
        self.ignore();
        loop {
            match self.next()? {
                EOF => return self.fail("unexpected EOF; expected \"'\""),
                '\n' | '\r' => return self.fail_before("strings cannot contain newlines"),
                '\'' => return self.close(Kind::Raw, 1),
                _ => {}
            }
        }
    }

    /// Ends a string whose closing quotes were read.
    fn close(&mut self, kind: Kind, quotes: usize) -> Lex<Item<'a>> {
        for _ in 0..quotes {
            self.backup();
        }
        let item = self.emit(kind);
        for _ in 0..quotes {
            self.next()?;
        }
        self.ignore();
        Ok(item)
    }

    fn multiline(&mut self, quote: char) -> Lex<Item<'a>> {
        self.ignore();
        let basic = quote == '"';
        loop {
            let c = self.next()?;
            if c == EOF {
                let wanted = if basic { "'\"\"\"'" } else { "\"'''\"" };
                return self.fail(format!("unexpected EOF; expected {wanted}"));
            }
            if c == '\\' && basic {
                let next = self.next()?;
                if !is_newline(next) {
                    self.backup();
                    self.escape()?;
                }
            }
            if c != quote || !self.accept(quote)? {
                continue;
            }
            if !self.accept(quote)? {
                self.backup();
                continue;
            }
            // Two quotes more may belong to the text, three may not.
            if self.peek()? == quote {
                let five = if basic { "\"\"\"\"\"" } else { "'''''" };
                let text = self.current();
                let escaped = basic && text.strip_suffix(five).is_some_and(|t| t.ends_with('\\'));
                if text.ends_with(five) && !escaped {
                    let six = if basic { "'\"\"\"\"\"\"'" } else { "\"''''''\"" };
                    return self.fail(format!("unexpected {six}"));
                }
                self.backup();
                self.backup();
                continue;
            }
            return self.close(if basic { Kind::Multiline } else { Kind::RawMultiline }, 3);
        }
    }

    /// The rest of an escape after its backslash.
    fn escape(&mut self) -> Lex<()> {
        let c = self.next()?;
        let (digits, name, letter) = match c {
            'e' | 'b' | 't' | 'n' | 'f' | 'r' | '"' | ' ' | '\t' | '\\' => return Ok(()),
            'x' => (2, "two", 'x'),
            'u' => (4, "four", 'u'),
            'U' => (8, "eight", 'U'),
            _ => {
                let message = format!("invalid escape in string '\\{c}'");
                return if self.at_end { self.fail_before(message) } else { self.fail(message) };
            }
        };
        for _ in 0..digits {
            if !self.next()?.is_ascii_hexdigit() {
                let got = strconv::quote(self.current().as_bytes());
                return self
                    .fail(format!("expected {name} hexadecimal digits after '\\{letter}', but got {got} instead"));
            }
        }
        Ok(())
    }

    // --- numbers, dates, words ------------------------------------------------------------------------------------

    /// Reads on while the characters are wanted.
    fn run(&mut self, wanted: impl Fn(char) -> bool) -> Lex<()> {
        while wanted(self.next()?) {}
        self.backup();
        Ok(())
    }

    /// After a leading zero.
    fn zero(&mut self) -> Lex<Item<'a>> {
        let c = self.next()?;
        let (name, wanted): (_, fn(char) -> bool) = match c {
            '0'..='9' => return self.number_or_date(),
            '_' => return self.decimal(),
            '.' | 'e' | 'E' => return self.float(),
            'b' => ("a binary", |c| matches!(c, '0' | '1')),
            'o' => ("an octal", |c| matches!(c, '0'..='7')),
            'x' => ("a hexadecimal", |c| c.is_ascii_hexdigit()),
            _ => {
                self.backup();
                return Ok(self.emit(Kind::Integer));
            }
        };
        let next = self.peek()?;
        if !wanted(next) {
            return self.fail(format!("not {name} number: '{}{next}'", self.current()));
        }
        self.run(|c| wanted(c) || c == '_')?;
        Ok(self.emit(Kind::Integer))
    }

    fn number_or_date(&mut self) -> Lex<Item<'a>> {
        self.run(|c| c.is_ascii_digit())?;
        match self.next()? {
            '-' | ':' => self.datetime(),
            '_' => self.decimal(),
            '.' | 'e' | 'E' => self.float(),
            _ => {
                self.backup();
                Ok(self.emit(Kind::Integer))
            }
        }
    }

    fn datetime(&mut self) -> Lex<Item<'a>> {
        self.run(|c| c.is_ascii_digit() || matches!(c, '-' | ':' | 'T' | 't' | ' ' | '.' | 'Z' | 'z' | '+'))?;
        let item = self.emit(Kind::Datetime);
        Ok(Item { text: item.text.trim(), ..item })
    }

    fn decimal(&mut self) -> Lex<Item<'a>> {
        self.run(|c| c.is_ascii_digit() || c == '_')?;
        if matches!(self.next()?, '.' | 'e' | 'E') {
            return self.float();
        }
        self.backup();
        Ok(self.emit(Kind::Integer))
    }

    fn float(&mut self) -> Lex<Item<'a>> {
        self.run(|c| c.is_ascii_digit() || matches!(c, '_' | '.' | '-' | '+' | 'e' | 'E'))?;
        Ok(self.emit(Kind::Float))
    }

    /// After a sign.
    fn signed(&mut self) -> Lex<Item<'a>> {
        let c = self.next()?;
        match c {
            'i' | 'n' => {
                let (second, third) = if c == 'i' { ('n', 'f') } else { ('a', 'n') };
                if !self.accept(second)? || !self.accept(third)? {
                    return self.fail(format!("invalid float: '{}'", self.current()));
                }
                Ok(self.emit(Kind::Float))
            }
            '0' => {
                let next = self.peek()?;
                if matches!(next, 'b' | 'o' | 'x') {
                    let text = self.current();
                    return self.fail(format!("cannot use sign with non-decimal numbers: '{text}{next}'"));
                }
                self.decimal()
            }
            '.' => self.fail("floats must start with a digit, not '.'"),
            '1'..='9' => self.decimal(),
            _ => self.fail(format!("expected a digit but got {}", quote(c))),
        }
    }

    fn boolean(&mut self) -> Lex<Item<'a>> {
        let from = self.pos;
        self.run(is_letter)?;
        let word = self.input.get(from..self.pos).unwrap_or_default();
        if matches!(word, "true" | "false") {
            return Ok(self.emit(Kind::Bool));
        }
        self.fail(format!("expected value but found {} instead", strconv::quote(word.as_bytes())))
    }
}

fn is_letter(c: char) -> bool {
    crate::emit::is_letter(c)
}
