//! The names that `\p{…}` takes.

/// Scripts that Go 1.26 finds, lower-cased.
///
/// HELM: Go drops underscores from the name and then looks it up as it is, so scripts whose names have an underscore (or a
/// second capital letter) are never found.
#[rustfmt::skip]
const SCRIPTS: &[&str] = &[
    "adlam", "ahom", "arabic", "armenian", "avestan", "balinese", "bamum", "batak", "bengali", "bhaiksuki",
    "bopomofo", "brahmi", "braille", "buginese", "buhid", "carian", "chakma", "cham", "cherokee", "chorasmian",
    "common", "coptic", "cuneiform", "cypriot", "cyrillic", "deseret", "devanagari", "dogra", "duployan", "elbasan",
    "elymaic", "ethiopic", "georgian", "glagolitic", "gothic", "grantha", "greek", "gujarati", "gurmukhi", "han",
    "hangul", "hanunoo", "hatran", "hebrew", "hiragana", "inherited", "javanese", "kaithi", "kannada", "katakana",
    "kawi", "kharoshthi", "khmer", "khojki", "khudawadi", "lao", "latin", "lepcha", "limbu", "lisu", "lycian",
    "lydian", "mahajani", "makasar", "malayalam", "mandaic", "manichaean", "marchen", "medefaidrin", "miao", "modi",
    "mongolian", "mro", "multani", "myanmar", "nabataean", "nandinagari", "newa", "nko", "nushu", "ogham", "oriya",
    "osage", "osmanya", "palmyrene", "phoenician", "rejang", "runic", "samaritan", "saurashtra", "sharada", "shavian",
    "siddham", "sinhala", "sogdian", "soyombo", "sundanese", "syriac", "tagalog", "tagbanwa", "takri", "tamil",
    "tangsa", "tangut", "telugu", "thaana", "thai", "tibetan", "tifinagh", "tirhuta", "toto", "ugaritic", "vai",
    "vithkuqi", "wancho", "yezidi", "yi",
];

/// Categories by their short names.
#[rustfmt::skip]
const CATEGORIES: &[&str] = &[
    "c", "cc", "cf", "cn", "co", "l", "lc", "ll", "lm", "lo", "lt", "lu", "m", "mc", "me", "mn", "n", "nd", "nl", "no",
    "p", "pc", "pd", "pe", "pf", "pi", "po", "ps", "s", "sc", "sk", "sm", "so", "z", "zl", "zp", "zs",
];

/// Categories by their long names, without the underscores that do not matter.
#[rustfmt::skip]
const LONG_CATEGORIES: &[&str] = &[
    "casedletter", "closepunctuation", "combiningmark", "connectorpunctuation", "control", "currencysymbol",
    "dashpunctuation", "decimalnumber", "enclosingmark", "finalpunctuation", "format", "initialpunctuation", "letter",
    "letternumber", "lineseparator", "lowercaseletter", "mark", "mathsymbol", "modifierletter", "modifiersymbol",
    "nonspacingmark", "number", "openpunctuation", "other", "otherletter", "othernumber", "otherpunctuation",
    "othersymbol", "paragraphseparator", "privateuse", "punctuation", "separator", "spaceseparator", "spacingmark",
    "symbol", "titlecaseletter", "unassigned", "uppercaseletter", "cntrl", "digit", "punct",
];

/// The expression of `regex-syntax` for a name in `\p{…}`; empty for the surrogates, `None` when Go has no such name.
pub(super) fn unicode_query(name: &[u8]) -> Option<String> {
    let name: String =
        name.iter().filter(|c| !matches!(c, b'_' | b'-' | b' ')).map(|c| char::from(c.to_ascii_lowercase())).collect();
    let name = name.as_str();
    Some(match name {
        "any" => "(?s:.)".to_owned(),
        "assigned" => r"\P{gc=Cn}".to_owned(),
        "ascii" => r"[\x00-\x7f]".to_owned(),
        "cs" | "surrogate" => String::new(),
        "combiningmark" => r"\p{gc=M}".to_owned(),
        "cntrl" => r"\p{gc=Cc}".to_owned(),
        "digit" => r"\p{gc=Nd}".to_owned(),
        "punct" => r"\p{gc=P}".to_owned(),
        _ if CATEGORIES.contains(&name) || LONG_CATEGORIES.contains(&name) => format!(r"\p{{gc={name}}}"),
        _ if SCRIPTS.contains(&name) => format!(r"\p{{sc={name}}}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::class::unicode;

    #[test]
    fn every_name_has_a_class() {
        for name in CATEGORIES.iter().chain(LONG_CATEGORIES).chain(SCRIPTS) {
            assert!(unicode(name.as_bytes(), false, false).is_some(), "{name}");
        }
        assert!(unicode(b"Old_Persian", false, false).is_none());
        assert!(unicode(b"Uppercase_Letter", true, true).is_some());
    }
}
