//! Arrow data behind PyCapsules: the C Data and C Stream Interfaces.
//!
//! The structures come from other libraries, and say themselves how long their buffers are. What they say is checked before
//! arrow-rs follows it: pointers that have to be there, text that has to be UTF-8, lengths and offsets that have to be possible,
//! children that have to be long enough, and how deep types are nested. What only reading the values shows is for
//! [`crate::input::arrow::checked`]. That a pointer leads to as many bytes as the structure claims is the exporter's promise: nobody can
//! check that from here.
//!
//! The columns of a table are read one by one: a type that is not known, or damage, spoils its own column alone, and only if somebody
//! asks for it.

use std::ffi::CStr;
use std::ptr::NonNull;
use std::sync::Arc;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi_and_data_type};
use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{Array, ArrayRef, make_array};
use arrow_data::layout;
use arrow_schema::{ArrowError, DataType, Field, FieldRef};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

/// Types that are nested deeper are refused: every library walks them by recursion.
const DEPTH: usize = 64;

/// The most children of a type, and the most rows of an array.
const CHILDREN: i64 = 1 << 24;
const ROWS: i64 = 1 << 48;

/// The most pairs of metadata of a field, and the most bytes of each part of one.
const PAIRS: i32 = 1 << 16;
const PART: i32 = 1 << 28;

type Result<T, E = ArrowError> = std::result::Result<T, E>;

fn wrong<T>(what: impl Into<String>) -> Result<T> {
    Err(ArrowError::CDataInterface(what.into()))
}

/// What arrays are of.
#[derive(Clone, Debug)]
pub enum Shape {
    /// One column.
    Column(FieldRef),
    /// The columns of a table: structs on the outside.
    Table(Vec<TableField>),
}

/// A column of a table: its field, or why that cannot be read.
#[derive(Clone, Debug)]
pub struct TableField {
    pub name: String,
    pub field: Result<FieldRef, String>,
}

/// The rows that one array holds.
pub enum Rows {
    Column(ArrayRef),
    /// The wanted columns, each as it is or why it cannot be read, and how many rows they have.
    Table(usize, Vec<Result<ArrayRef, String>>),
}

/// What a capsule named `arrow_schema` describes. Structs are a table, unless one `column` is wanted.
pub fn shape(capsule: &Bound<'_, PyCapsule>, column: bool) -> PyResult<Result<Shape>> {
    let schema: NonNull<FFI_ArrowSchema> = capsule.pointer_checked(Some(c"arrow_schema"))?.cast();
    // SAFETY: a capsule of this name holds a pointer to such a structure, which lives as long as the capsule.
    Ok(unsafe { shape_of(schema.as_ref(), column) })
}

/// The rows that a capsule named `arrow_array` holds: their shape is known already. Of a table the `wanted` columns are read.
pub fn rows(capsule: &Bound<'_, PyCapsule>, shape: &Shape, wanted: &[usize]) -> PyResult<Result<Rows>> {
    let array: NonNull<FFI_ArrowArray> = capsule.pointer_checked(Some(c"arrow_array"))?.cast();
    // SAFETY: a capsule of this name holds a pointer to such a structure. It is moved out, as the interface has it: a structure that
    // was moved out before is a released one, which is refused.
    Ok(unsafe { rows_of(FFI_ArrowArray::from_raw(array.as_ptr()), shape, wanted) })
}

