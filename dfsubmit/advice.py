"""What is allowed but unwise (DF04xx), what looks like a secret in plain text (DF05xx), and what a Project forbids an app.

Advice never fails a run unless `--strict`: no document of the API forbids these. Each rule is a generator over the paths of
one manifest, with a place for every finding. `credentials` reads the plain data, so it also works on documents that
are no manifests; its findings are masked, and no message holds the value.
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from dfsubmit.diagnostics import Diagnostic, Edit, Related, Severity, Span
from dfsubmit.judging.paths import Path, dotted
from dfsubmit.judging.quoting import quoted, short
from dfsubmit.kinds import is_app
from dfsubmit.leaks import SHORTEST_SECRET, Leak, has_hint, known, may_hold, named, random_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dfsubmit.document import Document
    from dfsubmit.manifest import AiApp, Project

# The models that the API's pages name (facts sheet, sections 6 and 12); others may exist.
KNOWN_GPU_MODELS = ("V100", "T4")
# Tags that are moved to newer images by convention.
_MOVING_TAGS = frozenset(
    {
        *("latest", "nightly", "edge", "dev", "devel", "develop", "main", "master", "head", "stable", "lts", "current"),
        *("rolling", "canary", "snapshot"),
    }
)
_SAFE_PREFIX = re.compile(r"[a-z][a-z0-9]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# With a marker, the rest of the eight characters of a prefix is the marker (design, section 4).
MARKER_PREFIX_LENGTH = 3


def advise(document: Document, manifest: AiApp | Project) -> tuple[Diagnostic, ...]:
    """Return what is unwise in a valid document, and what looks like a credential in it."""
    findings = credentials(document)
    if is_app(manifest):
        for rule in _RULES:
            findings += rule(document, manifest)
    return tuple(findings)


def has_room_for_marker(prefix: str, project: Project | None) -> bool:
    """Tell whether `prefix` is as short as `project`, if there is one, wants it."""
    return project is None or not project.spec.submission.marker or len(prefix) <= MARKER_PREFIX_LENGTH


def advise_in_project(document: Document, manifest: AiApp, project: Project) -> tuple[Diagnostic, ...]:
    """Return what is wrong with an app only because of its Project's settings."""
    prefix = manifest.spec.name_prefix
    if has_room_for_marker(prefix, project):
        return ()
    message = (
        f"spec.namePrefix must be 2 or 3 characters in a project with markers, but {quoted(prefix)} has {len(prefix)}"
    )
    help_text = (
        f"shorten it, say to {quoted(prefix[:MARKER_PREFIX_LENGTH])}, or turn submission.marker off in the Project"
    )
    return (_at(document, ("spec", "namePrefix"), "DF0306", message, help_text, severity=Severity.ERROR),)


def credentials(document: Document) -> list[Diagnostic]:
    """Return a masked finding for every text of `document` that looks like a credential."""
    findings: list[Diagnostic] = []
    source = document.text[slice(*document.region)]
    if not may_hold(source):
        return findings
    # What an escape hides in the source may show in a value.
    hinted = "\\" in source or has_hint(source)
    if not _is_suspect("", document.data, hinted=hinted):
        return findings
    for path, name, text in _texts(document.data):
        if len(text) < SHORTEST_SECRET:
            continue
        leak = known(text)
        code = "DF0501"
        if leak is None:
            code = "DF0502"
            leak = Leak(what="a secret", start=0, end=len(text)) if random_for(name, text) else named(text)
        if leak is not None:
            findings.append(_leaked(document, path, code, leak, text))
    return findings


def _is_suspect(name: str, data: Any, *, hinted: bool) -> bool:
    """Tell whether a text in `data`, which stands under `name`, may hold a credential; in doubt yes, and without a path.

    `hinted` says whether there may be a hint of an issued key in any of it.
    """
    if isinstance(data, str):
        if len(data) < SHORTEST_SECRET:
            return False
        return (hinted and has_hint(data)) or random_for(name, data) or named(data) is not None
    if isinstance(data, dict):
        return any(_is_suspect(key, inner, hinted=hinted) for key, inner in data.items())
    return isinstance(data, list) and any(_is_suspect(name, inner, hinted=hinted) for inner in data)


