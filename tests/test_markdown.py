"""Plans and results as Markdown: bounded, whole as recorded, and with nothing in it that a manifest could have written."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from dfsubmit.desired import Place
from dfsubmit.diff import ABSENT, FieldChange
from dfsubmit.journal import AppRef, Item
from dfsubmit.plan import Action, Change, Plan
from dfsubmit.render.markdown import LIMIT, apply_markdown, marker, plan_markdown
from dfsubmit.render.terminal import visible
from dfsubmit.results import Done, Result

GOLDEN = Path(__file__).parent / "golden" / "markdown"
APP = AppRef(id="MadeUpAppId00000000001", name="bert-abcd-efgh")
# The only tags that our own text writes.
OWN_TAGS = {"<code>", "</code>", "<span>", "</span>", "<sub>", "</sub>"}
HOSTILE = [
    "a|b|c \\| d \\\\| e",
    "`code` ``` ~~~",
    "line\n\n# heading\r\n| a | b |\n|---|---|",
    "</code></details><script>alert(1)</script><img src=x onerror=y>",
    "@somebody and @some/team mail nobody@example.invalid",
    "--> <!-- dfsubmit plan: other -->",
    "\u202egnp.exe \u200b \ufeff \x1b[31m",
    "[text](https://example.invalid) ![image](https://example.invalid/x.png) <https://example.invalid>",
    "https://example.invalid www.example.invalid #1 owner/name#2 **bold** _it_ ~~gone~~ :tada: $x$ &lt; &#64;",
    "x" * 100_000,
    "```\n</details>\n```diff",
    "::error::no command ##[group]x",
]


def change(name: str = "bert", *, action: Action = Action.SUBMIT, text: str = "new", gpus: int = 2) -> Change:
    return Change(
        action=action,
        item=Item(key=f"team/{name}", fingerprint=f"sha256:{name}"),
        version=0,
        reason=text,
        request={"resource": {"gpuCount": gpus, "gpuModel": "V100"}},
        place=Place(path=f"specs/{name}.yaml", line=3, column=1),
    )


def full(text: str) -> Plan:
    """Return a plan in which everything that can be foreign is `text`."""
    foreign = Change(
        action=Action.SUBMIT,
        item=Item(key=f"team/{text}", fingerprint="sha256:0"),
        version=0,
        reason=text,
        request={"resource": {"gpuCount": 1, "gpuModel": text}},
        place=Place(path=text, line=1, column=1),
        app=AppRef(id=text, name=text),
        fields=(FieldChange(path=text, before=text, after=[text]), FieldChange(path="b", before=ABSENT, after=text)),
        notes=(text,),
    )
    return Plan(project=text, changes=(change(), foreign, replace(foreign, action=Action.KILL)), seen=True)


def read(text: str) -> list[Token]:
    """Return all tokens, of blocks and in lines, as a reader with tables, links and HTML sees them."""
    blocks = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(text)
    return [token for block in blocks for token in (block, *(block.children or ()))]


def shape(text: str) -> list[str]:
    """Return the structure of a page: the kinds of its tokens, without what they hold."""
    return [token.type for token in read(text) if token.type not in ("text", "text_special", "softbreak")]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_a_manifest_says_changes_the_shape_of_the_page(text: str) -> None:
    check_inert(text)


@given(st.text(max_size=60) | st.text(alphabet="`|\\<>!-[]()*_~@#&;:/.\n\r\t a\u202e", max_size=60))
def test_no_text_at_all_changes_the_shape_of_the_page(text: str) -> None:
    check_inert(text)


def check_inert(text: str) -> None:
    page = plan_markdown(full(text or "x"), warnings=[text or "x"])

    # An `@` has an element of its own, so that no address is read out of it; else the shape is that of harmless text.
    page = page.replace("<span>&#64;</span>", "&#64;")
    assert shape(page) == shape(plan_markdown(full("harmless"), warnings=["harmless"]))
    tokens = read(page)
    assert {token.content for token in tokens if token.type == "html_inline"} <= OWN_TAGS
    comments = [token.content for token in tokens if token.type == "html_block" and "<!--" in token.content]
    assert len(comments) == 1
    assert re.fullmatch(r"<!-- dfsubmit plan: [A-Za-z0-9._-]* -->\n?", comments[0])
    assert all(visible(character) == character or character == "\n" for character in page)
    prose = re.sub(r"(?ms)^(`{3,})diff$.*?^\1$", "", page)
    assert "@" not in prose
    assert "://" not in prose


def test_a_comment_is_found_by_its_first_line() -> None:
    page = plan_markdown(Plan(project="team", changes=(), seen=False))

    assert page.splitlines()[0] == "<!-- dfsubmit plan: team -->"
    assert marker("a--> b") == "<!-- dfsubmit plan: a--__b -->"


def test_what_does_not_fit_is_counted_and_pointed_to() -> None:
    fields = tuple(FieldChange(path=f"spec.f{n}", before="a" * 300, after="b" * 300) for n in range(5))
    changes = tuple(replace(change(f"app-{n:05}"), fields=fields, notes=("it runs still",)) for n in range(5_000))
    plan = Plan(project="team", changes=changes, seen=True)

    page = plan_markdown(plan, warnings=["specs/a.yaml:1: some warning"] * 5_000)

    rows, warned, folded = page.count("\n| `+` |"), page.count("\n- ⚠️"), page.count("<details>")
    assert LIMIT * 0.9 < len(page) <= LIMIT
    assert min(rows, warned, folded) > 0
    told = f"{5_000 - rows} more changes, {10_000 - warned} more warnings, {5_000 - folded} more differences"
    assert f"**Not shown here: {told}.** `dfsubmit plan -v`" in page
    assert page.count("<details>") == page.count("</details>")
    assert "**10000 GPUs** asked for" in page
    assert plan.token in page


@pytest.mark.parametrize("text", ["<" * 200_000, "@" * 200_000, "`" * 200_000])
def test_no_single_text_breaks_the_limit(text: str) -> None:
    assert len(plan_markdown(full(text), warnings=[text])) <= LIMIT


def test_results_are_bounded_and_the_gravest_come_first() -> None:
    done = [Done(change=change(f"app-{n:05}"), result=Result.SUBMITTED, app=APP) for n in range(5_000)]
    bad = Done(change=change("zz-bad"), result=Result.REJECTED, message="no | quota\n# now")

    page = apply_markdown("team", [*done, bad])

    assert len(page) <= LIMIT
    assert page.index("zz-bad") < page.index("app-00000")
    assert "more results" in page
    assert page.startswith("### ❌ Apply: 5000 submitted, 0 adopted, 0 unchanged, 1 failed, 0 unresolved.")


def recorded_pages() -> dict[str, str]:
    changed = replace(
        change("bert-finetune", text="spec changed", gpus=4),
        fields=(
            FieldChange(path="metadata.generation", before=1, after=2),
            FieldChange(path="spec.docker.command", before="train.py", after="train.py --lr 3e-5"),
            FieldChange(path="spec.docker.args", before=ABSENT, after="--fast"),
        ),
        notes=("bert-abcd-efgh of an earlier spec is still RUNNING and will not be stopped",),
    )
    others = (
        replace(change("old", action=Action.KILL, text="manifest removed"), app=APP, place=None),
        change("doubtful", action=Action.UNRESOLVED, text="outcome unknown since 2026-03-04T05:06:09Z"),
        replace(change("calm", action=Action.UNCHANGED, text="submitted"), app=APP),
    )
    plan = Plan(project="team", changes=(changed, change("new-one"), *others), seen=True)
    results = [
        Done(change=changed, result=Result.SUBMITTED, app=APP),
        Done(change=change("refused"), result=Result.REJECTED, message="no such workspace"),
        Done(change=others[2], result=Result.UNCHANGED, app=APP),
    ]
    return {
        "plan.md": plan_markdown(plan, warnings=["specs/new-one.yaml:7: the image tag `latest` moves"]),
        "nothing.md": plan_markdown(Plan(project="team", changes=(others[2],), seen=True)),
        "apply.md": apply_markdown("team", results),
    }


@pytest.mark.parametrize("name", ["plan.md", "nothing.md", "apply.md"])
def test_the_whole_page_is_as_recorded(name: str) -> None:
    page = recorded_pages()[name]
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(page, encoding="utf-8")
    assert page == (GOLDEN / name).read_text(encoding="utf-8")