/// # Safety
///
/// `schema` is a structure of the C Data Interface, of which only the contents may be wrong.
unsafe fn shape_of(schema: &FFI_ArrowSchema, column: bool) -> Result<Shape> {
    if schema.release.is_none() {
        return wrong("the schema was released before it was read");
    }
    // SAFETY: as the function requires.
    let format = unsafe { check_itself(schema) }?;
    if column || format != "+s" || !schema.dictionary.is_null() {
        // SAFETY: the same.
        return Ok(Shape::Column(unsafe { field_of(schema, 0) }?));
    }
    let fields = (0..schema.n_children as usize).map(|index| {
        // SAFETY: the exporter promises this number of pointers; whether each of them leads anywhere is checked.
        let Some(child) = (unsafe { schema.children.add(index).read_unaligned().as_ref() }) else {
            return wrong(format!("child {index} of a field is missing"));
        };
        let name = match child.name.is_null() {
            true => String::new(),
            // SAFETY: the interface has a zero at the end.
            false => unsafe { CStr::from_ptr(child.name) }.to_string_lossy().into_owned(),
        };
        // SAFETY: as the function requires.
        let field = unsafe { field_of(child, 1) }.map_err(|error| text(&error));
        Ok(TableField { name, field })
    });
    fields.collect::<Result<_>>().map(Shape::Table)
}

/// What an error of arrow-rs says, without its kind.
fn text(error: &ArrowError) -> String {
    match error {
        ArrowError::CDataInterface(text) => text.clone(),
        error => error.to_string(),
    }
}

/// # Safety
///
/// As [`shape_of`].
unsafe fn field_of(schema: &FFI_ArrowSchema, depth: usize) -> Result<FieldRef> {
    // SAFETY: as the function requires.
    unsafe { check_schema(schema, depth) }?;
    // SAFETY: the format was checked.
    let format = unsafe { CStr::from_ptr(schema.format) }.to_bytes();
    // Polars' integers of 128 bits are decimals without a fraction to everyone else.
    let field = match format == b"_pli128" {
        true => Field::new(schema.name().unwrap_or(""), DataType::Decimal128(38, 0), schema.nullable()),
        false => Field::try_from(schema)?,
    };
    check_type(field.data_type())?;
    Ok(Arc::new(field))
}

/// What a schema says of itself, without its children; the format.
///
/// # Safety
///
/// As [`shape_of`].
unsafe fn check_itself(schema: &FFI_ArrowSchema) -> Result<&str> {
    for (what, text, needed) in [("format", schema.format, true), ("name", schema.name, false)] {
        if text.is_null() {
            if needed {
                return wrong(format!("the {what} of a field is missing"));
            }
            continue;
        }
        // SAFETY: the interface has a zero at the end of both.
        if unsafe { CStr::from_ptr(text) }.to_str().is_err() {
            return wrong(format!("the {what} of a field is no UTF-8"));
        }
    }
    // SAFETY: where there is metadata, it has the form that the interface gives it.
    unsafe { check_metadata(schema.metadata.cast()) }?;
    if !(0..=CHILDREN).contains(&schema.n_children) || schema.n_children > 0 && schema.children.is_null() {
        return wrong(format!("a field has {} children, or none where they should be", schema.n_children));
    }
    // SAFETY: it was checked above.
    Ok(unsafe { CStr::from_ptr(schema.format) }.to_str().unwrap_or_default())
}

/// # Safety
///
/// As [`shape_of`].
unsafe fn check_schema(schema: &FFI_ArrowSchema, depth: usize) -> Result<()> {
    if depth > DEPTH {
        return wrong(format!("a type is nested more than {DEPTH} levels deep"));
    }
    // SAFETY: as the function requires.
    unsafe { check_itself(schema) }?;
    for index in 0..schema.n_children as usize {
        // SAFETY: the exporter promises this number of pointers; whether each of them leads anywhere is checked.
        match unsafe { schema.children.add(index).read_unaligned().as_ref() } {
            // SAFETY: as the function requires.
            Some(child) => unsafe { check_schema(child, depth + 1) }?,
            None => return wrong(format!("child {index} of a field is missing")),
        }
    }
    // SAFETY: it is a null pointer or leads to such a structure.
    if let Some(values) = unsafe { schema.dictionary.as_ref() } {
        // SAFETY: it was checked above.
        let format = unsafe { CStr::from_ptr(schema.format) }.to_bytes();
        if !matches!(format, [b'c' | b'C' | b's' | b'S' | b'i' | b'I' | b'l' | b'L']) {
            return wrong("the indices of a dictionary are no integers");
        }
        // SAFETY: as the function requires.
        unsafe { check_schema(values, depth + 1) }?;
    }
    Ok(())
}

