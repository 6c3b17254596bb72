"""Arrow capsules that say what is not so. Run as a program it tries each of them, and prints what came of it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import rstats


class Schema(ctypes.Structure):
    """`ArrowSchema` of the C Data Interface."""


class Array(ctypes.Structure):
    """`ArrowArray` of the C Data Interface."""


Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(Schema))),
    ("dictionary", ctypes.POINTER(Schema)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]
Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.POINTER(Array)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]

capsule = ctypes.pythonapi.PyCapsule_New
capsule.restype = ctypes.py_object
capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


# Whatever the structures say, nothing is freed: the memory is pyarrow's, which would follow what they say.
@ctypes.CFUNCTYPE(None, ctypes.POINTER(Schema))
def keep_schema(schema: Any) -> None:
    schema.contents.release = None


@ctypes.CFUNCTYPE(None, ctypes.POINTER(Array))
def keep_array(array: Any) -> None:
    array.contents.release = None


class Liar:
    """An array of pyarrow, whose structures were changed."""

    def __init__(self, array: pa.Array, lie: Callable[[Schema, Array], None]) -> None:
        self.kept = array
        self.schema, self.array = Schema(), Array()
        array._export_to_c(ctypes.addressof(self.array), ctypes.addressof(self.schema))
        self.schema.release = ctypes.cast(keep_schema, ctypes.c_void_p).value
        self.array.release = ctypes.cast(keep_array, ctypes.c_void_p).value
        lie(self.schema, self.array)
        self.lies = bytes(self.schema), bytes(self.array)

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[Any, Any]:
        # The reader before this one has moved them out.
        for structure, lie in zip((self.schema, self.array), self.lies, strict=True):
            ctypes.memmove(ctypes.byref(structure), lie, len(lie))
        schema = capsule(ctypes.addressof(self.schema), b"arrow_schema", None)
        return schema, capsule(ctypes.addressof(self.array), b"arrow_array", None)


def put(field: str, value: Any) -> Callable[[Any], None]:
    return lambda structure: setattr(structure, field, value)


def buffer(place: int, value: int | None) -> Callable[[Any], None]:
    def lie(array: Array) -> None:
        array.buffers[place] = value

    return lie


def child(place: int) -> Callable[[Any], None]:
    def lie(structure: Any) -> None:
        if structure.children:
            structure.children[place] = None

    return lie


SCHEMAS: dict[str, Callable[[Any], None]] = {
    "a name that is no UTF-8": put("name", b"caf\xe9"),
    "a format that is no UTF-8": put("format", b"\xff"),
    "no format": put("format", None),
    "an empty format": put("format", b""),
    "a format that is none": put("format", b"%%"),
    "a decimal of any width": put("format", b"d:99999999999,2"),
    "items of negative size": put("format", b"w:-1"),
    "lists of negative size": put("format", b"+w:-1"),
    "too many children": put("n_children", 5),
    "children beyond all memory": put("n_children", 1 << 60),
    "fewer children than none": put("n_children", -1),
    "no child where one is": child(0),
    "no list of children": put("children", None),
    "no dictionary": put("dictionary", None),
    "released": put("release", None),
}
ARRAYS: dict[str, Callable[[Any], None]] = {
    "a negative length": put("length", -1),
    "the least length": put("length", -(1 << 63)),
    "a length beyond all memory": put("length", 1 << 62),
    "a negative offset": put("offset", -1),
    "an offset beyond all memory": put("offset", (1 << 63) - 1),
    "more nulls than rows": put("null_count", 1000),
    "fewer nulls than unknown": put("null_count", -2),
    "nulls without a bitmap": lambda array: (
        setattr(array, "null_count", 1),
        array.n_buffers and buffer(0, None)(array),
    ),
    "no buffers": put("n_buffers", 0),
    "a negative number of buffers": put("n_buffers", -1),
    "no list of buffers": put("buffers", None),
    "no values": lambda array: array.n_buffers > 1 and buffer(1, None)(array),
    "no bytes": lambda array: array.n_buffers > 2 and buffer(2, None)(array),
    "no children": put("n_children", 0),
    "too many children": put("n_children", 7),
    "no child where one is": child(0),
    "a child that is too short": lambda array: array.n_children > 0 and put("length", 0)(array.children[0].contents),
    "a child with a negative length": lambda array: (
        array.n_children > 0 and put("length", -5)(array.children[0].contents)
    ),
    "no dictionary": put("dictionary", None),
    "released": put("release", None),
}


def arrays() -> dict[str, pa.Array]:
    numbers = pa.array([1.5, None, 2.5, 3.5])
    texts = pa.array(["a", None, "", "a long text that does not fit in a view"])
    return {
        "float64": numbers,
        "int8": pa.array([1, None, 3, 4], pa.int8()),
        "bool": pa.array([True, None, False, True]),
        "decimal": pa.array([1, None, 3, 4], pa.decimal128(20, 2)),
        "null": pa.nulls(4),
        "text": texts,
        "large text": texts.cast(pa.large_string()),
        "text view": texts.cast(pa.string_view()),
        "bytes of one size": pa.array([b"ab", None, b"cd", b"ef"], pa.binary(2)),
        "list": pa.array([[1.0], None, [], [2.0, 3.0]]),
        "fixed list": pa.array([[1.0, 2.0], None, [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float64(), 2)),
        "list view": pa.array([[1.0], None, [], [2.0, 3.0]], pa.list_view(pa.float64())),
        "dictionary": pa.array(["x", None, "y", "x"]).dictionary_encode(),
        "dictionary of numbers": pa.array([1, None, 2, 1]).dictionary_encode(),
        "runs": pa.RunEndEncodedArray.from_arrays(pa.array([2, 4], pa.int32()), pa.array([1.5, 2.5])),
        "table": pa.StructArray.from_arrays([texts, numbers], ["k", "x"]),
        "table of dictionaries": pa.StructArray.from_arrays([texts.dictionary_encode(), numbers], ["k", "x"]),
    }


def table_of(keys: pa.Array) -> pa.StructArray:
    """A table without a look at its columns."""
    fields = [pa.field("k", keys.type), pa.field("x", pa.float64())]
    return pa.StructArray.from_buffers(pa.struct(fields), len(keys), [None], children=[keys, pa.array([1.0, 2, 3])])


def liars() -> Iterator[tuple[str, Any]]:
    for name, array in arrays().items():
        for lie, change in SCHEMAS.items():
            yield f"{name}: schema: {lie}", Liar(array, lambda schema, _, change=change: change(schema))
        for lie, change in ARRAYS.items():
            yield f"{name}: array: {lie}", Liar(array, lambda _, array, change=change: change(array))
    # The same of the columns of a table, which are keys.
    table = arrays()["table"]
    for column in (0, 1):
        for lie, change in ARRAYS.items():
            if lie == "released":  # what a child says of that is nobody's business
                continue
            yield (
                f"table: column {column}: {lie}",
                Liar(table, lambda _, array, change=change, column=column: change(array.children[column].contents)),
            )
    # Values that only a look at them shows to be wrong.
    cut = pa.array(["ab", "cd", "ef"]).buffers()
    for offsets in ([0, 4, 2, 6], [0, 2, 4, 3], [0, -2, 4, 6]):
        wrong = pa.py_buffer(pa.array(offsets, pa.int32()).buffers()[1])
        keys = pa.Array.from_buffers(pa.string(), 3, [None, wrong, cut[2]])
        yield f"offsets {offsets}", Liar(table_of(keys), lambda *_: None)
    for codes in ([0, 1, 7], [0, -1, 1]):
        keys = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(["a", "b"]), safe=False)
        yield f"codes {codes}", Liar(table_of(keys), lambda *_: None)


def nested(depth: int) -> pa.Array:
    array = pa.array([1.0, 2.0])
    for _ in range(depth):
        array = pa.StructArray.from_arrays([array], ["x"])
    return array


def main() -> None:
    everything: list[tuple[str, Any]] = list(liars())
    everything += [(f"{depth} nested structs", nested(depth)) for depth in (70, 3000)]
    for name, data in everything:
        for arguments in ({}, {"by": "k"}, {"columns": "k"}):
            print(f"{name} {arguments}", end=" -> ")
            sys.stdout.flush()
            try:
                d = rstats.describe(data, **arguments)
                repr(d)
                d.to_dicts()
                print("described")
            except (ValueError, TypeError) as error:
                print(type(error).__name__, error)


if __name__ == "__main__":
    main()
