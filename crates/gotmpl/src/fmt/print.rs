//! Values by verb.

use super::named::method_text;
use super::pad::{Case, Integer, Printer};
use crate::value::{FieldReader, GoString, GoType, Kind, List, Map, Object, Value, types};

/// Collections nested deeper than this print as `...`. Go has no such bound; a map that holds itself ends it there.
const MAX_DEPTH: usize = 500;

/// What stands for an address, which Go prints and nobody can rely on.
const SOME_ADDRESS: u64 = 0xc0_0001_0000;

impl Printer {
    /// One argument of a call.
    pub fn print_arg(&mut self, value: &Value, verb: char) {
        match (value, verb) {
            (Value::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Nil, _) => self.bad_verb(verb, None),
            (_, 'T') => self.string(type_name(value).as_bytes()),
            (_, 'p') => self.pointer(value, verb),
            (Value::List(list), _) if is_bytes(list) => self.bytes_arg(list, verb),
            _ => {
                if !self.by_method(value, verb) {
                    self.print_value(value, verb, 0);
                }
            }
        }
    }

    /// The `%!verb(type=value)` note.
    fn bad_verb(&mut self, verb: char, value: Option<&Value>) {
        self.write(b"%!");
        self.write_char(verb);
        self.push(b'(');
        match value {
            Some(value) => {
                let noting = std::mem::replace(&mut self.noting, true);
                self.write(type_name(value).as_bytes());
                self.push(b'=');
                self.print_value(value, 'v', 0);
                self.noting = noting;
            }
            None => self.write(b"<nil>"),
        }
        self.push(b')');
    }