/// # Safety
///
/// `metadata` is null, or leads to pairs in the form of the interface.
unsafe fn check_metadata(metadata: *const u8) -> Result<()> {
    if metadata.is_null() {
        return Ok(());
    }
    let mut at = metadata;
    let mut next = |most: i32, skip: bool| {
        // SAFETY: where the pairs are not at their end, a number of 32 bits follows.
        let number = unsafe { at.cast::<i32>().read_unaligned() };
        if !(0..=most).contains(&number) {
            return wrong("the metadata of a field is damaged");
        }
        let bytes = size_of::<i32>() + if skip { number as usize } else { 0 };
        // SAFETY: the length that was read says that these bytes follow.
        at = unsafe { at.add(bytes) };
        Ok(number)
    };
    for _ in 0..2 * next(PAIRS, false)? {
        next(PART, true)?;
    }
    Ok(())
}

/// What arrow-rs takes without a look at it.
fn check_type(data_type: &DataType) -> Result<()> {
    match data_type {
        DataType::FixedSizeBinary(size) | DataType::FixedSizeList(_, size) if *size < 0 => {
            return wrong(format!("a type has items of {size} bytes or values"));
        }
        DataType::RunEndEncoded(ends, _) if !ends.data_type().is_run_ends_type() => {
            return wrong(format!("the ends of runs are of type {}", ends.data_type()));
        }
        _ => {}
    }
    match data_type {
        DataType::Dictionary(_, values) => check_type(values),
        DataType::Struct(fields) => fields.iter().try_for_each(|field| check_type(field.data_type())),
        DataType::Union(fields, _) => fields.iter().try_for_each(|(_, field)| check_type(field.data_type())),
        DataType::RunEndEncoded(ends, values) => {
            [ends, values].iter().try_for_each(|field| check_type(field.data_type()))
        }
        DataType::List(values)
        | DataType::LargeList(values)
        | DataType::ListView(values)
        | DataType::LargeListView(values)
        | DataType::FixedSizeList(values, _)
        | DataType::Map(values, _) => check_type(values.data_type()),
        _ => Ok(()),
    }
}

/// # Safety
///
/// `array` is a structure of the C Data Interface, of which only the contents may be wrong.
unsafe fn rows_of(array: FFI_ArrowArray, shape: &Shape, wanted: &[usize]) -> Result<Rows> {
    if array.release.is_none() {
        return wrong("the array was released before it was read");
    }
    match shape {
        // SAFETY: as the function requires.
        Shape::Column(field) => unsafe { array_of(array, field.data_type()) }.map(Rows::Column),
        // SAFETY: the same.
        Shape::Table(fields) => unsafe { columns_of(array, fields, wanted) },
    }
}

/// # Safety
///
/// As [`rows_of`].
unsafe fn array_of(mut array: FFI_ArrowArray, data_type: &DataType) -> Result<ArrayRef> {
    // SAFETY: as the function requires.
    unsafe { check_array(&mut array, data_type) }?;
    // SAFETY: what it takes for granted was checked.
    unsafe { from_ffi_and_data_type(array, data_type.clone()) }.map(make_array)
}

