"""report.html and results.json: self-contained, escaped, valid, the same twice; and the command line."""

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from analysis.__main__ import app
from analysis.report import make
from tests.analysis.simulate import simulated_study, write

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = [
    "</script><script>window.broken=1</script>",
    "<img src=x onerror=window.broken=1>",
    "{{ 7*7 }} ${7*7} %{x}",
    "\"'><svg/onload=window.broken=1>",
    "<!--<script>window.broken=1//",
]


class Tags(HTMLParser):
    """Collects tags with their attributes, and the text outside scripts and styles."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self._skipped = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._skipped = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag):
        self._skipped = ""

    def handle_data(self, data):
        if not self._skipped:
            self.text += data


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    tables = simulated_study(9, 0.8, 3)
    for row, comment in zip(tables["answers.csv"], HOSTILE, strict=False):
        row["comment"] = comment
    tables["stimuli.csv"][-1]["title"] = HOSTILE[0]
    for row in tables["participants.csv"][-1:]:
        row |= {"excluded": "true", "exclusion_reason": HOSTILE[1]}
    return write(tables, tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def made(study, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report")
    make(study, out)
    return out


@pytest.fixture(scope="module")
def page(made) -> str:
    return (made / "report.html").read_text(encoding="utf-8")


def test_the_page_loads_nothing_from_anywhere(page):
    for tag, attributes in Tags(page).tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "img")
        assert "src" not in attributes
        assert "href" not in attributes
    assert "url(" not in page[: page.index("</style>")]
    policies = [attributes["content"] for _, attributes in Tags(page).tags if "http-equiv" in attributes]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; script-src 'sha256-")


def test_plotly_is_in_it_once(page):
    assert page.count("* plotly.js v") == 1
    assert [tag for tag, _ in Tags(page).tags].count("script") == 3


def test_what_listeners_write_stays_text(page):
    parsed = Tags(page)
    for text in HOSTILE:
        assert text in parsed.text
    assert not any(name.startswith("on") for _, attributes in parsed.tags for name in attributes)
    assert "<img src=x" not in page
    assert "</script><script>window" not in page


def test_the_figures_in_the_page_are_those_of_the_results(page):
    figures = json.loads(
        re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S)[1]
    )
    assert list(figures) == [
        "accuracy",
        "experience",
        "choices",
        "correct_by_experience",
        "rating_histograms",
        "setting_heatmap",
        "open_ratings",
        "by_item",
        "by_participant",
        "by_level",
        "rating_bars",
        "surface",
        "halo",
    ]
    for name in figures:
        assert f'id="figure-{name}"' in page


def test_the_page_opens_with_the_sentence_and_says_simulated(page):
    text = " ".join(Tags(page).text.split())
    assert "SIMULATED No person gave these answers." in text
    assert 0 < text.index("answers, listeners picked the right clip") < 400


def test_a_real_study_is_not_called_simulated(tmp_path):
    make(write(simulated_study(3, 0.8, 3, study="default"), tmp_path / "in"), tmp_path / "out")
    assert "SIMULATED" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_results_json_is_strict_and_states_its_seed(made):
    def refuse(constant: str):
        raise AssertionError(f"{constant} is not JSON")

    numbers = json.loads((made / "results.json").read_text(encoding="utf-8"), parse_constant=refuse)
    assert numbers["study"] == "simulated-published"
    assert numbers["bootstrap"] == {"resamples": 2000, "seed": 0}


def test_the_same_files_give_the_same_bytes(study, made, tmp_path):
    make(study, tmp_path)
    for name in ("report.html", "results.json"):
        assert (tmp_path / name).read_bytes() == (made / name).read_bytes()


@pytest.mark.parametrize("people", [0, 1])
def test_a_report_of_next_to_nothing(tmp_path, people):
    make(write(simulated_study(people, 0.8, 3), tmp_path / "in"), tmp_path / "out")
    text = Tags((tmp_path / "out" / "report.html").read_text(encoding="utf-8")).text
    assert ("Nobody has taken this test yet." in text) == (people == 0)


def test_a_part_without_answers_says_so_once(tmp_path):
    tables = simulated_study(9, 0.8, 3)
    tables["answers.csv"] = [row for row in tables["answers.csv"] if row["kind"] == "pair"]
    make(write(tables, tmp_path / "in"), tmp_path / "out")
    text = Tags((tmp_path / "out" / "report.html").read_text(encoding="utf-8")).text
    assert text.count("No clip has been rated yet.") == 1
    assert text.count("No piece known to be AI has been rated yet.") == 1


def test_many_comments_fold_away(tmp_path):
    tables = simulated_study(9, 0.8, 3)
    for row in tables["answers.csv"]:
        row["comment"] = f"comment {row['answer_id']}"
    make(write(tables, tmp_path / "in"), tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    rows = page[page.index('id="comments"') : page.index('id="all"')]
    assert rows.count('class="said"') == len(tables["answers.csv"])
    assert rows.count('class="more"') == len(tables["answers.csv"]) - 20


def test_the_command_writes_both_files(study, tmp_path):
    outcome = CliRunner().invoke(app, ["report", str(study), "--out", str(tmp_path / "new" / "folder")])
    assert outcome.exit_code == 0, outcome.output
    assert "listeners picked the right clip" in outcome.stdout
    assert (tmp_path / "new" / "folder" / "report.html").exists()
    assert (tmp_path / "new" / "folder" / "results.json").exists()


def test_the_command_refuses_in_one_sentence(study, tmp_path):
    for path in study.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes().replace(b",pair,", b",pear,", 1))
    outcome = subprocess.run(
        [sys.executable, "-m", "analysis", "report", str(tmp_path), "--out", str(tmp_path / "out")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 2
    assert outcome.stdout == ""
    assert outcome.stderr == (
        "answers.csv, row 2, column kind: 'pear' was found; must be one of pair, preference, rating, "
        "open_rating, comment, practice, attention.\n"
    )
    assert not (tmp_path / "out").exists()


def test_the_command_refuses_a_place_that_cannot_be_written(study, tmp_path):
    (tmp_path / "file").write_text("in the way")
    outcome = CliRunner().invoke(app, ["report", str(study), "--out", str(tmp_path / "file")])
    assert outcome.exit_code == 2
    assert outcome.stderr.count("\n") == 1
    assert "cannot be written" in outcome.stderr


def test_help_names_the_command():
    outcome = CliRunner().invoke(app, ["--help"])
    assert outcome.exit_code == 0
    assert "report" in outcome.stdout
    assert "seed" in CliRunner().invoke(app, ["report", "--help"]).stdout


def test_nothing_of_the_analysis_needs_the_model_or_a_database():
    code = (
        "import sys, analysis.report; "
        "bad = {'torch', 'sqlmodel', 'sqlalchemy', 'gradio', 'survey', 'model'} & set(sys.modules)"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", f"{code}; print(bad); sys.exit(bool(bad))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_in_a_browser(made, new_page, width, scheme):
    page = new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True)
    page.goto((made / "report.html").as_uri())
    page.locator("#figure-open_ratings svg.main-svg").first.wait_for()
    assert page.locator(".js-plotly-plot").count() == 13
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.broken") is None
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert page.evaluate("getComputedStyle(document.querySelector('.annotation-text')).fill") == ink
    # every word of every figure lies inside its figure
    outside = page.evaluate("""() => [...document.querySelectorAll('.plot')].flatMap(plot => {
        const box = plot.getBoundingClientRect();
        return [...plot.querySelectorAll('.annotation-text')].filter(word => {
            const at = word.getBoundingClientRect();
            return at.left < box.left - 1 || at.right > box.right + 1
                || at.bottom > box.bottom + 1 || at.top < box.top - 1;
        }).map(word => `${plot.id}: ${word.textContent}`);
    })""")
    assert outside == []


@pytest.mark.browser
def test_the_comments_can_be_searched(made, new_page):
    page = new_page(viewport={"width": 390, "height": 900}, offline=True)
    page.goto((made / "report.html").as_uri())
    shown = page.locator("#comments tbody tr:visible")
    total = page.locator("#comments tbody tr").count()
    assert shown.count() == min(total, 20)
    page.get_by_label("Search the comments").fill("ÍMG nowhere")
    assert page.get_by_role("status").inner_text() == f"0 of {total}"
    page.get_by_label("Search the comments").fill("ÍMG OnErrór")
    assert [HOSTILE[1] in text for text in shown.all_inner_texts()] == [True]
    page.get_by_label("Search the comments").fill("")
    assert shown.count() == min(total, 20)
