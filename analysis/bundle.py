"""One zip with everything that a paper about a study needs, and that its readers need to check it.

    SLUG/README.md, methods.md     what is here; a methods and results section
         data/                     the export: tables, codebook; study file, plan, audit where there are any
         provenance.csv            every clip: SHA-256 of its sound and of the network, seed and settings
         report.html, results.json, figures/*.svg, figures/*.png
         reproduce.py, requirements.txt, code/analysis/     every number of results.json again, from data/
         SHA256SUMS                of every other file: `sha256sum -c SHA256SUMS`

The same data and seed give the same bytes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from analysis import answers, record, stills
from analysis.figures import figures
from analysis.methods import methods
from analysis.report import SEED, analysed, as_json, render
from analysis.wording import headline, is_simulated, title

TABLES = ("participants.csv", "stimuli.csv", "answers.csv")
BESIDE = ("codebook.md", "study.json", "plan.json", "audit.json")
PROVENANCE = (
    "stimulus_id", "origin", "audio_sha256", "system", "checkpoint_sha256", "seed", "temperature", "top_k",
    "top_p", "no_repeat_ngram", "prompt_id", "title", "composer", "licence", "duration_s", "lufs",
)
# What the code imports.
NEEDED = (
    "numpy", "pandas", "scipy", "plotly", "matplotlib", "jinja2", "pyyaml", "threadpoolctl", "typer"
)
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the date of every file in the zip, so that it depends on nothing but them


def bundle(folder: Path, out: Path, seed: int = SEED, margin: float | None = None) -> None:
    """Writes the zip ``out`` from the export in ``folder``, whole or not at all.

    Raises AnswersError for a malformed export and OSError where ``out`` cannot be written.
    """
    folder, out = Path(folder), Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    os.close(handle)
    sums = []
    try:
        numbers = analysed(folder, seed, margin)
        name = title(numbers).replace("/", "-")
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in _files(folder, numbers):
                _add(archive, f"{name}/{path}", content)
                sums.append(f"{hashlib.sha256(content).hexdigest()}  {path}\n")
            _add(archive, f"{name}/SHA256SUMS", "".join(sums).encode())
        os.chmod(part, 0o644)
        os.replace(part, out)
    finally:
        Path(part).unlink(missing_ok=True)


def _add(archive: zipfile.ZipFile, path: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(path, LONG_AGO)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content, zipfile.ZIP_DEFLATED)


def _files(folder: Path, numbers: dict) -> Iterator[tuple[str, bytes]]:
    """Every file of the bundle but the checksums: its path and its content."""
    data, beside = answers.read(folder), record.read(folder)
    yield "README.md", _readme(numbers).encode()
    yield "methods.md", methods(numbers, data, beside).encode()
    for name in (*TABLES, *BESIDE):
        if name in TABLES or (folder / name).is_file():
            yield f"data/{name}", (folder / name).read_bytes()
    clips = data.stimuli.reindex(columns=list(PROVENANCE))
    yield "provenance.csv", clips.to_csv(index=False, lineterminator="\r\n").encode()
    yield "report.html", render(numbers).encode()
    yield "results.json", (as_json(numbers, indent=1) + "\n").encode()
    for name, content in stills.files(figures(numbers)):
        yield f"figures/{name}", content
    here = Path(__file__).parent
    yield "reproduce.py", (here / "reproduce.py").read_bytes()
    yield "requirements.txt", "".join(f"{name}=={version(name)}\n" for name in NEEDED).encode()
    for path in sorted(here.iterdir()):
        if path.is_file() and path.suffix in (".py", ".css", ".js", ".j2", ".yaml"):
            yield f"code/analysis/{path.name}", path.read_bytes()
    licence = here.parent / "LICENSE"
    if licence.is_file():
        yield "code/LICENSE", licence.read_bytes()


def _readme(numbers: dict) -> str:
    simulated = "**SIMULATED: no person gave these answers.**\n\n" if is_simulated(numbers) else ""
    return f"""# {title(numbers)}

{simulated}{headline(numbers)}

- `report.html`: all figures and numbers, each with n, interval and method; works offline
- `methods.md`: a methods and results section with its references
- `figures/`: every figure as SVG and PNG
- `data/`: the answers as three tables (`codebook.md` says what each column is), the study file, and the
  analysis plan and the audit of the clips where there are any
- `provenance.csv`: every clip with the SHA-256 of its sound and of the network that made it, and how
- `results.json`: every number

To compute every number again from `data/` and compare it with `results.json` (Python 3.11 or later):

    pip install -r requirements.txt
    python reproduce.py

`sha256sum -c SHA256SUMS` says whether all files are as they were written.
"""
