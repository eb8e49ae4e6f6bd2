"""How the package is built: what imports what, how long a file is, where tests lie."""

import ast
import inspect
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "sk_dae"
TESTS = ROOT / "tests"

#: Wings, in groups: one imports wings of its own group and of those above it.
ORDER = (
    {"backend", "data", "modules", "tables"},
    {"linear", "losses", "penalties"},
    {"corruption", "training"},
    {"base"},
    {
        "autoencoder",
        "convolutional",
        "marginalized",
        "residual",
        "stacked",
        "tabular",
    },
    {"imputation", "outlier", "signals", "supervised"},
    {"metrics", "persistence", "plotting"},
    {"__main__"},
)
LEVELS = {wing: level for level, wings in enumerate(ORDER) for wing in wings}

#: Wings that are not public: plain file names, and a docstring for an `__init__`.
INTERNAL = {"backend", "base", "data", "linear", "tables", "training"}

#: Tests that mirror no part of the package.
OTHER_TESTS = {
    "benchmarks",
    "fuzz",
    "reference",
    "test_architecture.py",
    "test_common.py",
    "test_docstrings.py",
    "test_gpu.py",
    "test_import.py",
    "test_model_selection.py",
    "test_readme.py",
    "test_reproducibility.py",
}

MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_CLASS = 250  # without those of docstrings
MOST_TESTS_OF_PRIVATE_NAMES = 8

FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(path):
    """Return the parts of the module's name, less that of the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


MODULES = {module_of(path): path for path in FILES}


def imports_of(path):
    """Yield line and module, less the package, of all imports from the package."""
    package = module_of(path)
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ("sk_dae", *package)
            start = start[: len(start) - node.level + 1] if node.level else ()
            start += tuple(node.module.split(".")) if node.module else ()
            names = [(*start, alias.name) for alias in node.names]
        else:
            continue
        for name in names:
            if name[0] != "sk_dae":
                continue
            name = name[1:]
            # A name that is no module is one within a module.
            yield node.lineno, name if name in MODULES else name[:-1]


def wing_of(module):
    return module[0]


def circle_in(edges):
    """Return the nodes of a circle in a graph, or None."""
    done = set()

    def search(node, trail):
        if node in trail:
            return [*trail[trail.index(node) :], node]
        if node in done:
            return None
        for target in sorted(edges.get(node, ())):
            found = search(target, [*trail, node])
            if found:
                return found
        done.add(node)
        return None

    for start in sorted(edges):
        found = search(start, [])
        if found:
            return found
    return None


def test_every_wing_has_a_place_in_the_order():
    wings = {wing_of(module) for module in MODULES if module}
    assert wings == set(LEVELS)


def test_imports_point_one_way():
    wrong = [
        f"{path.relative_to(PACKAGE)}, line {line}: imports"
        f" {'.'.join(target) or 'sk_dae'}"
        for module, path in MODULES.items()
        if module  # not the package itself, which offers what the wings hold
        for line, target in imports_of(path)
        if not target or LEVELS[wing_of(target)] > LEVELS[wing_of(module)]
    ]
    assert not wrong


def test_no_wings_import_each_other():
    edges = {}
    for module, path in MODULES.items():
        if module:
            targets = {wing_of(target) for _, target in imports_of(path) if target}
            edges.setdefault(wing_of(module), set()).update(targets - {wing_of(module)})
    assert circle_in(edges) is None


def test_no_files_import_each_other():
    edges = {
        module: {target for _, target in imports_of(path)}
        for module, path in MODULES.items()
        if module
    }
    assert circle_in(edges) is None


def test_files_are_of_a_readable_length():
    lengths = {
        str(path.relative_to(PACKAGE)): len(path.read_text().splitlines())
        for path in FILES
    }
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_FILE}


def lines_without_docstrings(node):
    """Return the number of lines of a class, less those of its docstrings."""
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    n_lines = node.end_lineno - first + 1
    for part in ast.walk(node):
        if isinstance(part, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(part):
            docstring = part.body[0]
            n_lines -= docstring.end_lineno - docstring.lineno + 1
    return n_lines


def test_classes_are_of_a_readable_length():
    lengths = {
        f"{path.relative_to(PACKAGE)}: {node.name}": lines_without_docstrings(node)
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    assert not {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_CLASS}


def test_no_file_is_for_odds_and_ends():
    assert not [p for p in FILES if p.stem.strip("_") in ("utils", "misc", "common")]


def test_names_of_files_say_whether_they_are_public():
    wrong = [
        ".".join(module)
        for module in MODULES
        if len(module) > 1
        and any(part.startswith("_") for part in module)
        == (wing_of(module) in INTERNAL)
    ]
    assert not wrong


def test_internal_packages_hold_a_docstring_and_no_more():
    for wing in sorted(INTERNAL):
        for path in (PACKAGE / wing).rglob("__init__.py"):
            tree = ast.parse(path.read_text())
            assert ast.get_docstring(tree), path
            assert len(tree.body) == 1, path


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def private_imports(path):
    """Return the lines of a test that import a private name of the package."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules, names = [alias.name for alias in node.names], []
        elif isinstance(node, ast.ImportFrom):
            modules, names = [node.module or ""], [alias.name for alias in node.names]
        else:
            continue
        for module in modules:
            parts = module.split(".")
            if parts[0] == "sk_dae" and any(map(is_private, [*parts, *names])):
                found.append(node.lineno)
    return found


