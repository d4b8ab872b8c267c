//! Commands written as lines, and texts compared line by line.

/// The words of a line; single quotes hold words with blanks together.
#[must_use]
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        match number % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// Lines that only one of the texts has, in short.
#[must_use]
pub fn difference(name: &str, want: &str, got: &str) -> String {
    let only = |a: &str, b: &str, sign: &str| -> String {
        let known: Vec<&str> = b.lines().collect();
        let lines = a.lines().filter(|line| !known.contains(line)).take(12);
        lines.map(|line| format!("    {sign} {line}\n")).collect()
    };
    if want == got {
        return String::new();
    }
    format!("  {name}:\n{}{}", only(want, got, "helm "), only(got, want, "helmd"))
}
