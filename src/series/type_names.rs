//! What types are called: in a choice of columns, and in messages.

use std::fmt::Write;

use arrow_schema::{DataType, Field, TimeUnit};

/// What a type of numbers is called in a choice of columns, as NumPy calls it: `float64`, `int8`, `bool`; decimals of any
/// width are `decimal`. Dictionaries and runs are what their values are. Empty for other types.
pub fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Float16 => "float16",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Boolean => "bool",
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
            "decimal"
        }
        DataType::Dictionary(_, values) => type_name(values),
        DataType::RunEndEncoded(_, values) => type_name(values.data_type()),
        _ => "",
    }
}

/// A type as a person knows it from pyarrow: `float64`, `timestamp[us, tz=UTC]`, `struct<a: int64, b: string>`. How wide the offsets of
/// texts and lists are, or what the indices of a dictionary are, is not told.
pub(crate) fn type_text(data_type: &DataType) -> String {
    use DataType::{
        Binary, BinaryView, Date32, Date64, Dictionary, Duration, FixedSizeBinary, FixedSizeList, Interval,
        LargeBinary, LargeList, LargeListView, LargeUtf8, List, ListView, Map, Null, RunEndEncoded, Struct, Time32,
        Time64, Timestamp, Union, Utf8, Utf8View,
    };
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
    };
    let fields = |fields: &mut dyn Iterator<Item = &Field>| {
        let mut text = String::new();
        for field in fields {
            let separator = if text.is_empty() { "" } else { ", " };
            // Writing to a text does not fail.
            let _ = write!(text, "{separator}{}: {}", field.name(), type_text(field.data_type()));
        }
        text
    };
    match data_type {
        Null => "null".to_owned(),
        Utf8 | LargeUtf8 | Utf8View => "string".to_owned(),
        Binary | LargeBinary | BinaryView => "binary".to_owned(),
        FixedSizeBinary(width) => format!("binary[{width}]"),
        Date32 => "date".to_owned(),
        Date64 => "date64".to_owned(),
        Time32(of) | Time64(of) => format!("time[{}]", unit(of)),
        Timestamp(of, None) => format!("timestamp[{}]", unit(of)),
        Timestamp(of, Some(zone)) => format!("timestamp[{}, tz={zone}]", unit(of)),
        Duration(of) => format!("duration[{}]", unit(of)),
        Interval(_) => "interval".to_owned(),
        List(values) | LargeList(values) | ListView(values) | LargeListView(values) => {
            format!("list<{}>", type_text(values.data_type()))
        }
        FixedSizeList(values, length) => format!("list<{}>[{length}]", type_text(values.data_type())),
        Struct(of) => format!("struct<{}>", fields(&mut of.iter().map(AsRef::as_ref))),
        Map(entries, _) => match entries.data_type() {
            Struct(of) => {
                let of: Vec<String> = of.iter().map(|field| type_text(field.data_type())).collect();
                format!("map<{}>", of.join(", "))
            }
            _ => "map".to_owned(),
        },
        Union(of, _) => format!("union<{}>", fields(&mut of.iter().map(|(_, field)| field.as_ref()))),
        Dictionary(_, values) => format!("dictionary<{}>", type_text(values)),
        RunEndEncoded(_, values) => format!("run_end_encoded<{}>", type_text(values.data_type())),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision}, {scale})"),
        number => type_name(number).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_schema::{DataType, Field, Fields, TimeUnit};

    use super::type_text;

    #[test]
    fn types_as_people_know_them() {
        let field = |name: &str, data_type: DataType| Arc::new(Field::new(name, data_type, true));
        let inner = Fields::from(vec![field("a", DataType::Int64), field("b", DataType::LargeUtf8)]);
        let entries = Fields::from(vec![field("key", DataType::Utf8), field("value", DataType::Float64)]);
        for (data_type, text) in [
            (DataType::Float64, "float64"),
            (DataType::Boolean, "bool"),
            (DataType::Decimal128(12, 2), "decimal(12, 2)"),
            (DataType::Utf8View, "string"),
            (DataType::Timestamp(TimeUnit::Microsecond, None), "timestamp[us]"),
            (DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), "timestamp[ns, tz=UTC]"),
            (DataType::List(field("item", DataType::Int8)), "list<int8>"),
            (DataType::Struct(inner), "struct<a: int64, b: string>"),
            (DataType::Map(field("entries", DataType::Struct(entries)), false), "map<string, float64>"),
            (DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8)), "dictionary<string>"),
            (DataType::FixedSizeBinary(16), "binary[16]"),
        ] {
            assert_eq!(type_text(&data_type), text);
        }
    }
}
