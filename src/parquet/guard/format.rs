//! The structs of [`parquet.thrift`], with the fields that the parquet crate knows, by their numbers.
//!
//! [`parquet.thrift`]: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

use crate::parquet::guard::thrift::{Shape, Struct};

static EMPTY: Struct = Struct { name: "EmptyStruct", fields: &[] };

const UNIT: Shape = Shape::Struct(&EMPTY);

static TIME_UNIT: Struct = Struct { name: "TimeUnit", fields: &[(1, UNIT), (2, UNIT), (3, UNIT)] };

static TIME: Struct = Struct { name: "TimeType", fields: &[(1, Shape::Bool), (2, Shape::Struct(&TIME_UNIT))] };

static DECIMAL: Struct = Struct { name: "DecimalType", fields: &[(1, Shape::I32), (2, Shape::I32)] };

static INTEGER: Struct = Struct { name: "IntType", fields: &[(1, Shape::I8), (2, Shape::Bool)] };

static VARIANT: Struct = Struct { name: "VariantType", fields: &[(1, Shape::I8)] };

static GEOMETRY: Struct = Struct { name: "GeometryType", fields: &[(1, Shape::Binary)] };

static GEOGRAPHY: Struct = Struct { name: "GeographyType", fields: &[(1, Shape::Binary), (2, Shape::I32)] };

static LOGICAL: Struct = Struct {
    name: "LogicalType",
    fields: &[
        (1, UNIT),
        (2, UNIT),
        (3, UNIT),
        (4, UNIT),
        (5, Shape::Struct(&DECIMAL)),
        (6, UNIT),
        (7, Shape::Struct(&TIME)),
        (8, Shape::Struct(&TIME)),
        (10, Shape::Struct(&INTEGER)),
        (11, UNIT),
        (12, UNIT),
        (13, UNIT),
        (14, UNIT),
        (15, UNIT),
        (16, Shape::Struct(&VARIANT)),
        (17, Shape::Struct(&GEOMETRY)),
        (18, Shape::Struct(&GEOGRAPHY)),
    ],
};

static SCHEMA_ELEMENT: Struct = Struct {
    name: "SchemaElement",
    fields: &[
        (1, Shape::I32),
        (2, Shape::I32),
        (3, Shape::I32),
        (4, Shape::Binary),
        (5, Shape::I32),
        (6, Shape::I32),
        (7, Shape::I32),
        (8, Shape::I32),
        (9, Shape::I32),
        (10, Shape::Struct(&LOGICAL)),
    ],
};

static STATISTICS: Struct = Struct {
    name: "Statistics",
    fields: &[
        (1, Shape::Binary),
        (2, Shape::Binary),
        (3, Shape::I64),
        (4, Shape::I64),
        (5, Shape::Binary),
        (6, Shape::Binary),
        (7, Shape::Bool),
        (8, Shape::Bool),
    ],
};

static KEY_VALUE: Struct = Struct { name: "KeyValue", fields: &[(1, Shape::Binary), (2, Shape::Binary)] };

static SORTING: Struct =
    Struct { name: "SortingColumn", fields: &[(1, Shape::I32), (2, Shape::Bool), (3, Shape::Bool)] };

static ENCODING_STATS: Struct =
    Struct { name: "PageEncodingStats", fields: &[(1, Shape::I32), (2, Shape::I32), (3, Shape::I32)] };

static SIZES: Struct = Struct {
    name: "SizeStatistics",
    fields: &[(1, Shape::I64), (2, Shape::List(&Shape::I64)), (3, Shape::List(&Shape::I64))],
};

static BOX: Struct = Struct {
    name: "BoundingBox",
    fields: &[
        (1, Shape::Double),
        (2, Shape::Double),
        (3, Shape::Double),
        (4, Shape::Double),
        (5, Shape::Double),
        (6, Shape::Double),
        (7, Shape::Double),
        (8, Shape::Double),
    ],
};

static GEOSPATIAL: Struct =
    Struct { name: "GeospatialStatistics", fields: &[(1, Shape::Struct(&BOX)), (2, Shape::List(&Shape::I32))] };

