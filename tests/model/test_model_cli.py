"""The command line: every command explains itself, does its work, and says in a sentence what is wrong."""

import json
import math
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import typer
import yaml
from typer.testing import CliRunner

import model.__main__ as command_line
from model import checkpoint
from model.layouts import SPLITS, create
from model.remi.tokenizer import Tokenizer
from model.score import count_bars, read, write

COMMANDS = typer.main.get_command(command_line.app).commands


def run(*arguments: object) -> str:
    """What a command that succeeds prints on stdout."""
    result = CliRunner().invoke(command_line.app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


@pytest.fixture
def refused(monkeypatch, capsys):
    """refused(...) runs the command line with arguments that are wrong, and returns its sentence."""

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["model", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        output = capsys.readouterr()
        assert ended.value.code == 2 and output.out == "" and "Traceback" not in output.err
        return output.err.splitlines()[-1]

    return run


@pytest.fixture
def prompt(music, tmp_path) -> Path:
    path = tmp_path / "prompt.mid"
    write(music(bars=4), path)
    return path


# --- help ---------------------------------------------------------------------------------------------------

def test_the_commands_are_those_of_the_design():
    assert set(COMMANDS) == {"prepare", "pack", "train", "experiment", "evaluate", "card", "sample", "bench",
                             "originality", "forget", "sweep", "teach"}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name):
    text = run(name, "--help")
    assert COMMANDS[name].help.split()[0] in text
    for parameter in COMMANDS[name].params:
        assert parameter.help or parameter.name == "help", f"{name}: {parameter.name} has no help"


# --- work ---------------------------------------------------------------------------------------------------

def test_sample_writes_takes_that_can_be_read(prompt, tiny, tmp_path):
    run("sample", prompt, tmp_path / "takes", "--checkpoint", tiny, "--temperature", 1, "--top-k", 0,
        "--no-repeat-ngram", 0, "--bars", 2, "--seed", 7, "--takes", 2, "--workers", 1, "--whistle")
    files = sorted((tmp_path / "takes").iterdir())
    assert [file.name for file in files] == ["prompt-7.mid", "prompt-8.mid"]
    for file in files:
        assert 4 <= count_bars(read(file)) <= 6
        assert checkpoint.sha256(tiny).encode() in file.read_bytes(), "a take tells where it comes from"
    assert files[0].read_bytes() != files[1].read_bytes()


def test_sample_begins_from_nothing(tiny_events, tmp_path):
    run("sample", "0,128", tmp_path, "--checkpoint", tiny_events, "--bars", 2, "--seed", 7, "--workers", 1,
        "--tempo", 90)
    score = read(tmp_path / "nothing-0,128-7.mid")
    assert score.note_num()
    assert {(track.program, track.is_drum) for track in score.tracks} <= {(0, False), (0, True)}
    assert score.tempos[0].qpm == pytest.approx(90)


@pytest.mark.parametrize("layout", ["segue", "events"])
def test_prepare_train_and_finish(midi_folder, layout, tmp_path):
    said = run("prepare", midi_folder, tmp_path / "data", "--layout", layout, "--vocabulary", 700,
               "--workers", 1, "--seed", 1)
    assert said.startswith("47 files, skipped {'") and "'unreadable': 1" in said
    recipe = tmp_path / "r.yaml"
    recipe.write_text(yaml.safe_dump({
        "name": "r", "data": "nowhere",
        "shape": {"width": 16, "layers": 1, "inner": 16, "heads": 1, "kv_heads": 1},
        "sequence": 16, "batch": 2, "compile": False, "precision": "32-true", "validation_windows": 2}))
    rest = ("--data", tmp_path / "data", "--run", tmp_path / "run")
    said = run("train", recipe, *rest, "--steps", 1, "--accelerator", "cpu")
    assert said.splitlines()[-1] == f"The checkpoint is in {tmp_path / 'run' / 'model'}."
    made = checkpoint.load(tmp_path / "run" / "model")
    assert made.config["recipe"]["steps"] == 1 and made.config["data"]["layout"] == layout
    assert made.layout.same(create(layout)) is (layout == "events")
    assert made.layout.shape == ({} if layout == "events" else {"vocabulary": 700})
    (made.folder / "weights.safetensors").unlink()
    run("train", recipe, *rest, "--finish")
    assert checkpoint.load(made.folder).sha256 == made.sha256


@pytest.mark.parametrize("system", ["tiny", "tiny_events"])
def test_bench_prints_json_last(system, request):
    folder = request.getfixturevalue(system)
    against = request.getfixturevalue("tiny")
    said = run("bench", folder, "--against", against, "--prompt-tokens", 16, "--tokens", 12, "--rounds", 1)
    result = json.loads(said.splitlines()[-1])
    assert set(result["tokens_per_s"]) == {"ours_1", "ours_4", "transformers_1", "transformers_4"}
    assert all(speed > 0 for speed in result["tokens_per_s"].values()) and result["notes_per_s"]["ours"] > 0
    ratios = "ratio_1", "ratio_4", "notes_ratio", "music_s_per_s", "busy_share", "first_sound_s"
    assert all(result[name] > 0 for name in ratios)
    assert (result["prompt_tokens"], result["tokens"]) == (16, 12)
    assert set(result["peers"]) == {"transformers"} and result["peers"]["transformers"]["tokens_per_s"] > 0
    assert "ONNX Runtime plays heads of a multiple of 16 numbers; received 8." in result["missing"]
    assert result["against_sha256"] == checkpoint.sha256(against)
    assert result["checkpoint_sha256"] == checkpoint.sha256(folder)


def test_evaluate_is_confirmed_by_a_plain_computation(tiny, prepared, tmp_path):
    said = run("evaluate", tiny, "--data", prepared, "--split", "valid", "--sequence", 5000, "--prompts", 0,
               "--out", tmp_path / "result.json")
    result = json.loads(said.splitlines()[-1])
    assert result == json.loads((tmp_path / "result.json").read_text())
    ready, array = checkpoint.load(tiny), np.load(prepared / "valid.npy").astype(np.int64)
    tokenizer = ready.layout.tokenizer
    starts = [*np.flatnonzero(array == tokenizer.bos), len(array)]
    nats = tokens = 0
    for start, stop in pairwise(starts):
        piece = torch.from_numpy(array[start:stop])
        with torch.no_grad():
            nats += float(F.cross_entropy(ready.network(piece[None, :-1])[0], piece[1:], reduction="sum"))
        tokens += len(piece) - 1
    notes = int(tokenizer.notes[array].sum())
    found = result["all"]
    assert (found["pieces"], found["tokens"], found["notes"]) == (len(starts) - 1, tokens, notes)
    assert found["nats_per_token"] == pytest.approx(nats / tokens, abs=2e-4)
    assert found["bits_per_note"] == pytest.approx(nats / math.log(2) / notes, abs=2e-3)
    for count in ("pieces", "tokens", "notes"):
        assert sum(part[count] for part in result["by_dataset"].values()) == found[count]
    assert set(result["by_dataset"]) <= {"songs", "dances"}


def test_evaluate_draws_as_many_pieces_as_asked(tiny, prepared):
    asked = ("evaluate", tiny, "--data", prepared, "--split", "train", "--pieces", 3, "--sequence", 64,
             "--prompts", 0)
    results = [json.loads(run(*asked)) for _ in range(2)]
    assert results[0]["all"]["pieces"] == 3 and results[0] == results[1]


# --- wrong input --------------------------------------------------------------------------------------------

def test_sample_says_what_is_wrong(refused, prompt, tiny, tmp_path):
    out, own = tmp_path / "takes", ("--checkpoint", tiny)
    picture = tmp_path / "picture.mid"
    picture.write_bytes(b"\xff\xd8\xff\xe0 JFIF")
    assert refused("sample", picture, out) == (
        "This is not a MIDI file: it does not begin with a MIDI header.")
    assert refused("sample", "0,129", out) == (
        "A start has 1 to 16 programs from 0 to 128; received [0, 129].")
    assert refused("sample", tmp_path / "none.mid", out).startswith("The file none.mid cannot be read: ")
    assert refused("sample", prompt, out, "--temperature", 9) == (
        "temperature goes from 0.05 to 2.0; received 9.0.")
    assert refused("sample", prompt, out, "--top-k", -1) == "top k goes from 0 to 200; received -1."
    assert refused("sample", prompt, out, "--preset", "loud").endswith("received 'loud'.")
    assert refused("sample", prompt, out, "--audio", "au") == "audio is wav, flac, ogg or mp3; received 'au'."
    assert refused("sample", prompt, out, "--checkpoint", "lstm").endswith("or a folder; received 'lstm'.")
    assert refused("sample", prompt, out, *own, "--workers", 0) == "There is at least 1 worker; received 0."
    assert refused("sample", prompt, out, *own, "--takes", 17) == "takes goes from 1 to 16; received 17."
    assert "File exists" in refused("sample", prompt, picture, *own)


def test_prepare_says_what_is_wrong(refused, midi_folder, tmp_path):
    out = tmp_path / "out"
    assert refused("prepare", tmp_path / "none", out).startswith("FOLDER is a folder of .mid files; ")
    tmp_path.joinpath("empty").mkdir()
    assert refused("prepare", tmp_path / "empty", out).endswith("has none.")
    assert refused("prepare", midi_folder, out, "--layout", "segue", "--vocabulary", 5) == (
        "A vocabulary has 663 to 65,536 ids; received 5.")
    assert refused("prepare", midi_folder, out, "--transpositions", 12).endswith("from 0 to 11; received 12.")
    assert refused("prepare", midi_folder, out, "--layout", "remi").endswith("received 'remi'.")
    assert "No such file" in refused("prepare", midi_folder, out, "--index", tmp_path / "none.csv")


def test_train_says_what_is_wrong(refused, prepared, tmp_path):
    recipe = tmp_path / "r.yaml"
    assert "No such file" in refused("train", recipe)
    recipe.write_text("name: r\ndata: nowhere\nbatch: 0\n")
    assert refused("train", recipe) == (
        "r.yaml: batch: Input should be greater than or equal to 1; received 0.")
    recipe.write_text("name: r\ndata: nowhere\n")
    run = ("--run", tmp_path / "run")
    assert refused("train", recipe, *run).startswith(
        "data is a folder that `prepare` wrote; nowhere is not: ")
    assert refused("train", recipe, *run, "--resume").startswith("A run is resumed from its last.ckpt; ")
    assert refused("train", recipe, *run, "--finish").startswith("A run is finished from its best.ckpt; ")
    assert refused("train", recipe, *run, "--data", prepared, "--accelerator", "abacus").startswith(
        "Lightning cannot train so: ")


def test_training_without_its_requirements(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning", None)
    monkeypatch.delitem(sys.modules, "model.training", raising=False)
    monkeypatch.delattr("model.training", raising=False)
    assert refused("train", "r.yaml") == "Training needs requirements-train.txt; lightning is not installed."


def test_evaluate_says_what_is_wrong(refused, tiny, prepared, prepared_events, tmp_path):
    assert refused("evaluate", tiny, "--data", tmp_path).endswith("has none.")
    assert refused("evaluate", tiny, "--data", prepared, "--split", "best").startswith(
        "data is a folder that `prepare` wrote, with best.npy; ")
    assert refused("evaluate", tiny, "--data", prepared, "--pieces", 0) == (
        "pieces and sequence are at least 1; received 0 and 512.")
    for split in SPLITS:
        np.save(tmp_path / f"{split}.npy", np.zeros(0, np.uint16))
    (tmp_path / "pieces.csv").write_text("split,offset,tokens,notes,transposition,dataset,file\n")
    Tokenizer.load(prepared / "tokenizer.json").save(tmp_path / "tokenizer.json")
    assert refused("evaluate", tiny, "--data", tmp_path).startswith("A split is evaluated on its pieces; ")
    shutil.copy(prepared / "pieces.csv", tmp_path)
    Tokenizer.create("segue").save(tmp_path / "tokenizer.json")
    for other in (tmp_path, prepared_events):
        assert refused("evaluate", tiny, "--data", other) == (
            f"A checkpoint is evaluated with its own layout; {other} has another.")


def test_bench_says_what_is_wrong(refused, tiny):
    assert refused("bench", tiny, "--tokens", 0) == "tokens is at least 1; received 0."
    assert refused("bench", "lstm").endswith("received 'lstm'.")
    assert refused("bench", tiny, "--against", "segue-base").endswith("has tokens; received segue-base.")


def test_a_program_that_is_called_wrongly_ends_with_2(tmp_path):
    done = subprocess.run([sys.executable, "-m", "model", "sample", tmp_path / "none.mid", tmp_path / "out"],
                          capture_output=True, text=True, cwd=Path(command_line.__file__).parent.parent)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "The file none.mid cannot be read: No such file or directory.\n"
