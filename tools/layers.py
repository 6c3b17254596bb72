"""Checks that the house stands: no file of `src/` uses one that uses it, and no room uses a higher one.

    python tools/layers.py            # exit status 1, and what is wrong, if the layering does not hold
    python tools/layers.py --graph    # the rooms and which others each uses, as a graph for Graphviz

Paths are followed to the file that defines the name, through re-exports (`pub use`). A line that re-exports is no use
of its own. Tests (`#[cfg(test)]` modules, `tests.rs`) may use whatever they like.
"""

import re
import sys
from pathlib import Path

SRC = Path(__file__).resolve().parent.parent / "src"

# The rooms, the lowest first. Those of one line do not use each other.
ROOMS = [
    ["escape", "suggest", "unfinished", "unpoisoned"],
    ["error", "catch_panic"],
    ["interrupt", "threads"],
    ["num"],
    ["arch"],
    ["memory_pool", "spill", "state", "table_bytes"],
    ["stats"],
    ["spec"],
    ["keys"],
    ["summary"],
    ["scan"],
    ["series"],
    ["json", "describe"],
    ["rolling", "accumulator", "pairs", "stream"],
    ["source"],
    ["report"],
    ["parquet"],
    ["bin"],
]

Module = tuple[str, ...]


def module_of(file: Path) -> Module:
    """The path of the module that a file holds; the crate's own is empty."""
    parts = file.relative_to(SRC).with_suffix("").parts
    return parts[:-1] if parts[-1] in ("mod", "lib") else parts


def code_of(file: Path) -> str:
    """What a file says to the compiler outside its tests: no comments, no strings."""
    text = file.read_text()
    text = re.sub(r'"(?:\\.|[^"\\])*"|//[^\n]*', '""', text)
    tests = re.search(r"#\[cfg\((?:all\()?test\b[^\n]*\n(?:pub\S* )?mod \w+ \{", text)
    text = text[: tests.start()] if tests else text
    return re.sub(r"#\[cfg\(test\)\]\n\s*(?:pub\S* )?(?:use|mod) [^;]*;", "", text)


def leaves(tree: str, prefix: Module = ()) -> list[tuple[Module, str]]:
    """The paths in a `use` tree, each with the name that it gets."""
    tree = tree.strip()
    if "{" in tree:
        before, inner = tree.split("{", 1)
        prefix += tuple(part for part in before.strip().split("::") if part)
        found, depth, start = [], 0, 0
        inner = inner.rsplit("}", 1)[0]
        for place, letter in enumerate(inner + ","):
            depth += (letter == "{") - (letter == "}")
            if letter == "," and depth == 0:
                if inner[start:place].strip():
                    found += leaves(inner[start:place], prefix)
                start = place + 1
        return found
    path, _, name = tree.partition(" as ")
    parts = prefix + tuple(part.strip() for part in path.split("::"))
    if parts[-1] == "self":
        parts = parts[:-1]
    return [(parts, name.strip() or parts[-1])]


class House:
    """The files of `src/`, and what each uses."""

    def __init__(self) -> None:
        files = [file for file in SRC.rglob("*.rs") if "tests" not in file.relative_to(SRC).with_suffix("").parts]
        self.code = {module_of(file): code_of(file) for file in files if file.relative_to(SRC).parts[0] != "bin"}
        self.exports: dict[Module, dict[str, Module]] = {module: {} for module in self.code}
        self.paths: dict[Module, list[Module]] = {}
        for module, code in self.code.items():
            paths = []
            for public, tree in re.findall(r"^\s*(pub(?:\([^)]*\))? )?use ([^;]+);", code, re.MULTILINE):
                for path, name in leaves(re.sub(r"\s+", " ", tree)):
                    absolute = self.absolute(module, path)
                    if absolute is not None and public:
                        self.exports[module][name] = absolute
                    elif absolute is not None:
                        paths.append(absolute)
                        self.exports[module].setdefault(f"({name})", absolute)
            rest = re.sub(r"^\s*(pub(?:\([^)]*\))? )?use [^;]+;", "", code, flags=re.MULTILINE)
            for path in re.findall(r"\b(?:crate|super|self)(?:::\w+)+", rest):
                absolute = self.absolute(module, tuple(path.split("::")))
                paths += [] if absolute is None else [absolute]
            for name, rest_of_path in re.findall(r"(?<![\w:])(\w+)((?:::\w+)+)", rest):
                start = self.exports[module].get(f"({name})") or self.exports[module].get(name)
                if start is None and (*module, name) in self.code:
                    start = (*module, name)
                if start is not None:
                    paths.append(start + tuple(rest_of_path.strip(":").split("::")))
            self.paths[module] = paths

    def absolute(self, module: Module, path: Module) -> Module | None:
        """The path from the crate's root; `None` for what is not of this crate."""
        if path[0] == "crate":
            return path[1:]
        if path[0] == "self":
            return module + path[1:]
        if path[0] == "super":
            while path and path[0] == "super":
                module, path = module[:-1], path[1:]
            return module + path
        return (*module, *path) if (*module, path[0]) in self.code else None

    def home(self, path: Module) -> Module:
        """The module whose file defines what a path names."""
        module: Module = ()
        for place, part in enumerate(path):
            if (*module, part) in self.code:
                module = (*module, part)
            elif part in self.exports[module]:
                return self.home(self.exports[module][part] + path[place + 1 :])
            elif part == "*":
                break
            else:
                break
        return module

    def uses(self) -> dict[Module, set[Module]]:
        """For each file the others that it uses."""
        return {
            module: {self.home(path) for path in paths} - {module, ()} for module, paths in self.paths.items() if module
        }


def circles(uses: dict[Module, set[Module]]) -> list[list[Module]]:
    """The groups of files that use each other, directly or by others (Tarjan's strongly connected components)."""
    found: list[list[Module]] = []
    order: dict[Module, int] = {}
    low: dict[Module, int] = {}
    stack: list[Module] = []

    def visit(module: Module) -> None:
        order[module] = low[module] = len(order)
        stack.append(module)
        for other in sorted(uses[module]):
            if other not in order:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], order[other])
        if low[module] == order[module]:
            circle = [stack.pop()]
            while circle[-1] != module:
                circle.append(stack.pop())
            if len(circle) > 1:
                found.append(sorted(circle))

    for module in sorted(uses):
        if module not in order:
            visit(module)
    return found


def main() -> int:
    """What is wrong, on standard error; the graph, if it is wanted, on standard output."""
    uses = House().uses()
    room = {name: place for place, names in enumerate(ROOMS) for name in names}
    if "--graph" in sys.argv:
        rooms = sorted({(module[0], other[0]) for module in uses for other in uses[module] if module[0] != other[0]})
        print("digraph rooms {", *(f"    {one} -> {other};" for one, other in rooms), "}", sep="\n")
        return 0
    wrong = [f"no room is named {module[0]}: give it a place in ROOMS" for module in uses if module[0] not in room]
    for module, others in sorted(uses.items()):
        for other in sorted(others):
            if module[0] != other[0] and room.get(module[0], 99) <= room.get(other[0], 99):
                wrong.append(f"{'/'.join(module)} uses {'/'.join(other)}, which is in a higher room")
    wrong += ["a circle: " + ", ".join("/".join(module) for module in circle) for circle in circles(uses)]
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