static COLUMN_METADATA: Struct = Struct {
    name: "ColumnMetaData",
    fields: &[
        (1, Shape::I32),
        (2, Shape::List(&Shape::I32)),
        (3, Shape::List(&Shape::Binary)),
        (4, Shape::I32),
        (5, Shape::I64),
        (6, Shape::I64),
        (7, Shape::I64),
        (8, Shape::List(&Shape::Struct(&KEY_VALUE))),
        (9, Shape::I64),
        (10, Shape::I64),
        (11, Shape::I64),
        (12, Shape::Struct(&STATISTICS)),
        (13, Shape::List(&Shape::Struct(&ENCODING_STATS))),
        (14, Shape::I64),
        (15, Shape::I32),
        (16, Shape::Struct(&SIZES)),
        (17, Shape::Struct(&GEOSPATIAL)),
    ],
};

static COLUMN_KEY: Struct =
    Struct { name: "EncryptionWithColumnKey", fields: &[(1, Shape::List(&Shape::Binary)), (2, Shape::Binary)] };

static CRYPTO_METADATA: Struct =
    Struct { name: "ColumnCryptoMetaData", fields: &[(1, UNIT), (2, Shape::Struct(&COLUMN_KEY))] };

static COLUMN_CHUNK: Struct = Struct {
    name: "ColumnChunk",
    fields: &[
        (1, Shape::Binary),
        (2, Shape::I64),
        (3, Shape::Struct(&COLUMN_METADATA)),
        (4, Shape::I64),
        (5, Shape::I32),
        (6, Shape::I64),
        (7, Shape::I32),
        (8, Shape::Struct(&CRYPTO_METADATA)),
    ],
};

static ROW_GROUP: Struct = Struct {
    name: "RowGroup",
    fields: &[
        (1, Shape::List(&Shape::Struct(&COLUMN_CHUNK))),
        (2, Shape::I64),
        (3, Shape::I64),
        (4, Shape::List(&Shape::Struct(&SORTING))),
        (5, Shape::I64),
        (6, Shape::I64),
        (7, Shape::I16),
    ],
};

static COLUMN_ORDER: Struct = Struct { name: "ColumnOrder", fields: &[(1, UNIT)] };

/// A footer.
pub(in crate::parquet) static FILE_METADATA: Struct = Struct {
    name: "FileMetaData",
    fields: &[
        (1, Shape::I32),
        (2, Shape::List(&Shape::Struct(&SCHEMA_ELEMENT))),
        (3, Shape::I64),
        (4, Shape::List(&Shape::Struct(&ROW_GROUP))),
        (5, Shape::List(&Shape::Struct(&KEY_VALUE))),
        (6, Shape::Binary),
        (7, Shape::List(&Shape::Struct(&COLUMN_ORDER))),
    ],
};

static DATA_PAGE: Struct = Struct {
    name: "DataPageHeader",
    fields: &[(1, Shape::I32), (2, Shape::I32), (3, Shape::I32), (4, Shape::I32), (5, Shape::Struct(&STATISTICS))],
};

static DICTIONARY_PAGE: Struct =
    Struct { name: "DictionaryPageHeader", fields: &[(1, Shape::I32), (2, Shape::I32), (3, Shape::Bool)] };

static DATA_PAGE_V2: Struct = Struct {
    name: "DataPageHeaderV2",
    fields: &[
        (1, Shape::I32),
        (2, Shape::I32),
        (3, Shape::I32),
        (4, Shape::I32),
        (5, Shape::I32),
        (6, Shape::I32),
        (7, Shape::Bool),
        (8, Shape::Struct(&STATISTICS)),
    ],
};

static INDEX_PAGE: Struct = Struct { name: "IndexPageHeader", fields: &[] };

/// What stands before every page.
pub(in crate::parquet) static PAGE_HEADER: Struct = Struct {
    name: "PageHeader",
    fields: &[
        (1, Shape::I32),
        (2, Shape::I32),
        (3, Shape::I32),
        (4, Shape::I32),
        (5, Shape::Struct(&DATA_PAGE)),
        (6, Shape::Struct(&INDEX_PAGE)),
        (7, Shape::Struct(&DICTIONARY_PAGE)),
        (8, Shape::Struct(&DATA_PAGE_V2)),
    ],
};