def _texts(data: Any) -> Iterator[tuple[Path, str, str]]:
    """Yield the path, the last key and the text of every text in `data`."""
    waiting: list[tuple[Path, str, Any]] = [((), "", data)]
    while waiting:
        path, name, value = waiting.pop()
        if isinstance(value, str):
            yield path, name, value
        elif isinstance(value, dict):
            waiting += [((*path, key), key, inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), name, inner) for index, inner in enumerate(value)]


def _leaked(document: Document, path: Path, code: str, leak: Leak, text: str) -> Diagnostic:
    """Return the finding for a credential, at its own characters where they can be told in the source."""
    where = dotted(path) or "the document"
    message = f"{where} holds {'what looks like ' if code == 'DF0502' else ''}{leak.what} in plain text"
    key = path[-1] if path else ""
    variable = (
        key if path[:3] == ("spec", "docker", "env") and isinstance(key, str) and _VARIABLE.fullmatch(key) else "NAME"
    )
    help_text = (
        f"set the variable {short(variable)} where dfsubmit runs, and write {{fromEnv: {short(variable)}}}"
        if variable != "NAME"
        else "move it to spec.docker.env as {fromEnv: NAME}, and set NAME where dfsubmit runs"
    )
    return Diagnostic(
        code=code,
        message=message,
        path=document.path,
        span=_span_of(document, path, text[leak.start : leak.end]),
        help=f"{help_text}; replace the key where it was issued",
        masked=True,
    )


def _span_of(document: Document, path: Path, secret: str) -> Span:
    """Return the place of `secret` in the value at `path`; of the whole value when escapes hide it."""
    start, end = document.offsets(path)
    at = document.text.find(secret, start, end)
    return document.source.span(at, at + len(secret)) if at >= 0 else document.span(path)


def _at(
    document: Document,
    path: Path,
    code: str,
    message: str,
    help_text: str,
    *,
    severity: Severity = Severity.WARNING,
    key: bool = False,
    edits: tuple[Edit, ...] = (),
    related: tuple[Related, ...] = (),
) -> Diagnostic:
    return Diagnostic(
        code=code,
        message=message,
        path=document.path,
        severity=severity,
        span=document.span(path, key=key),
        help=help_text,
        edits=edits,
        related=related,
    )


def _image(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    path = ("spec", "docker", "image")
    image = app.spec.docker.image
    # What follows the colon of a digest counts as a tag here: it never moves.
    _, colon, tag = image.rpartition("/")[2].partition(":")
    help_text = "name a fixed version or a digest, so that a run can be repeated"
    if not colon or not tag:
        yield _at(document, path, "DF0401", f"the image {quoted(image)} has no tag, which means `latest`", help_text)
    elif _moves(tag):
        yield _at(document, path, "DF0401", f"the image's tag {quoted(tag)} moves to newer images", help_text)


# What can be pulled, in the usual form: a host, then a path in lower case, then tag and digest.
_HOST = r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?|[A-Za-z0-9-]+:[0-9]+|localhost)/"
_IMAGE = re.compile(rf"(?:{_HOST})?[a-z0-9._/-]+(?::[\w.-]+)?(?:@[\w.:+-]+)?", re.ASCII)
# A comment that goes on without a blank; `#!` and rows of `#` are comments for certain.
_TIGHT_NOTE = re.compile(r"[ \t]+#[^\s#!]")
_SCHEME = re.compile(r"[a-z]+://", re.IGNORECASE)
_NOT_IN_IMAGE = re.compile(r"[^A-Za-z0-9._/:@+-]")