def test_few_tests_import_private_names():
    paths = sorted(TESTS.rglob("*.py"))
    found = {
        str(path.relative_to(TESTS)): lines
        for path in paths
        if (lines := private_imports(path))
    }
    summary = f"{len(found)} files of tests import private names: {found}"
    print(summary)
    assert len(found) <= MOST_TESTS_OF_PRIVATE_NAMES, summary


def test_tests_mirror_the_package():
    wings = {wing_of(module) for module in MODULES if module}
    strays = []
    for path in sorted(TESTS.rglob("test_*.py")):
        top = path.relative_to(TESTS).parts[0]
        name = top.removeprefix("test_").removesuffix(".py")
        if top not in OTHER_TESTS and name not in wings:
            strays.append(top)
    assert not strays


def test_folders_of_tests_are_those_of_the_package():
    for folder in TESTS.rglob("*/"):
        relative = folder.relative_to(TESTS)
        tested = any(folder.glob("test_*.py"))
        if tested and relative.parts and relative.parts[0] not in OTHER_TESTS:
            assert (PACKAGE / relative).is_dir(), relative


# -- the rules themselves -------------------------------------------------------------


def test_circles_are_found():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": set()}) is None
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_imports_are_read_within_functions_too(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    path = tmp_path / "losses" / "_new.py"
    path.parent.mkdir()
    path.write_text(
        inspect.cleandoc(
            """
            import sk_dae.data.rows
            from . import BaseLoss
            from ..base import fitted
            def learn():
                from ..backend.random import RandomStreams
            """
        )
    )
    found = [".".join(name) for _, name in imports_of(path)]
    assert found == ["data.rows", "losses", "base.fitted", "backend.random"]


def test_docstrings_do_not_count_in_the_length_of_a_class():
    code = 'class A:\n    """One\n    two."""\n    def f(self):\n        """Three."""'
    (node,) = ast.parse(code).body
    assert lines_without_docstrings(node) == 2


@pytest.mark.parametrize(
    ("line", "private"),
    [
        ("from sk_dae.losses import BaseLoss", False),
        ("from sk_dae.losses._base import BaseLoss", True),
        ("from sk_dae.data.rows import _Writable", True),
        ("from sk_dae.outlier import _errors", True),
        ("from sk_dae.data import rows as _rows", False),
        ("import sk_dae.losses._base", True),
        ("from sk_dae import __version__", False),
        ("from _larochelle import main", False),
    ],
)
def test_private_imports_are_told_from_others(tmp_path, line, private):
    path = tmp_path / "test_it.py"
    path.write_text(line)
    assert bool(private_imports(path)) == private
