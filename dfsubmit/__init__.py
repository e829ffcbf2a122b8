"""dfsubmit: submit Data Forest AI apps from versioned YAML manifests, exactly once.

The public Python API is the functions of `dfsubmit.api`, offered here by name and imported when first asked for:
`import dfsubmit` and `dfsubmit --version` import nothing else.
"""

__version__ = "0.1.0"

__all__ = ["__version__", "apply", "load", "make_plan", "status", "validate"]

# Type checkers take a variable of this name for true; `typing` itself would be an import.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from dfsubmit.api import apply, load, make_plan, status, validate
else:

    def __getattr__(name: str) -> object:
        """Return a function of the API. Raises AttributeError for any other name."""
        if name not in __all__:
            raise AttributeError(f"module 'dfsubmit' has no attribute '{name}'")
        # By name, so that no module of ours counts as importing everything because it asks for the version.
        from importlib import import_module  # noqa: PLC0415  # see the module's text

        return getattr(import_module("dfsubmit.api"), name)

    def __dir__() -> list[str]:
        """Return what this module offers, for help and completion."""
        return sorted([*globals(), *__all__])