def _reference(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    """Warn of an image that nothing can pull, as its reference has not the form of one."""
    image = app.spec.docker.image
    if _IMAGE.fullmatch(image):
        return
    scheme = _SCHEME.match(image)
    wrong = _NOT_IN_IMAGE.search(image)
    if scheme:
        what, better = f"begins with {scheme.group()}", image[scheme.end() :]
    elif wrong:
        what, better = f"has {'a blank' if wrong.group().isspace() else quoted(wrong.group())} in it", image.strip()
    else:
        what, better = "has a capital letter in its path", image.lower()
    advice = f"write {short(better)}" if _IMAGE.fullmatch(better) else "an image is named as [HOST/]PATH:TAG"
    yield _at(
        document,
        ("spec", "docker", "image"),
        "DF0410",
        f"the image {quoted(image)} {what}, and cannot be pulled",
        advice,
    )


def _edges(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    """Warn of blanks at the ends of values that a blank is no part of."""
    data, docker = app.spec.data, app.spec.docker
    texts: list[tuple[Path, str]] = [(("spec", "queueName"), app.spec.queue_name)]
    texts += [(("spec", "data", "input", at, "hdfs"), item.hdfs) for at, item in enumerate(data.input)]
    texts += [(("spec", "data", "input", at, "path"), item.path) for at, item in enumerate(data.input)]
    texts += [(("spec", "data", "output", at, "hdfs"), item.hdfs) for at, item in enumerate(data.output)]
    texts += [(("spec", "data", "output", at, "path"), item.path) for at, item in enumerate(data.output)]
    for path, text in texts:
        bare = text.strip()
        if bare != text:
            place = "its start" if text[:1].isspace() else "its end"
            yield _at(document, path, "DF0411", f"{dotted(path)} has a blank at {place}", f"write {quoted(bare)}")
    if not docker.command.strip():
        message = "spec.docker.command has nothing but blanks in it"
        yield _at(document, ("spec", "docker", "command"), "DF0411", message, "write the command")


def _quotes(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    """Warn of a command or arguments whose quotes a shell would wait for; texts of several lines may hold anything."""
    for name, text in (("command", app.spec.docker.command), ("args", app.spec.docker.args or "")):
        if (text.count('"') % 2 == 0 and text.count("'") % 2 == 0) or "\n" in text or "#" in text:
            continue
        try:
            shlex.split(text)
        except ValueError:
            message = f"a quote in spec.docker.{name} is never closed"
            advice = "close it, or remove it: outside of YAML's own quotes, a quote is part of the text"
            yield _at(document, ("spec", "docker", name), "DF0412", message, advice)


def _cut(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    """Warn of a `#` behind a command that makes the rest of it a comment, though no blank follows as in one."""
    if not _TIGHT_NOTE.search(document.text, *document.region):
        return
    for name, text in (("command", app.spec.docker.command), ("args", app.spec.docker.args)):
        path = ("spec", "docker", name)
        scalar = document.scalar(path) if text else None
        if scalar is None or scalar.style != "plain":
            continue
        start, end = document.offsets(path)
        line = document.text[end : document.source.line_end(end)]
        if note := _TIGHT_NOTE.match(line):
            whole = json.dumps(short(document.text[start:end] + line.rstrip()), ensure_ascii=False)
            yield Diagnostic(
                code="DF0413",
                message=f"spec.docker.{name} ends here: what follows is a comment",
                path=document.path,
                severity=Severity.WARNING,
                span=document.source.span(end + note.end() - 2, end + len(line.rstrip())),
                help=f"quote all of it if it is one text: {whole}; or put a blank behind the #",
            )


def _moves(tag: str) -> bool:
    """Tell whether `tag` is moved by convention: a word for it, `latest-gpu`, or `nightly-gpu`, which names no night."""
    words = tag.lower().split("-")
    of_a_night = any(character.isdigit() for character in tag)
    return tag.lower() in _MOVING_TAGS or "latest" in words or ("nightly" in words and not of_a_night)


def _gpu_model(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    model = app.spec.resource.gpu_model
    if model not in KNOWN_GPU_MODELS:
        message = f"the GPU model {quoted(model)} is not one that the API's pages name"
        upper = model.upper()
        help_text = f"write {upper}" if upper in KNOWN_GPU_MODELS else f"known are {' and '.join(KNOWN_GPU_MODELS)}"
        yield _at(document, ("spec", "resource", "gpuModel"), "DF0402", message, help_text)


def _workdir(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    if app.spec.docker.workdir is not None:
        message = "workdir is not sent: Data Forest removed it in August 2024"
        help_text = "remove it; commands start in the workspace's folder"
        yield _at(document, ("spec", "docker", "workdir"), "DF0403", message, help_text, key=True)


def _prefix(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    prefix = app.spec.name_prefix
    if _SAFE_PREFIX.fullmatch(prefix):
        return
    at = next(index for index in range(len(prefix)) if not _SAFE_PREFIX.fullmatch(prefix[: index + 1]))
    message = (
        f"spec.namePrefix has {quoted(prefix[at])} at position {at + 1}, which the API's pages do not allow for certain"
    )
    safe = re.sub(r"[^a-z0-9]", "", prefix.lower()).lstrip("0123456789")
    example = f", for example {quoted(safe)}" if len(safe) > 1 else ""
    help_text = f"lower-case letters and digits, a letter first, are safe{example}"
    yield _at(document, ("spec", "namePrefix"), "DF0404", message, help_text)


def _paths(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    data = app.spec.data
    places = [("input", index, item.hdfs, item.path) for index, item in enumerate(data.input)]
    places += [("output", index, item.hdfs, item.path) for index, item in enumerate(data.output)]
    for name, index, hdfs, inside in places:
        place = ("spec", "data", name, index)
        if not hdfs.lstrip().startswith(("/", "hdfs://")):
            message = f"the HDFS path {quoted(hdfs)} begins with neither / nor hdfs://"
            yield _at(document, (*place, "hdfs"), "DF0405", message, _absolute(hdfs))
        if inside.startswith("/") or ".." in inside.split("/"):
            message = (
                f"the container path {quoted(inside)} {'is absolute' if inside[0] == '/' else 'leaves its folder'}"
            )
            help_text = "the API's samples have relative paths below the working folder"
            yield _at(document, (*place, "path"), "DF0407", message, help_text)


def _absolute(hdfs: str) -> str:
    """Return how to write a path on HDFS that does not begin like one."""
    scheme, separator, rest = hdfs.partition("://")
    if separator and scheme.lower() != "hdfs":
        return f"copy the data to HDFS first: nothing reads from {short(scheme)}:// here"
    if hdfs[:5].lower() == "hdfs:":
        return f"write {quoted('hdfs://' + (rest if separator else '/' + hdfs[5:].lstrip('/')))}"
    bare = hdfs.replace("\\", "/").removeprefix("~").lstrip("/").removeprefix("./")
    return f"an absolute one is {quoted(f'/user/NAME/{bare}')}"


def _env(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    for name in app.spec.docker.env:
        if not _VARIABLE.fullmatch(name):
            message = f"the variable {quoted(name)} cannot be set in a shell"
            help_text = "letters, digits and underscores, not beginning with a digit, are safe"
            yield _at(document, ("spec", "docker", "env", name), "DF0406", message, help_text, key=True)


def _queue(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    path = ("spec", "queueName")
    if app.spec.queue_name == "GPU":
        start, end = document.offsets(path)
        edits = (Edit(start=start, end=end, text="gpu"),)
        message = "the queue is called `gpu`; only a table of data types writes GPU"
        yield _at(document, path, "DF0408", message, "write queueName: gpu", edits=edits)


def _ports(document: Document, app: AiApp) -> Iterator[Diagnostic]:
    first: dict[int, int] = {}
    path = ("spec", "docker", "exposeTcpPorts")
    for index, port in enumerate(app.spec.docker.expose_tcp_ports):
        if port in first:
            related = Related(message="first listed here", path=document.path, span=document.span((*path, first[port])))
            yield _at(
                document,
                (*path, index),
                "DF0409",
                f"port {port} is listed twice",
                "remove one of them",
                related=(related,),
            )
        first.setdefault(port, index)


_RULES: tuple[Callable[[Document, AiApp], Iterator[Diagnostic]], ...] = (
    _image,
    _reference,
    _edges,
    _quotes,
    _cut,
    _gpu_model,
    _workdir,
    _prefix,
    _paths,
    _env,
    _queue,
    _ports,
)
