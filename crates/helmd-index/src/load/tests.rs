use super::*;

const USUAL: &str = r#"apiVersion: v1
entries:
  mysql:
  - annotations:
      category: Database
      images: |
        - name: a
          image: x/y:1.0-r1

        - name: b
      note: |-
        one
         two
    apiVersion: v2
    appVersion: 8.4.1
    created: "2024-05-01T10:20:30.123456789Z"
    dependencies:
    - condition: a.enabled,b.enabled
      name: common
      repository: oci://example.test/charts
      tags:
      - common
      version: 2.x.x
    deprecated: true
    description: MySQL is a fast, reliable, scalable, and easy to use (open source)
      relational database system. What follows is there
      to make it long
    digest: 0c1c0e3c7c0c5c3aa1f0b4b0d1b7f4c8f3c0f9dbd4a7b8a1f2c3d4e5f6a7b8c9
    home: https://example.test
    keywords:
    - mysql
    - 'it''s'
    maintainers:
    - email: a@example.test
      name: A B
    name: mysql
    sources: []
    urls:
    - https://example.test/charts/mysql-11.0.0.tgz
    version: 11.0.0
  - name: mysql
    urls:
    - mysql-10.9.0.tgz
    version: 10.9.0
  # a comment
  "quoted":
  - {name: quoted, version: 1.0.0+b, urls: [q.tgz]}
  empty: []
generated: "2024-05-01T10:20:31Z"
"#;

/// Small numbers in a row that is always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }
}

/// The text with some lines or characters changed.
fn damaged(text: &str, dice: &mut Dice) -> String {
    const BITS: [&str; 41] = [
        "", " ", "  ", "\n", "\t", "\r", "\"", "'", ":", ": ", "- ", "-", "#", " #", "[", "]", "{", "}", "|", ">",
        "&a ", "*a", "!", "%", "~", "null", "yes", "1", "0x1", "1e3", ".", "\\", "?", "? ", ",", "---\n", "é",
        "\u{2028}", "<<: ", "@", "`",
    ];
    let mut text = text.to_owned();
    for _ in 0..=dice.roll(2) {
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        let n = dice.roll(lines.len());
        match dice.roll(6) {
            0 => drop(lines.remove(n)),
            1 => lines.swap(n, (n + 1) % text.lines().count()),
            2 => lines.insert(n, lines[dice.roll(lines.len())].clone()),
            3 => lines[n].insert(0, ' '),
            _ => {
                let ends: Vec<usize> = lines[n].char_indices().map(|(at, _)| at).collect();
                let at = ends[dice.roll(ends.len())];
                let bit = BITS[dice.roll(BITS.len())];
                if dice.roll(2) == 0 { lines[n].insert_str(at, bit) } else { lines[n].replace_range(at.., bit) }
            }
        }
        text = lines.concat();
        if text.is_empty() {
            return "x".to_owned();
        }
    }
    text
}

#[test]
fn lines_mean_what_the_parser_says() {
    let (mut dice, mut read) = (Dice(42), 0);
    let chart = USUAL.split_once("entries:\n").and_then(|(_, rest)| rest.split_once("  # a comment")).unwrap().0;
    assert!(lines::parse(chart).is_some());
    for _ in 0..4_000 {
        let text = damaged(chart, &mut dice);
        if let Some(quick) = lines::parse(&text) {
            read += 1;
            let real = helmd_yaml::parse_strict(text.as_bytes(), Numbers::Yaml);
            assert_eq!(real.as_ref().ok(), Some(&quick), "{text}\n{real:?}");
        }
    }
    assert!(read > 400, "{read}");
}

#[test]
fn pieces_mean_what_the_whole_does() {
    let (mut dice, mut read) = (Dice(7), 0);
    let plain = in_pieces(USUAL.as_bytes(), HelmMajor::Helm4).map(|b| b.finish().unwrap().index);
    assert_eq!(plain.map(|index| index.entries.len()), Some(3));
    for _ in 0..1_500 {
        let text = damaged(USUAL, &mut dice);
        if let Some(builder) = in_pieces(text.as_bytes(), HelmMajor::Helm4) {
            read += 1;
            let whole = as_a_whole(text.as_bytes(), HelmMajor::Helm4).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
            let show = |builder: Builder| match builder.finish() {
                Ok(Loaded { index, skipped, .. }) => Ok((index, skipped)),
                Err(error) => Err(error.to_string()),
            };
            assert_eq!(show(builder), show(whole), "{text}");
        }
    }
    assert!(read > 250, "{read}");
}