    /// Prints what the type's own method gives, when it has one and the verb takes strings.
    fn by_method(&mut self, value: &Value, verb: char) -> bool {
        if self.noting {
            return false;
        }
        if verb == 'w' {
            let has_type = !matches!(value, Value::Nil);
            self.bad_verb(verb, has_type.then_some(value));
            return true;
        }
        if let (true, Value::Object(object)) = (self.flags.sharp_v, value)
            && let Some(text) = object.go_string()
        {
            self.string(&text);
            return true;
        }
        if self.flags.sharp_v || !matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
            return false;
        }
        match method_text(value) {
            Some(text) => {
                self.text(&text, verb, value);
                true
            }
            None => false,
        }
    }

    /// A value inside another (`depth` > 0), or an argument whose type has no method.
    fn print_value(&mut self, value: &Value, verb: char, depth: usize) {
        // Values may share values, so that what they print as can be any number of times larger than they are.
        if self.is_full() {
            return;
        }
        match value {
            // An interface that holds nothing prints the same for every verb.
            Value::Nil if self.flags.sharp_v => self.write(b"interface {}(nil)"),
            Value::Nil => self.write(b"<nil>"),
            _ if depth > 0 && has_methods(value) && self.by_method(value, verb) => {}
            Value::Bool(b) => match verb {
                't' | 'v' => self.pad(if *b { b"true" } else { b"false" }),
                _ => self.bad_verb(verb, Some(value)),
            },
            Value::Int(_, n) => self.int(Integer { bits: *n as u64, signed: true }, verb, value),
            Value::Uint(_, n) => self.int(Integer { bits: *n, signed: false }, verb, value),
            Value::Float(ty, f) => self.float_verb(*f, if ty.kind == Kind::Float32 { 32 } else { 64 }, verb, value),
            Value::Complex(re, im) => self.complex(*re, *im, verb, value),
            Value::String(s) => self.text(s, verb, value),
            Value::Func(_) => self.pointer(value, verb),
            Value::List(_) | Value::Map(_) | Value::Object(_) if self.depth >= MAX_DEPTH => self.write(b"..."),
            Value::List(list) => self.nested(|p| p.list(list, list.go_type().name, verb)),
            Value::Map(map) => self.nested(|p| p.map(map, map.go_type().name, verb)),
            Value::Object(object) => self.nested(|p| p.object(object.as_ref(), value, verb, depth)),
        }
    }

    fn nested(&mut self, print: impl FnOnce(&mut Printer)) {
        self.depth += 1;
        print(self);
        self.depth -= 1;
    }

    fn int(&mut self, n: Integer, verb: char, value: &Value) {
        match verb {
            'v' if self.flags.sharp_v && !n.signed => self.address(n.bits, true),
            'v' | 'd' => self.integer(n, 10, Case::Lower, verb),
            'b' => self.integer(n, 2, Case::Lower, verb),
            'o' | 'O' => self.integer(n, 8, Case::Lower, verb),
            'x' => self.integer(n, 16, Case::Lower, verb),
            'X' => self.integer(n, 16, Case::Upper, verb),
            'c' => self.character(n.bits),
            'q' => self.quoted_character(n.bits),
            'U' => self.code_point(n.bits),
            _ => self.bad_verb(verb, Some(value)),
        }
    }

    /// Hexadecimal with or without `0x`, whatever the flag says.
    fn address(&mut self, bits: u64, prefix: bool) {
        let sharp = std::mem::replace(&mut self.flags.sharp, prefix);
        self.integer(Integer { bits, signed: false }, 16, Case::Lower, 'v');
        self.flags.sharp = sharp;
    }

    fn float_verb(&mut self, f: f64, bits: u8, verb: char, value: &Value) {
        match verb {
            'v' => self.float(f, bits, b'g', -1),
            'b' => self.float(f, bits, b'b', -1),
            'g' => self.float(f, bits, b'g', -1),
            'G' => self.float(f, bits, b'G', -1),
            'x' => self.float(f, bits, b'x', -1),
            'X' => self.float(f, bits, b'X', -1),
            'f' | 'F' => self.float(f, bits, b'f', 6),
            'e' => self.float(f, bits, b'e', 6),
            'E' => self.float(f, bits, b'E', 6),
            _ => self.bad_verb(verb, Some(value)),
        }
    }

    fn complex(&mut self, re: f64, im: f64, verb: char, value: &Value) {
        if !matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E') {
            self.bad_verb(verb, Some(value));
            return;
        }
        self.push(b'(');
        self.float_verb(re, 64, verb, value);
        let plus = std::mem::replace(&mut self.flags.plus, true);
        self.float_verb(im, 64, verb, value);
        self.flags.plus = plus;
        self.write(b"i)");
    }

    /// A string, or the text of a method of `value`.
    fn text(&mut self, text: &[u8], verb: char, value: &Value) {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => self.string(text),
            'x' => self.hex_bytes(text, Case::Lower),
            'X' => self.hex_bytes(text, Case::Upper),
            'q' => self.quoted(text),
            _ => self.bad_verb(verb, Some(value)),
        }
    }

    /// A `[]byte` argument; inside other values it prints as any list.
    fn bytes_arg(&mut self, list: &List, verb: char) {
        match verb {
            'v' | 'd' if self.flags.sharp_v => self.list(list, "[]byte", 'v'),
            's' | 'q' | 'x' | 'X' => self.text(&bytes_of(list), verb, &Value::List(list.clone())),
            _ => self.list(list, if verb == 'v' { "[]byte" } else { list.go_type().name }, verb),
        }
    }

    fn list(&mut self, list: &List, type_name: &str, verb: char) {
        if is_bytes(list) && matches!(verb, 's' | 'q' | 'x' | 'X') {
            return self.text(&bytes_of(list), verb, &Value::List(list.clone()));
        }
        if !self.open(type_name, b"[", list.is_nil()) {
            return;
        }
        for (i, item) in list.iter().enumerate() {
            self.separate(i);
            self.print_value(item, verb, 1);
        }
        self.close(b"]");
    }

    fn map(&mut self, map: &Map, type_name: &str, verb: char) {
        if !self.open(type_name, b"map[", map.is_nil()) {
            return;
        }
        for (i, (key, item)) in map.entries().into_iter().enumerate() {
            if self.is_full() {
                break;
            }
            self.separate(i);
            self.print_value(&Value::String(key), verb, 1);
            self.push(b':');
            self.print_value(&item, verb, 1);
        }
        self.close(b"]");
    }

    /// The beginning of a collection; false when `nil` ended it already.
    fn open(&mut self, type_name: &str, plain: &[u8], nil: bool) -> bool {
        if !self.flags.sharp_v {
            self.write(plain);
            return true;
        }
        self.write(type_name.as_bytes());
        self.write(if nil { b"(nil)" } else { b"{" });
        !nil
    }

    fn separate(&mut self, index: usize) {
        match (index, self.flags.sharp_v) {
            (0, _) => {}
            (_, true) => self.write(b", "),
            (_, false) => self.push(b' '),
        }
    }

    fn close(&mut self, plain: &[u8]) {
        self.write(if self.flags.sharp_v { b"}" } else { plain });
    }

    fn object(&mut self, object: &dyn Object, value: &Value, verb: char, depth: usize) {
        let ty = object.go_type();
        match ty.kind {
            Kind::Ptr if depth > 0 => self.pointer(value, verb),
            Kind::Ptr => {
                self.push(b'&');
                self.fields(object, pointed_to(ty), verb);
            }
            Kind::Map | Kind::Slice => match object.as_map().map(Value::Map).or_else(|| object.json()) {
                Some(Value::Map(map)) => self.map(&map, ty.name, verb),
                Some(Value::List(list)) => self.list(&list, ty.name, verb),
                _ => self.fields(object, ty.name, verb),
            },
            Kind::Struct => self.fields(object, ty.name, verb),
            _ => match object.json() {
                Some(Value::Object(_)) | None => {
                    self.text(&object.string().unwrap_or_default(), verb, value);
                }
                Some(plain) => self.print_value(&plain, verb, 0),
            },
        }
    }

    fn fields(&mut self, object: &dyn Object, type_name: &str, verb: char) {
        if self.flags.sharp_v {
            self.write(type_name.as_bytes());
        }
        self.push(b'{');
        for (i, (name, field)) in object.fields_for(FieldReader::Fmt).into_iter().enumerate() {
            self.separate(i);
            if self.flags.plus_v || self.flags.sharp_v {
                self.write(name.as_bytes());
                self.push(b':');
            }
            self.print_value(&field, verb, 1);
        }
        self.push(b'}');
    }

    fn pointer(&mut self, value: &Value, verb: char) {
        let address = match value {
            Value::List(list) if list.is_nil() => 0,
            Value::Map(map) if map.is_nil() => 0,
            _ => SOME_ADDRESS,
        };
        if !matches!(value.kind(), Kind::Func | Kind::Map | Kind::Ptr | Kind::Slice) {
            return self.bad_verb(verb, Some(value));
        }
        let prefix = !self.flags.sharp;
        match verb {
            'v' if self.flags.sharp_v => {
                self.write(format!("({})(", type_name(value)).as_bytes());
                self.address(address, true);
                self.push(b')');
            }
            'v' | 'p' => self.address(address, prefix),
            'b' | 'o' | 'd' | 'x' | 'X' => self.int(Integer { bits: address, signed: false }, verb, value),
            _ => self.bad_verb(verb, Some(value)),
        }
    }
}

/// The type's name as Go prints it.
pub(super) fn type_name(value: &Value) -> &'static str {
    value.go_type().map_or("<nil>", |ty| ty.name)
}

fn pointed_to(ty: &'static GoType) -> &'static str {
    ty.elem.map_or_else(|| ty.name.strip_prefix('*').unwrap_or(ty.name), |elem| elem.name)
}

fn has_methods(value: &Value) -> bool {
    matches!(value, Value::Object(_) | Value::Int(..))
}

fn is_bytes(list: &List) -> bool {
    list.go_type().elem.is_some_and(|elem| elem.kind == types::UINT8.kind)
}

fn bytes_of(list: &List) -> GoString {
    let byte = |value: &Value| match value {
        Value::Uint(_, n) => u8::try_from(*n).unwrap_or_default(),
        _ => 0,
    };
    list.iter().map(byte).collect::<Vec<u8>>().into()
}