/// The wanted columns of structs.
///
/// # Safety
///
/// As [`rows_of`].
unsafe fn columns_of(array: FFI_ArrowArray, fields: &[TableField], wanted: &[usize]) -> Result<Rows> {
    let (length, offset) = (array.length, array.offset);
    if !(0..=ROWS).contains(&length) || !(0..=ROWS).contains(&offset) {
        return wrong(format!("a table says that it has {length} rows from row {offset} on"));
    }
    if usize::try_from(array.n_children).ok() != Some(fields.len()) || !fields.is_empty() && array.children.is_null() {
        return wrong(format!("a batch of a table has {} columns where {} should be", array.n_children, fields.len()));
    }
    let (first, rows) = (offset as usize, length as usize);
    // SAFETY: as the function requires.
    if unsafe { has_null_rows(&array) }? {
        return wrong("a table has no null rows; these structs have");
    }
    // What the columns consist of is freed once none of them is left.
    let array = Arc::new(array);
    let column = |&index: &usize| -> Result<ArrayRef, String> {
        let field = fields.get(index).ok_or("there is no such column")?.field.as_ref().map_err(String::clone)?;
        // SAFETY: the exporter promises this number of pointers; nobody else uses what they lead to.
        let Some(child) = (unsafe { array.children.add(index).read_unaligned().as_ref() }) else {
            return Err("it is missing from a batch of the table".to_owned());
        };
        if child.release.is_none() {
            return Err("it was released before it was read".to_owned());
        }
        if child.length < length + offset {
            return Err(format!("it has {} rows, and the table {}", child.length, length + offset));
        }
        let mut share = FFI_ArrowArray::empty();
        (share.length, share.null_count, share.offset) = (child.length, child.null_count, child.offset);
        (share.n_buffers, share.buffers) = (child.n_buffers, child.buffers);
        (share.n_children, share.children, share.dictionary) = (child.n_children, child.children, child.dictionary);
        share.private_data = Arc::into_raw(Arc::clone(&array)).cast_mut().cast();
        share.release = Some(release_share);
        // SAFETY: the share says what the child says, and keeps it alive.
        let column = unsafe { array_of(share, field.data_type()) }.map_err(|error| text(&error))?;
        Ok(if (first, rows) == (0, column.len()) { column } else { column.slice(first, rows) })
    };
    Ok(Rows::Table(rows, wanted.iter().map(column).collect()))
}

/// Lets go of the structs whose column this was.
unsafe extern "C" fn release_share(share: *mut FFI_ArrowArray) {
    // SAFETY: arrow-rs calls this once, with the structure that `columns_of` has made.
    unsafe {
        drop(Arc::from_raw((*share).private_data.cast::<FFI_ArrowArray>()));
        (*share).release = None;
    }
}

/// Whether some of the structs of an array are null.
///
/// # Safety
///
/// As [`rows_of`].
unsafe fn has_null_rows(array: &FFI_ArrowArray) -> Result<bool> {
    if array.null_count < -1 || array.null_count > array.length {
        return wrong(format!("a table says that {} of its {} rows are null", array.null_count, array.length));
    }
    if array.null_count == 0 || array.n_buffers < 1 || array.buffers.is_null() {
        return Ok(array.null_count > 0);
    }
    // SAFETY: the exporter promises this number of pointers.
    let validity: *const u8 = unsafe { array.buffers.read_unaligned() }.cast();
    if validity.is_null() {
        return Ok(array.null_count > 0);
    }
    // SAFETY: a validity that is there has a bit for each row.
    let is_null = |row: usize| unsafe { validity.add(row / 8).read() } >> (row % 8) & 1 == 0;
    Ok((array.offset as usize..(array.offset + array.length) as usize).any(is_null))
}

