//! Random tables, and predicates that ask about the edges of their values.

use std::sync::Arc;

use arrow_array::types::{
    Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, DecimalType, Float16Type, Int8Type, Int32Type,
};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, DictionaryArray, Float16Array, Float32Array,
    Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, LargeStringArray, NullArray, PrimitiveArray,
    StringArray, StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_buffer::i256;
use half::f16;
use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use super::oracle::{Side, Table, TestColumn, Tree, Value};

/// Random numbers from a seed (SplitMix64: Steele, Lea and Flood, 2014).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// An integer between bounds: small, at a bound, or anywhere.
    fn integer(&mut self, least: i128, greatest: i128) -> i128 {
        let near = i128::from(self.next() % 7) - 3;
        let value = match self.below(6) {
            0 => greatest - near.abs(),
            1 => least + near.abs(),
            2 => i128::from(self.next()) << self.below(63) >> self.below(63),
            3 => (1i128 << 53) + near,
            _ => near,
        };
        value.clamp(least, greatest)
    }

    fn float(&mut self) -> f64 {
        let special = [
            f64::NAN,
            -f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            0.0,
            -0.0,
            f64::MAX,
            f64::MIN,
            5e-324,
            -5e-324,
            f64::MIN_POSITIVE,
            0.1,
            -0.1,
            1.5,
            9007199254740992.0,
            65504.0,
            1e300,
        ];
        match self.below(4) {
            0 => f64::from_bits(self.next()),
            1 => (self.below(9) as f64 - 4.0) / 4.0,
            _ => self.pick(&special),
        }
    }

    fn text(&mut self) -> String {
        let parts = ["", "a", "b", "ab", "é", "z", "'", "\0", "\u{10ffff}", "0", "zz", "long enough to be out of line"];
        (0..self.below(3)).map(|_| self.pick(&parts)).collect()
    }

    /// Rows, in order more often than not, some of them null.
    fn rows<T>(&mut self, count: usize, value: impl Fn(&mut Self) -> T, key: impl Fn(&T) -> Value) -> Vec<Option<T>> {
        let nulls = self.pick(&[0, 0, 2, 5, 20]); // one row in this many is null
        let mut rows: Vec<T> = (0..count).map(|_| value(self)).collect();
        if self.one_in(8) && count > 0 {
            let only = value(self);
            let only_key = key(&only);
            rows.retain(|row| key(row) == only_key);
            rows = if rows.len() == count { rows } else { (0..count).map(|_| value(self)).collect() };
        }
        if !self.one_in(3) {
            rows.sort_by_key(|row| sort_key(&key(row)));
        }
        let all_null = self.one_in(25);
        rows.into_iter().map(|row| (!all_null && (nulls == 0 || !self.one_in(nulls))).then_some(row)).collect()
    }

    fn decimals<T: DecimalType>(
        &mut self,
        count: usize,
        (precision, scale): (u8, i8),
        native: impl Fn(i128) -> T::Native,
    ) -> (ArrayRef, Vec<Option<Value>>) {
        let most = 10i128.pow(u32::from(precision.min(38))) - 1;
        let rows = self.rows(count, |dice| dice.integer(-most, most), |value| Value::integer(*value));
        let array: PrimitiveArray<T> = rows.iter().map(|value| value.map(&native)).collect();
        let array = array.with_precision_and_scale(precision, scale).unwrap();
        let value = |value: i128| Value::decimal(value, -i32::from(scale));
        (Arc::new(array), rows.into_iter().map(|row| row.map(value)).collect())
    }

    fn column(&mut self, count: usize) -> (ArrayRef, Vec<Option<Value>>) {
        macro_rules! integers {
            ($array:ty, $native:ty) => {{
                let (least, greatest) = (<$native>::MIN.into(), <$native>::MAX.into());
                let rows = self.rows(count, |dice| dice.integer(least, greatest), |value| Value::integer(*value));
                let array: $array = rows.iter().map(|row| row.map(|value| value as $native)).collect();
                (array, rows.into_iter().map(|row| row.map(Value::integer)).collect::<Vec<_>>())
            }};
        }
        macro_rules! column {
            ($parts:expr) => {{
                let (array, values) = $parts;
                (Arc::new(array) as ArrayRef, values)
            }};
        }
        fn times(values: Vec<Option<Value>>, exponent: i32) -> Vec<Option<Value>> {
            let scale = |value: Value| {
                Value::decimal(value.digits().0 * BigInt::from(10).pow(value.digits().1 as u32), exponent)
            };
            values.into_iter().map(|value| value.map(scale)).collect()
        }
        let zone = self.pick(&[None, Some("UTC"), Some("+05:30")]).map(Arc::<str>::from);
        match self.below(30) {
            0 | 1 => {
                let rows = self.rows(count, |dice| dice.one_in(2), |value| Value::Boolean(*value));
                let values = rows.iter().map(|row| row.map(Value::Boolean)).collect();
                (Arc::new(BooleanArray::from(rows)), values)
            }
            2 => column!(integers!(Int8Array, i8)),
            3 => column!(integers!(Int16Array, i16)),
            4 => column!(integers!(Int32Array, i32)),
            5 => column!(integers!(Int64Array, i64)),
            6 => column!(integers!(UInt8Array, u8)),
            7 => column!(integers!(UInt16Array, u16)),
            8 => column!(integers!(UInt32Array, u32)),
            9 => column!(integers!(UInt64Array, u64)),
            10 | 11 => {
                let rows = self.rows(count, Self::float, |value| Value::float(*value));
                let values = rows.iter().map(|row| row.map(Value::float)).collect();
                (Arc::new(Float64Array::from(rows)), values)
            }
            12 => {
                let rows = self.rows(count, |dice| dice.float() as f32, |value| Value::float((*value).into()));
                let values = rows.iter().map(|row| row.map(|value| Value::float(value.into()))).collect();
                (Arc::new(Float32Array::from(rows)), values)
            }
            13 => {
                let rows = self.rows(count, |dice| f16::from_f64(dice.float()), |value| Value::float(value.to_f64()));
                let values = rows.iter().map(|row| row.map(|value| Value::float(value.to_f64()))).collect();
                (Arc::new(rows.into_iter().collect::<Float16Array>()) as Arc<PrimitiveArray<Float16Type>>, values)
            }
            14 => self.decimals::<Decimal32Type>(count, (9, 2), |value| value as i32),
            15 => self.decimals::<Decimal64Type>(count, (18, 4), |value| value as i64),
            16 => self.decimals::<Decimal128Type>(count, (38, 10), |value| value),
            17 => self.decimals::<Decimal128Type>(count, (8, 0), |value| value),
            18 => self.decimals::<Decimal256Type>(count, (76, 30), i256::from_i128),
            19 | 20 => {
                let rows = self.rows(count, Self::text, |value| Value::Text(value.clone()));
                let array: ArrayRef = match self.below(3) {
                    0 => Arc::new(StringArray::from_iter(&rows)),
                    1 => Arc::new(LargeStringArray::from_iter(&rows)),
                    _ => Arc::new(StringViewArray::from_iter(&rows)),
                };
                (array, rows.into_iter().map(|row| row.map(Value::Text)).collect())
            }
            21 => {
                let (array, values) = integers!(Date32Array, i32);
                let days = values.into_iter().map(|value| {
                    value.map(|value| {
                        Value::integer(value.digits().0 * BigInt::from(10).pow(value.digits().1 as u32) * 86_400)
                    })
                });
                (Arc::new(array), days.collect())
            }
            22 => {
                let (array, values) = integers!(Date64Array, i64);
                (Arc::new(array), times(values, -3))
            }
            23 => {
                let (array, values) = integers!(TimestampSecondArray, i64);
                (Arc::new(array.with_timezone_opt(zone)), times(values, 0))
            }
            24 => {
                let (array, values) = integers!(TimestampMillisecondArray, i64);
                (Arc::new(array.with_timezone_opt(zone)), times(values, -3))
            }
            25 => {
                let (array, values) = integers!(TimestampMicrosecondArray, i64);
                (Arc::new(array.with_timezone_opt(zone)), times(values, -6))
            }
            26 => {
                let (array, values) = integers!(TimestampNanosecondArray, i64);
                (Arc::new(array.with_timezone_opt(zone)), times(values, -9))
            }
            27 => {
                let rows = self.rows(count, Self::text, |value| Value::Text(value.clone()));
                let array: DictionaryArray<Int32Type> = rows.iter().map(|row| row.as_deref()).collect();
                (Arc::new(array), rows.into_iter().map(|row| row.map(Value::Text)).collect())
            }
            28 => {
                // Nulls among the keys, and among the values.
                let known = 1 + self.below(20);
                let values: Vec<Option<f64>> =
                    (0..known).map(|_| Some(self.float()).filter(|_| !self.one_in(5))).collect();
                let keys = self.rows(count, |dice| dice.below(known) as i8, |key| Value::integer(*key));
                let row = |key: &Option<i8>| values[usize::try_from((*key)?).unwrap()].map(Value::float);
                let rows = keys.iter().map(row).collect();
                let keys = PrimitiveArray::<Int8Type>::from(keys);
                (Arc::new(DictionaryArray::new(keys, Arc::new(Float64Array::from(values)))), rows)
            }
            _ if self.one_in(2) => (Arc::new(NullArray::new(count)), vec![None; count]),
            _ => {
                let rows = self.rows(count, |dice| dice.text().into_bytes(), |_| Value::Other);
                let values = rows.iter().map(|row| row.as_ref().map(|_| Value::Other)).collect();
                (Arc::new(BinaryArray::from_iter(rows)), values)
            }
        }
    }

    pub fn table(&mut self, rows: usize) -> Table {
        let names = ["x", "Ünicode_1", "_", "in", "two words", "quo\"ted", "", "'", "nul\0"];
        let count = 1 + self.below(5);
        let first = self.below(names.len());
        let column = |i: usize| {
            let (array, values) = self.column(rows);
            TestColumn { name: names[(first + i) % names.len()].to_owned(), array, values }
        };
        Table { columns: (0..count).map(column).collect(), rows }
    }

    fn spelled(&mut self, word: &str) -> String {
        match self.below(3) {
            0 => word.to_uppercase(),
            1 => word.to_owned(),
            _ => word.chars().map(|c| if self.one_in(2) { c.to_ascii_uppercase() } else { c }).collect(),
        }
    }

    fn name(&mut self, name: &str) -> String {
        let is_plain = ["x", "Ünicode_1", "_", "absent"].contains(&name);
        if is_plain && !self.one_in(4) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
    }

    /// digits·10^exponent, in one of its spellings.
    fn number(&mut self, digits: &BigInt, exponent: i32) -> String {
        let (sign, magnitude) =
            (if digits.is_negative() { "-" } else { self.pick(&["", "", "+"]) }, digits.abs().to_string());
        let zeros = "0".repeat(self.below(3));
        match self.below(3) {
            0 if exponent <= 0 => {
                let indices = exponent.unsigned_abs() as usize;
                let padded = format!("{magnitude:0>width$}", width = indices + 1);
                let (whole, fraction) = padded.split_at(padded.len() - indices);
                format!("{sign}{zeros}{whole}.{fraction}{zeros}")
            }
            1 if (0..300).contains(&exponent) => format!("{sign}{magnitude}{}", "0".repeat(exponent as usize)),
            _ => format!("{sign}{zeros}{magnitude}{}{exponent}", self.pick(&["e", "E"])),
        }
    }

    /// A literal that a column may be compared with: often one of its values, or the next thing to one.
    fn literal(&mut self, table: &Table, column: usize) -> (Side, String) {
        let column = &table.columns[column];
        let near = if table.rows == 0 { None } else { column.values[self.below(table.rows)].clone() };
        let (value, text) = match (column.array.data_type().to_string(), near) {
            _ if self.one_in(12) => (None, self.spelled("null")),
            (name, _) if name == "Boolean" => {
                let value = self.one_in(2);
                (Some(Value::Boolean(value)), self.spelled(&value.to_string()))
            }
            (name, near) if name.contains("Utf8") => {
                let text = match near {
                    Some(Value::Text(near)) if !self.one_in(4) => near + self.pick(&["", "", "\0", "a"]),
                    _ => self.text(),
                };
                let quoted = format!("'{}'", text.replace('\'', "''"));
                (Some(Value::Text(text)), quoted)
            }
            (name, near) if name.starts_with("Date") || name.starts_with("Timestamp") => {
                let seconds = match near {
                    Some(near @ Value::Fraction(..)) if !self.one_in(4) => near,
                    _ => Value::integer(self.integer(-1 << 40, 1 << 40)),
                };
                let (digits, exponent) = self.nudged(&seconds);
                let (value, text) = self.time(&digits, exponent);
                (Some(value), text)
            }
            (_, near) => {
                let near = match near {
                    Some(near @ Value::Fraction(..)) if !self.one_in(4) => near,
                    _ => Value::integer(self.integer(-i128::MAX, i128::MAX)),
                };
                let (digits, exponent) = match self.below(30) {
                    0 => (BigInt::from(self.integer(-9, 9)), 400),
                    1 => (BigInt::from(self.integer(-9, 9)), -400),
                    _ => self.nudged(&near),
                };
                let text = self.number(&digits, exponent);
                (Some(Value::decimal(digits, exponent)), text)
            }
        };
        (Side::Literal(value), text)
    }

    /// A decimal at a fraction, or a little above or below.
    fn nudged(&mut self, value: &Value) -> (BigInt, i32) {
        let (digits, exponent) = value.digits();
        let further = self.pick(&[0, 0, 1, 3]);
        let nudge = self.pick(&[-1, 0, 0, 0, 1, 5]);
        (digits * BigInt::from(10).pow(further) + nudge, exponent - further as i32)
    }

    /// digits·10^exponent seconds since 1970 as ISO 8601 writes it; a nearby one if the year would be too great.
    fn time(&mut self, digits: &BigInt, exponent: i32) -> (Value, String) {
        let unit = BigInt::from(10).pow(exponent.unsigned_abs());
        let (mut whole, fraction) = if exponent >= 0 { (digits * unit, BigInt::zero()) } else { floor(digits, &unit) };
        let most = BigInt::from(10).pow(16); // some 317 million years
        whole = whole.clamp(-most.clone(), most);
        let offset = if self.one_in(3) { self.below(1439) as i64 - 719 } else { 0 };
        let local = i64::try_from(&whole).unwrap() + 60 * offset;
        let (days, seconds) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil(days);
        let year = if (0..=9999).contains(&year) { format!("{year:04}") } else { format!("{year:+05}") };
        let indices = if exponent < 0 { exponent.unsigned_abs() as usize } else { 0 };
        let value = Value::decimal(&whole * BigInt::from(10).pow(indices as u32) + &fraction, -(indices as i32));
        let date = format!("{year}-{month:02}-{day:02}");
        if seconds == 0 && fraction.is_zero() && offset == 0 && !self.one_in(4) {
            return (value, format!("'{date}'"));
        }
        let fraction = if indices == 0 { String::new() } else { format!(".{:0>indices$}", fraction.to_string()) };
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let zone = match (offset, self.below(3)) {
            (0, 0) => String::new(),
            (0, 1) => "Z".to_owned(),
            (_, 2) => format!("{}{:02}{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 60, offset.abs() % 60),
            _ => format!("{}{:02}:{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 60, offset.abs() % 60),
        };
        let separator = self.pick(&["T", " ", "t"]);
        (value, format!("'{date}{separator}{hour:02}:{minute:02}:{second:02}{fraction}{zone}'"))
    }

    /// A side to compare with a column: a literal, or another column of its kind.
    fn other_side(&mut self, table: &Table, column: usize) -> (Side, String) {
        let class = |index: usize| class(&table.columns[index].array.data_type().to_string());
        let alike: Vec<usize> = (0..table.columns.len()).filter(|other| class(*other) == class(column)).collect();
        if self.one_in(4) {
            let other = self.pick(&alike);
            return (Side::Column(Some(other)), self.name(&table.columns[other].name));
        }
        self.literal(table, column)
    }

    /// A random predicate over the table's columns, and over one that is not there.
    pub fn predicate(&mut self, table: &Table, depth: usize) -> (Tree, String) {
        if depth > 0 && self.one_in(2) {
            let (is_and, word) = self.pick(&[(true, "and"), (false, "or")]);
            if self.one_in(4) {
                let (inner, text) = self.predicate(table, depth - 1);
                return (Tree::Not(Box::new(inner)), format!("{} ({text})", self.spelled("not")));
            }
            let parts: Vec<_> = (0..2 + self.below(2)).map(|_| self.predicate(table, depth - 1)).collect();
            let (trees, texts): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
            let word = self.spelled(word);
            let text = texts.iter().map(|text| format!("({text})")).collect::<Vec<_>>().join(&format!(" {word}\n"));
            return (if is_and { Tree::And(trees) } else { Tree::Or(trees) }, text);
        }
        let index = self.below(table.columns.len());
        let name = self.name(&table.columns[index].name);
        let side = Side::Column(Some(index));
        let class = class(&table.columns[index].array.data_type().to_string());
        if self.one_in(12) {
            let answer = self.pick(&[Some(true), Some(false), None]);
            return (Tree::Constant(answer), answer.map_or_else(|| "null".to_owned(), |answer| answer.to_string()));
        }
        if self.one_in(12) {
            let side = Side::Column(None);
            let name = self.name("absent");
            return match self.below(3) {
                0 => (Tree::IsNull(side), format!("{name} is null")),
                1 => (Tree::Flag(side), name),
                _ => (Tree::Compare(side, "=", Side::Literal(Some(Value::integer(1)))), format!("{name} = 1")),
            };
        }
        let (not, is_negated) = if self.one_in(3) { (self.spelled("not "), true) } else { (String::new(), false) };
        let negate = |tree: Tree| if is_negated { Tree::Not(Box::new(tree)) } else { tree };
        match self.below(8) {
            0 => (negate(Tree::IsNull(side)), format!("{name} {} {not}{}", self.spelled("is"), self.spelled("null"))),
            _ if class == "other" => (negate(Tree::IsNull(side)), format!("{name} is {not}null")),
            1 if class == "Boolean" => (negate(Tree::Flag(side)), format!("{not}{name}")),
            1 | 2 => {
                let (low, low_text) = self.other_side(table, index);
                let (high, high_text) = self.other_side(table, index);
                let words = (self.spelled("between"), self.spelled("and"));
                let text = format!("{name} {not}{} {low_text} {} {high_text}", words.0, words.1);
                (negate(Tree::Between(side, low, high)), text)
            }
            3 => {
                let list: Vec<_> = (0..1 + self.below(5)).map(|_| self.literal(table, index)).collect();
                let (list, texts): (Vec<_>, Vec<_>) = list.into_iter().unzip();
                (negate(Tree::In(side, list)), format!("{name} {not}{}({})", self.spelled("in"), texts.join(" ,")))
            }
            _ => {
                let (other, other_text) = self.other_side(table, index);
                let relation = self.pick(&["=", "==", "!=", "<>", "<", "<=", ">", ">="]);
                if self.one_in(4) {
                    (negate(Tree::Compare(other, relation, side)), format!("{not}{other_text}{relation}{name}"))
                } else {
                    (negate(Tree::Compare(side, relation, other)), format!("{not}{name}{relation} {other_text}"))
                }
            }
        }
    }
}

/// Which types are compared with which.
fn class(data_type: &str) -> &'static str {
    match data_type {
        "Boolean" => "Boolean",
        name if name.contains("Utf8") => "text",
        name if name.starts_with("Date") || name.starts_with("Timestamp") => "time",
        "Binary" | "Null" => "other",
        _ => "number",
    }
}

fn floor(numerator: &BigInt, denominator: &BigInt) -> (BigInt, BigInt) {
    let rest = ((numerator % denominator) + denominator) % denominator;
    ((numerator - &rest) / denominator, rest)
}

/// Year, month and day, by stepping through the calendar: whole cycles of 400 years first.
fn civil(days: i64) -> (i64, i64, i64) {
    let (mut year, mut days) = (1970 + 400 * days.div_euclid(146_097), days.rem_euclid(146_097));
    let is_leap = |year: i64| year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + i64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    (year, month as i64 + 1, days + 1)
}

/// What sorts values as they are compared, as far as that matters to a random table.
fn sort_key(value: &Value) -> (i8, BigInt, String) {
    match value {
        Value::NaN => (2, BigInt::zero(), String::new()),
        Value::Infinity(sign) => (*sign as i8, BigInt::zero(), String::new()),
        Value::Fraction(numerator, denominator) => {
            (0, numerator * (BigInt::from(1) << 1080) / denominator, String::new())
        }
        Value::Text(text) => (0, BigInt::zero(), text.clone()),
        Value::Boolean(value) => (*value as i8, BigInt::zero(), String::new()),
        Value::Other => (0, BigInt::zero(), String::new()),
    }
}
