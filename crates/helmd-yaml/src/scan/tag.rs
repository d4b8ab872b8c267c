//! Directives, anchors, aliases and tags.

use super::{Kind, Scan, Scanner, Tag};

fn is_alpha(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')
}

impl<'a> Scanner<'a> {
    /// Scans a `%YAML` or `%TAG` line.
    pub(super) fn scan_directive(&mut self) -> Scan<Kind<'a>> {
        self.skip(1);
        let name = self.alpha();
        if name.is_empty() {
            return self.fail("could not find expected directive name");
        }
        if !self.is_blankz(0) {
            return self.fail("found unexpected non-alphabetical character");
        }
        let kind = match name {
            "YAML" => self.version()?,
            "TAG" => Kind::TagDirective(Box::new(self.tag_directive()?)),
            _ => return self.fail("found unknown directive name"),
        };
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_comment();
        }
        if !self.is_breakz(0) {
            return self.fail("did not find expected comment or line break");
        }
        self.take_break();
        Ok(kind)
    }

    fn alpha(&mut self) -> &'a str {
        let start = self.pos;
        while is_alpha(self.at(0)) {
            self.pos += 1;
        }
        self.slice(start, self.pos)
    }

    fn version(&mut self) -> Scan<Kind<'a>> {
        self.skip_blanks();
        let major = self.version_number()?;
        if self.at(0) != b'.' {
            return self.fail("did not find expected digit or '.' character");
        }
        self.skip(1);
        let minor = self.version_number()?;
        Ok(Kind::Version { major, minor })
    }

    fn version_number(&mut self) -> Scan<u8> {
        let (mut number, mut digits) = (0, 0);
        while self.at(0).is_ascii_digit() {
            digits += 1;
            if digits > 2 {
                return self.fail("found extremely long version number");
            }
            number = number * 10 + (self.at(0) - b'0');
            self.skip(1);
        }
        if digits == 0 {
            return self.fail("did not find expected version number");
        }
        Ok(number)
    }

    fn tag_directive(&mut self) -> Scan<Tag> {
        self.skip_blanks();
        let handle = self.tag_handle(true)?.to_owned();
        if !self.is_blank(0) {
            return self.fail("did not find expected whitespace");
        }
        self.skip_blanks();
        let rest = self.tag_uri("")?;
        if !self.is_blankz(0) {
            return self.fail("did not find expected whitespace or line break");
        }
        Ok(Tag { handle, rest })
    }

    /// Scans an anchor or alias and gives its name.
    pub(super) fn scan_anchor(&mut self) -> Scan<&'a str> {
        self.skip(1);
        let name = self.alpha();
        let ends = self.is_blankz(0) || matches!(self.at(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return self.fail("did not find expected alphabetic or numeric character");
        }
        Ok(name)
    }

    /// Scans a tag: `!<uri>`, `!suffix` or `!handle!suffix`.
    pub(super) fn scan_tag(&mut self) -> Scan<Tag> {
        let tag = if self.at(1) == b'<' {
            self.skip(2);
            let rest = self.tag_uri("")?;
            if self.at(0) != b'>' {
                return self.fail("did not find the expected '>'");
            }
            self.skip(1);
            Tag { handle: String::new(), rest }
        } else {
            let handle = self.tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                Tag { handle: handle.to_owned(), rest: self.tag_uri("")? }
            } else {
                let rest = self.tag_uri(handle)?;
                if rest.is_empty() {
                    Tag { handle: String::new(), rest: "!".to_owned() }
                } else {
                    Tag { handle: "!".to_owned(), rest }
                }
            }
        };
        if !self.is_blankz(0) {
            return self.fail("did not find expected whitespace or line break");
        }
        Ok(tag)
    }

    fn tag_handle(&mut self, directive: bool) -> Scan<&'a str> {
        let start = self.pos;
        if self.at(0) != b'!' {
            return self.fail("did not find expected '!'");
        }
        self.skip(1);
        self.alpha();
        if self.at(0) == b'!' {
            self.skip(1);
        } else if directive && self.pos - start != 1 {
            return self.fail("did not find expected '!'");
        }
        Ok(self.slice(start, self.pos))
    }

    /// Scans a tag's characters after `head`, what was taken for a handle (its `!` does not count).
    fn tag_uri(&mut self, head: &str) -> Scan<String> {
        let mut uri = head.get(1..).unwrap_or_default().as_bytes().to_vec();
        let mut found = !head.is_empty();
        loop {
            match self.at(0) {
                b'%' => self.uri_escape(&mut uri)?,
                b if is_alpha(b) || b";/?:@&=+$,.!~*'()[]".contains(&b) => {
                    uri.push(b);
                    self.skip(1);
                }
                _ => break,
            }
            found = true;
        }
        if !found {
            return self.fail("did not find expected tag URI");
        }
        Ok(String::from_utf8(uri).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
    }

    /// Reads the `%XX` of one character.
    fn uri_escape(&mut self, uri: &mut Vec<u8>) -> Scan<()> {
        let mut left = 0;
        loop {
            let digits = (char::from(self.at(1)).to_digit(16), char::from(self.at(2)).to_digit(16));
            let (b'%', (Some(high), Some(low))) = (self.at(0), digits) else {
                return self.fail("did not find URI escaped octet");
            };
            let octet = (high * 16 + low) as u8;
            if left == 0 {
                left = match octet {
                    0..=0x7f => 1,
                    0xc0..=0xdf => 2,
                    0xe0..=0xef => 3,
                    0xf0..=0xf7 => 4,
                    _ => return self.fail("found an incorrect leading UTF-8 octet"),
                };
            } else if octet & 0xc0 != 0x80 {
                return self.fail("found an incorrect trailing UTF-8 octet");
            }
            uri.push(octet);
            self.skip(3);
            left -= 1;
            if left == 0 {
                return Ok(());
            }
        }
    }
}
