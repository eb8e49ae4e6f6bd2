"""The registry of classes: names, states, and states of older files."""

import uuid

import pytest
import torch
from sklearn.base import BaseEstimator
from torch import nn

from sk_dae.backend.serialization import (
    find_class,
    get_state,
    is_serializable,
    is_standalone,
    left_out,
    make_object,
    serializable,
)


def named(cls, **options):
    """Register a class under a name that no other test has."""
    cls.__name__ = cls.__qualname__ = f"{cls.__name__}{uuid.uuid4().hex}"
    return serializable(cls, **options)


def through_state(value, format=2):
    """Return an object made from the state of another."""
    return make_object(type(value).__name__, get_state(value), format)


def test_object_is_made_of_its_attributes_alone():
    class Point:
        def __init__(self, x):
            raise AssertionError("is not called")

    cls = named(Point)
    point = object.__new__(cls)
    point.x = 3
    assert through_state(point).x == 3
    assert is_serializable(point)
    assert not is_standalone(point)


def test_decorator_takes_options_and_leaves_the_class_as_it_is():
    class Estimator:
        pass

    Estimator.__name__ = f"Estimator{uuid.uuid4().hex}"
    assert serializable(standalone=True)(Estimator) is Estimator
    assert is_standalone(Estimator())


def test_subclass_is_not_registered_by_its_base():
    class Base:
        pass

    class Derived(named(Base)):
        pass

    assert not is_serializable(Derived())
    assert find_class(Derived.__name__) is None
    with pytest.raises(ValueError, match=r"'Derived'.*must be registered"):
        make_object("Derived", {}, 2)


def test_alias_finds_the_class():
    alias = f"Old{uuid.uuid4().hex}"

    class New:
        pass

    cls = named(New, aliases=[alias])
    assert find_class(alias) is cls
    assert type(make_object(alias, {}, 1)) is cls


def test_name_belongs_to_one_class():
    class GaussianNoise:
        pass

    import sk_dae

    with pytest.raises(ValueError, match=r"'GaussianNoise', which is the name of sk_"):
        serializable(GaussianNoise)
    assert find_class("GaussianNoise") is sk_dae.GaussianNoise


def test_class_that_is_defined_anew_takes_its_own_place():
    # As in a notebook, whose cells are run again.
    name = f"Cell{uuid.uuid4().hex}"
    first, second = (type(name, (), {"__module__": "__main__"}) for _ in range(2))
    serializable(first)
    serializable(second)
    assert find_class(name) is second
    assert not is_serializable(first())


def test_class_of_the_package_that_is_imported_later_takes_the_name():
    name = f"Late{uuid.uuid4().hex}"
    serializable(type(name, (), {"__module__": "users"}))
    own = serializable(type(name, (), {"__module__": "sk_dae.later"}))
    assert find_class(name) is own


def test_attributes_of_the_process_are_left_out_of_subclasses_too():
    class Base:
        pass

    class Derived(named(Base, leave_out=["_cache"])):
        pass

    cls = named(Derived, leave_out=["_layout"])
    value = cls()
    vars(value).update(_cache=1, _layout=2, _skl_callbacks=3, kept=4)
    assert get_state(value) == {"kept": 4}
    assert {"_cache", "_layout"} <= left_out(cls)


def test_state_of_an_older_file_is_brought_up_to_date_base_by_base():
    class Base:
        @classmethod
        def upgrade_state(cls, state, format):
            if "rate" in state:
                state["level"] = state.pop("rate")
            return state

    class Derived(Base):
        @classmethod
        def upgrade_state(cls, state, format):
            # The base class has done its part.
            return {**state, "doubled": 2 * state["level"], "read_from": format}

    cls = named(Derived)
    old = {"rate": 0.2}
    value = make_object(cls.__name__, old, 1)
    assert vars(value) == {"level": 0.2, "doubled": 0.4, "read_from": 1}
    assert old == {"rate": 0.2}
    assert vars(make_object(cls.__name__, {"level": 1}, 2))["level"] == 1


def test_parameter_that_a_file_lacks_gets_its_default():
    class Estimator(BaseEstimator):
        def __init__(self, level, *, kind="round", depth=None):
            self.level = level
            self.kind = kind
            self.depth = depth

    cls = named(Estimator)
    value = make_object(cls.__name__, {"level": 0.5, "kind": "flat"}, 1)
    assert value.get_params() == {"level": 0.5, "kind": "flat", "depth": None}


def test_argument_of_a_plain_class_is_not_taken_for_an_attribute():
    class Plain:
        def __init__(self, x=3):
            self._x = x

    cls = named(Plain)
    assert vars(through_state(cls(4))) == {"_x": 4}


class Module(nn.Module):
    def __init__(self):
        super().__init__()
        self.level = 0.5
        self.register_buffer("mean", torch.arange(3.0))
        self.register_buffer("unset", None)
        self.register_buffer("cache", torch.ones(2), persistent=False)
        self.slope = nn.Parameter(torch.ones(2), requires_grad=False)
        self.register_parameter("bias", None)
        self.inner = nn.ModuleList()


def test_torch_module_keeps_buffers_parameters_and_modules():
    module = named(Module)()
    module.inner.append(nn.Identity())
    twin = through_state(module)
    assert twin.level == 0.5
    assert dict(twin.named_buffers()).keys() == {"mean"}
    assert torch.equal(twin.mean, module.mean)
    assert torch.equal(twin.slope, module.slope)
    assert not twin.slope.requires_grad
    assert len(twin.inner) == 1
    # Slots that are empty take tensors as they would have.
    twin.unset = torch.ones(1)
    twin.bias = nn.Parameter(torch.zeros(1))
    assert twin.state_dict().keys() == {"mean", "unset", "slope", "bias"}


def test_tensors_of_a_file_older_than_the_module_become_buffers():
    cls = named(type("Module", (nn.Module,), {}))
    module = make_object(cls.__name__, {"mean": torch.ones(3), "level": 2}, 1)
    assert module.state_dict().keys() == {"mean"}
    assert module.level == 2
