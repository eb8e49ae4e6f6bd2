"""The docstrings of what is public, by numpydoc's rules."""

import inspect

import pytest
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate

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
                    # What overrides a method is documented there, in full.
                    inherited = any(
                        hasattr(base, attribute) for base in thing.__bases__
                    )
                    if attribute[0] != "_" and callable(member) and not inherited:
                        yield f"{path}.{attribute}"


@pytest.mark.parametrize("path", sorted(set(public_objects())))
def test_docstring_is_numpydoc(path):
    errors = [e for e in validate(path)["errors"] if e[0] not in IGNORED]
    assert not errors


@pytest.mark.parametrize(
    "name",
    [
        "DenoisingAutoencoder",
        "DenoisingImputer",
        "DenoisingOutlierDetector",
        "GaussianNoise",
        "MultiScaleNoise",
        "SwapNoise",
        "TabularDenoisingAutoencoder",
    ],
)
def test_docstring_names_the_parameters_in_their_order(name):
    cls = getattr(sk_dae, name)
    names = [parameter.name for parameter in ClassDoc(cls)["Parameters"]]
    assert names == list(inspect.signature(cls).parameters)
