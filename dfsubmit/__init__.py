"""dfsubmit: submit Data Forest AI apps from versioned YAML manifests, exactly once."""

__version__ = "0.1.0"