/// Checks an array and its children. Nulls are counted by us, whatever the structure says.
///
/// # Safety
///
/// As [`array_of`].
unsafe fn check_array(array: &mut FFI_ArrowArray, data_type: &DataType) -> Result<()> {
    let whose = |what: String| ArrowError::CDataInterface(format!("an array of type {data_type} {what}"));
    let (length, offset, nulls) = (array.length, array.offset, array.null_count);
    if !(0..=ROWS).contains(&length) || !(0..=ROWS).contains(&offset) {
        return Err(whose(format!("says that it has {length} rows from row {offset} on")));
    }
    if *data_type == DataType::Null {
        // Polars gives such arrays a buffer, which arrow-rs refuses.
        array.n_buffers = 0;
    }
    let rows = (length + offset) as usize;
    let layout = layout(data_type);
    let mask = usize::from(layout.can_contain_null_mask);
    let buffers = layout.buffers.len() + mask;
    let there = usize::try_from(array.n_buffers).unwrap_or(0);
    if there < buffers + usize::from(layout.variadic) || there > 0 && array.buffers.is_null() {
        return Err(whose(format!("has {} buffers, or none where they should be", array.n_buffers)));
    }
    // SAFETY: the exporter promises this number of pointers.
    let buffer = |index: usize| unsafe { array.buffers.add(index).read_unaligned() };
    if layout.can_contain_null_mask {
        if nulls < -1 || nulls > length || nulls > 0 && buffer(0).is_null() {
            return Err(whose(format!("says that {nulls} of its {length} rows are null")));
        }
        array.null_count = -1;
    }
    // The last of the offsets, which says how long the values are.
    let last_offset = |wide: bool| {
        let (offsets, width) = (buffer(1).cast::<u8>(), if wide { size_of::<i64>() } else { size_of::<i32>() });
        if length == 0 {
            return Ok(0);
        }
        if offsets.is_null() || offsets.align_offset(width) != 0 {
            return Err(whose("has no offsets, or some that are not aligned".to_owned()));
        }
        // SAFETY: an array has one offset more than rows.
        let last = unsafe {
            match wide {
                true => offsets.cast::<i64>().add(rows).read(),
                false => offsets.cast::<i32>().add(rows).read().into(),
            }
        };
        if !(0..=ROWS).contains(&last) {
            return Err(whose(format!("has {last} as an offset")));
        }
        Ok(last as usize)
    };
    // Each child, and how many rows it has at least.
    let children: Vec<(&DataType, usize)> = match data_type {
        DataType::Utf8 | DataType::Binary => last_offset(false).map(|_| Vec::new())?,
        DataType::LargeUtf8 | DataType::LargeBinary => last_offset(true).map(|_| Vec::new())?,
        DataType::List(values) | DataType::Map(values, _) => vec![(values.data_type(), last_offset(false)?)],
        DataType::LargeList(values) => vec![(values.data_type(), last_offset(true)?)],
        DataType::ListView(values) | DataType::LargeListView(values) => vec![(values.data_type(), 0)],
        DataType::FixedSizeList(values, size) => match rows.checked_mul(*size as usize) {
            Some(rows) => vec![(values.data_type(), rows)],
            None => return Err(whose(format!("says that it has {rows} rows"))),
        },
        DataType::Struct(fields) => fields.iter().map(|field| (field.data_type(), rows)).collect(),
        DataType::Union(fields, _) => fields.iter().map(|(_, field)| (field.data_type(), 0)).collect(),
        DataType::RunEndEncoded(ends, values) => {
            vec![(ends.data_type(), usize::from(length > 0)), (values.data_type(), usize::from(length > 0))]
        }
        DataType::Utf8View | DataType::BinaryView if there > buffers + 1 => {
            let sizes = buffer(there - 1).cast::<i64>();
            if sizes.is_null() || !sizes.is_aligned() {
                return Err(whose("does not say how long its buffers are".to_owned()));
            }
            for index in 0..there - buffers - 1 {
                // SAFETY: there is one size for each of these buffers.
                let size = unsafe { sizes.add(index).read() };
                if !(0..=ROWS).contains(&size) {
                    return Err(whose(format!("has a buffer of {size} bytes")));
                }
            }
            Vec::new()
        }
        _ => Vec::new(),
    };
    if usize::try_from(array.n_children).ok() != Some(children.len())
        || !children.is_empty() && array.children.is_null()
    {
        return Err(whose(format!("has {} children where {} should be", array.n_children, children.len())));
    }
    for (index, (data_type, least)) in children.into_iter().enumerate() {
        // SAFETY: the exporter promises this number of pointers; nobody else uses what they lead to.
        let Some(child) = (unsafe { array.children.add(index).read_unaligned().as_mut() }) else {
            return Err(whose(format!("has no child {index}")));
        };
        if child.length < least as i64 {
            return Err(whose(format!("needs {least} rows in child {index}, which has {}", child.length)));
        }
        // SAFETY: as the function requires.
        unsafe { check_array(child, data_type) }?;
    }
    if let DataType::Dictionary(_, values) = data_type {
        // SAFETY: it is a null pointer or leads to such a structure.
        let Some(dictionary) = (unsafe { array.dictionary.as_mut() }) else {
            return Err(whose("has no dictionary".to_owned()));
        };
        // SAFETY: as the function requires.
        unsafe { check_array(dictionary, values) }?;
    }
    Ok(())
}

