//! One record of comma separated values, as Go's encoding/csv reads it.

/// Reads the first record that is not an empty line.
///
/// # Errors
/// Stray quotes in Go's words; `EOF` without a record.
pub fn record(text: &str) -> Result<Vec<String>, String> {
    let mut lines = Lines { rest: text, number: 0 };
    let line = loop {
        match lines.next() {
            None => return Err("EOF".to_owned()),
            Some(line) if line == "\n" => {}
            Some(line) => break line,
        }
    };
    Reader { start: lines.number, lines, column: 1, at: 0, fields: Vec::new() }.fields(line)
}

/// The lines of a text with their line breaks, `\r\n` as `\n`.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.number += 1;
        Some(match (line.strip_suffix("\r\n"), rest.is_empty()) {
            (Some(line), _) => format!("{line}\n"),
            (None, true) => line.strip_suffix('\r').unwrap_or(line).to_owned(),
            (None, false) => line.to_owned(),
        })
    }
}

struct Reader<'a> {
    lines: Lines<'a>,
    /// Where the record began.
    start: usize,
    /// Where in the line we are, in bytes from 1.
    column: usize,
    /// Lines that the current field has taken.
    at: usize,
    fields: Vec<String>,
}

impl Reader<'_> {
    fn fields(mut self, mut line: String) -> Result<Vec<String>, String> {
        loop {
            let rest = match line.strip_prefix('"') {
                Some(quoted) => {
                    self.column += 1;
                    self.quoted(quoted.to_owned())?
                }
                None => self.plain(&line)?,
            };
            match rest {
                Some(rest) => line = rest,
                None => return Ok(self.fields),
            }
        }
    }

    /// A field without quotes; gives what follows its comma.
    fn plain(&mut self, line: &str) -> Result<Option<String>, String> {
        let (field, rest) = match line.split_once(',') {
            Some((field, rest)) => (field, Some(rest)),
            None => (line.strip_suffix('\n').unwrap_or(line), None),
        };
        if let Some(quote) = field.find('"') {
            return Err(self.fault(self.lines.number, self.column + quote, "bare \" in non-quoted-field"));
        }
        self.fields.push(field.to_owned());
        self.column += field.len() + 1;
        Ok(rest.map(str::to_owned))
    }

    /// A field behind its first quote; gives what follows its comma.
    fn quoted(&mut self, mut line: String) -> Result<Option<String>, String> {
        const WRONG: &str = "extraneous or missing \" in quoted-field";
        let mut field = String::new();
        loop {
            if let Some((before, behind)) = line.split_once('"') {
                field.push_str(before);
                self.column += before.len() + 1;
                if let Some(more) = behind.strip_prefix('"') {
                    field.push('"');
                    self.column += 1;
                    line = more.to_owned();
                } else if let Some(rest) = behind.strip_prefix(',') {
                    self.column += 1;
                    self.fields.push(field);
                    return Ok(Some(rest.to_owned()));
                } else if behind.is_empty() || behind == "\n" {
                    self.fields.push(field);
                    return Ok(None);
                } else {
                    return Err(self.fault(self.lines.number, self.column - 1, WRONG));
                }
            } else if line.is_empty() {
                return Err(self.fault(self.start + self.at, self.column, WRONG));
            } else {
                field.push_str(&line);
                self.column += line.len();
                line = self.lines.next().unwrap_or_default();
                if !line.is_empty() {
                    self.at += 1;
                    self.column = 1;
                }
            }
        }
    }

    fn fault(&self, line: usize, column: usize, what: &str) -> String {
        let place = format!("parse error on line {line}, column {column}: {what}");
        if line == self.start { place } else { format!("record on line {}; {place}", self.start) }
    }
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn records_are_gos() {
        let read = |text: &str| record(text).map(|fields| fields.join("|"));
        for (text, want) in [
            ("a,b", "a|b"),
            ("a,", "a|"),
            ("\n\na\nb", "a"),
            ("\"a,\"\"b\",c", "a,\"b|c"),
            ("\"a\nb\",c\r\n", "a\nb|c"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(want));
        }
        for (text, want) in [
            ("\n", "EOF"),
            ("a\"b", "parse error on line 1, column 2: bare \" in non-quoted-field"),
            ("\"a\"b", "parse error on line 1, column 3: extraneous or missing \" in quoted-field"),
            ("\"a", "parse error on line 1, column 3: extraneous or missing \" in quoted-field"),
            ("x,\"a\nb", "record on line 1; parse error on line 2, column 2: extraneous or missing \" in quoted-field"),
        ] {
            assert_eq!(read(text).as_ref().map_err(String::as_str), Err(want));
        }
    }
}
