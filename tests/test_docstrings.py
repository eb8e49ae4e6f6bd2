"""The docstrings of what is public, by numpydoc's rules."""

import inspect

from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate
from sklearn.base import BaseEstimator

import sk_dae
from sk_dae import (
    corruption,
    losses,
    metrics,
    modules,
    penalties,
    persistence,
    plotting,
)

# Left out: style rules that scikit-learn does not keep either (summary on the line of
# the quotes, extended summary, "See Also" and examples everywhere, returns of None).
IGNORED = {
    "GL01",
    "GL02",
    "GL03",
    "GL08",
    "ES01",
    "SA01",
    "SA04",
    "EX01",
    "RT02",
    "YD01",
    "SS06",
    "PR02",  # parameters of __init__ are documented in the class
    "PR06",
    "PR08",
    "PR09",
}


def public_objects():
    """Yield the qualified name of every public class, method and function."""
    seen = set()
    for module in (
        sk_dae,
        corruption,
        losses,
        metrics,
        modules,
        penalties,
        persistence,
        plotting,
    ):
        for name in module.__all__:
            thing = getattr(module, name)
            if not callable(thing) or thing in seen:
                continue
            seen.add(thing)
            path = f"{thing.__module__}.{thing.__qualname__}"
            yield path
            if inspect.isclass(thing):
                for attribute, member in vars(thing).items():
                    # A method that overrides another is documented there, in full.
                    inherited = any(
                        hasattr(base, attribute) for base in thing.__bases__
                    )
                    if attribute[0] != "_" and callable(member) and not inherited:
                        yield f"{path}.{attribute}"


def test_docstrings_are_numpydoc():
    errors = {
        path: [e for e in validate(path)["errors"] if e[0] not in IGNORED]
        for path in sorted(set(public_objects()))
    }
    assert len(errors) > 50
    assert not {path: found for path, found in errors.items() if found}


def test_docstrings_name_the_parameters_in_their_order():
    public = [getattr(sk_dae, name) for name in sk_dae.__all__]
    classes = [c for c in public if inspect.isclass(c) and issubclass(c, BaseEstimator)]
    assert len(classes) > 15
    for cls in classes:
        names = [parameter.name for parameter in ClassDoc(cls)["Parameters"]]
        assert names == list(inspect.signature(cls).parameters), cls.__name__