/// A stream of arrays of one shape.
pub struct Stream {
    stream: FFI_ArrowArrayStream,
    shape: Arc<Shape>,
    wanted: Vec<usize>,
}

impl Stream {
    /// The stream that a capsule named `arrow_array_stream` holds. Structs are a table, of which nothing is wanted yet, unless one
    /// `column` is wanted.
    pub fn new(capsule: &Bound<'_, PyCapsule>, column: bool) -> PyResult<Result<Self>> {
        let stream: NonNull<FFI_ArrowArrayStream> = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast();
        // SAFETY: a capsule of this name holds a pointer to such a structure, which is moved out as the interface has it.
        Ok(unsafe { Self::of(FFI_ArrowArrayStream::from_raw(stream.as_ptr()), column) })
    }

    /// # Safety
    ///
    /// `stream` is a structure of the C Stream Interface.
    unsafe fn of(mut stream: FFI_ArrowArrayStream, column: bool) -> Result<Self> {
        let (Some(get_schema), Some(_)) = (stream.get_schema, stream.release) else {
            return wrong("the stream was released before it was read");
        };
        let mut schema = FFI_ArrowSchema::empty();
        // SAFETY: the function is the stream's own, and writes such a structure.
        if unsafe { get_schema(&mut stream, &mut schema) } != 0 {
            return Err(failure(&mut stream));
        }
        // SAFETY: the stream has written it.
        let shape = Arc::new(unsafe { shape_of(&schema, column) }?);
        Ok(Self { stream, shape, wanted: Vec::new() })
    }

    /// What its arrays are of.
    pub fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// The same with these columns of the table.
    pub fn with_wanted(self, wanted: &[usize]) -> Self {
        Self { wanted: wanted.to_vec(), ..self }
    }
}

impl Iterator for Stream {
    type Item = Result<Rows>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some(get_next) = self.stream.get_next else { return Some(wrong("the stream gives no arrays")) };
        let mut array = FFI_ArrowArray::empty();
        // SAFETY: the function is the stream's own, and writes such a structure, or a released one at the end.
        if unsafe { get_next(&mut self.stream, &mut array) } != 0 {
            return Some(Err(failure(&mut self.stream)));
        }
        array.release?; // the end
        // SAFETY: the stream has written it.
        Some(unsafe { rows_of(array, &self.shape, &self.wanted) })
    }
}

/// What a stream says of its last failure.
fn failure(stream: &mut FFI_ArrowArrayStream) -> ArrowError {
    let message = stream.get_last_error.and_then(|get_last_error| {
        // SAFETY: the function is the stream's own; it returns null or text with a zero at the end, which is copied at once.
        let text = unsafe { get_last_error(stream) };
        // SAFETY: the same.
        (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
    });
    ArrowError::CDataInterface(message.unwrap_or_else(|| "the stream failed without a reason".to_owned()))
}
