"""Sources too large for the memory, scored part by part: every row once, whoever is killed."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from core import checkpoints
from core.cli.main import main
from core.config import PROJECT, DataError, OptionError
from core.export import tables
from core.inference import Autoencoder
from core.streaming import shards
from core.streaming.in_parts import score_parts
from core.streaming.pipeline import Job, pieces
from tests.core.models_for_tests import (
    SHAPE,
    error_line,
    tiny_checkpoint,
    tiny_document,
    tiny_tensors,
)

N = 23


def png(i: int) -> bytes:
    pixels = np.random.default_rng(i).integers(0, 256, SHAPE[1:], dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def label(i: int) -> str:
    return "ab"[i % 2]


def folder(path: Path) -> Path:
    for i in range(N):
        file = path / label(i) / f"{i:02d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(png(i))
    (path / "a" / "notes.txt").write_text("no image")
    return path


def zipped(path: Path) -> Path:
    import shutil

    return Path(shutil.make_archive(str(path) + "-zip", "zip", folder(path)))


def tars(path: Path) -> Path:
    path.mkdir()
    for first in range(0, N, 10):
        with tarfile.open(path / f"shard-{first:02d}.tar", "w") as archive:
            for i in range(first, min(first + 10, N)):
                for name, data in ((f"{i:02d}.png", png(i)), (f"{i:02d}.cls", label(i).encode())):
                    info = tarfile.TarInfo(name)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
            if first == 0:
                info = tarfile.TarInfo("bad.png")
                info.size = 8
                archive.addfile(info, io.BytesIO(b"no image"))
    return path


def parquets(path: Path) -> Path:
    path.mkdir()
    for first in range(0, N, 10):
        rows = range(first, min(first + 10, N))
        images = [{"bytes": png(i), "path": None} for i in rows]
        if first == 0:
            images[3] = {"bytes": None, "path": "elsewhere.png"}  # type: ignore[dict-item]
        table = pa.table({"image": images, "label": [label(i) for i in rows]})
        pq.write_table(table, path / f"{first:02d}.parquet")
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "folder": folder, "zip": zipped, "tar": tars, "parquet": parquets,
}  # fmt: skip
each_kind = pytest.mark.parametrize("kind", MAKERS)


def job(path: Path, size: int = 10) -> Job:
    model = Autoencoder(tiny_checkpoint("dense"))
    return Job(model, "some", shards.shards(path, size), error_line())


def table_of(out: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted(out.glob("*.parquet"))])


@each_kind
def test_parts_hold_every_image_once_with_its_label_and_error(kind: str, tmp_path: Path) -> None:
    wanted = job(MAKERS[kind](tmp_path / "source"))
    done = list(score_parts(wanted, tmp_path / "out"))
    assert len(done) == len(wanted.shards) == 3
    table = table_of(tmp_path / "out")
    read = table[table["reason"] == ""]
    assert table["id"].is_unique
    assert len(table) == {"folder": N + 1, "zip": N + 1, "tar": N + 1, "parquet": N}[kind]
    assert len(read) == {"parquet": N - 1}.get(kind, N)
    last = read[read["id"].str.contains("22") | read["id"].str.endswith("20.parquet/2")].iloc[0]
    pixels = np.asarray(Image.open(io.BytesIO(png(22))), np.float32).reshape(1, *SHAPE) / 255
    assert last["error"] == pytest.approx(wanted.autoencoder.errors(pixels)[0], rel=1e-5)  # type: ignore[arg-type]
    assert last["label"] == label(22)
    assert table[table["reason"] != ""]["error"].isna().all()


@each_kind
def test_parts_that_are_finished_are_skipped_and_missing_ones_made_again_the_same(
    kind: str, tmp_path: Path
) -> None:
    wanted, out = job(MAKERS[kind](tmp_path / "source")), tmp_path / "out"
    parts = [done.path for done in score_parts(wanted, out)]
    before = parts[1].read_bytes()
    parts[1].unlink()
    assert [done.fresh for done in score_parts(wanted, out)] == [False, True, False]
    assert parts[1].read_bytes() == before


def test_processes_share_the_shards_without_overlap(tmp_path: Path) -> None:
    wanted, out = job(folder(tmp_path / "source"), 5), tmp_path / "out"
    own = [{done.path.name for done in score_parts(wanted, out, rank, 2)} for rank in (0, 1)]
    assert not own[0] & own[1]
    assert len(own[0] | own[1]) == len(wanted.shards)
    assert sorted(table_of(out)["id"]) == sorted(
        name.relative_to(tmp_path / "source").as_posix()
        for name in (tmp_path / "source").rglob("*.*")
    )


def test_folder_with_the_parts_of_another_job_is_refused(tmp_path: Path) -> None:
    wanted, out = job(folder(tmp_path / "source")), tmp_path / "out"
    list(score_parts(wanted, out))
    other = Job(wanted.autoencoder, wanted.source, wanted.shards, error_line(0.1))
    with pytest.raises(OptionError, match="another model, source, score or rate"):
        list(score_parts(other, out))


def test_part_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, out = job(folder(tmp_path / "source")), tmp_path / "out"
    writing = tables.writing

    def failing(path: Path) -> object:
        if "part-00001" in path.name:  # the disk is full
            raise OptionError("No space left on device")
        return writing(path)

    monkeypatch.setattr(tables, "writing", failing)
    with pytest.raises(OptionError, match="No space"):
        list(score_parts(wanted, out))
    assert sorted(path.name for path in out.iterdir()) == [
        "job.json", "part-00000-of-00003.parquet"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["x.tar", "x.parquet"])
def test_shard_that_is_damaged_is_a_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x00\x01damaged" * 100)
    with pytest.raises(DataError, match="can be read"):
        list(score_parts(job(tmp_path / name), tmp_path / "out"))


def test_archive_member_that_is_too_large_or_a_link_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        big = tarfile.TarInfo("big.png")
        big.size = (25 << 20) + 1
        archive.addfile(big, io.BytesIO(bytes(big.size)))
    (piece,) = pieces(job(tmp_path / "x.tar"), shards.shards(tmp_path, 1))
    assert piece.table["id"].tolist() == ["x.tar/link.png", "x.tar/big.png"]
    reasons = piece.table["reason"].tolist()
    assert reasons == ["It is a link, not a file.", "It is larger than 25 MB."]


def test_empty_folder_and_parquet_without_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no files"):
        shards.shards(tmp_path / "empty", 5)
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "x.parquet")
    with pytest.raises(DataError, match="no column of images called image"):
        shards.shards(tmp_path / "x.parquet", 5)


def test_command_scores_into_a_folder_goes_on_and_gives_the_totals_of_all_parts(
    tmp_path: Path,
    own_checkpoints: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = tiny_document("dense")
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    args = ["score", "tiny", str(folder(tmp_path / "in")), "--out", str(tmp_path / "out")]
    found = []
    for _ in range(2):
        assert main([*args, "--shard-size", "10", "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert [one["n_new_parts"] for one in found] == [3, 0]
    assert [one["n"] for one in found] == [N + 1, N + 1]
    (tmp_path / "out" / "part-00001-of-00003.parquet").unlink()
    monkeypatch.setenv("RANK", "1")  # of another process, which does one part of the three
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main([*args, "--shard-size", "10"]) == 0
    assert "3 of 3 parts are there, 1 of them new" in capsys.readouterr().out
    monkeypatch.delenv("WORLD_SIZE")
    args[-1] = str(tmp_path / "out.csv")
    assert main([*args, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["n_scored"] + whole["n_refused"] == N + 1
    for name in whole.keys() - {"out", "foreign"}:
        assert found[0][name] == found[1][name] == whole[name], name


def test_command_says_how_many_images_of_a_folder_of_parts_are_of_one_colour(
    tmp_path: Path, own_checkpoints: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tiny_document("dense")
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    source = folder(tmp_path / "in")
    Image.new("RGB", (20, 20), "white").save(source / "blank.png")
    assert main(["score", "tiny", str(source), "--out", str(tmp_path / "out")]) == 0
    assert "1 image of one colour once prepared" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_rows_are_there_exactly_once_after_a_process_of_two_was_killed(
    tmp_path: Path, own_checkpoints: Path
) -> None:
    document = tiny_document("dense", (1, 64, 64))
    checkpoints.save(own_checkpoints / "tiny.safetensors", document, tiny_tensors(document))
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for i in range(1200):
        (source / f"{i:04d}.png").write_bytes(png(i % 50))
    args = ["-m", "core", "score", "tiny", str(source), "--out", str(out), "--shard-size", "3"]
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    process = subprocess.Popen(
        [*run, *args], cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while len(list(out.glob("*.parquet"))) < 20:
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(psutil.Process(process.pid).children()[1].pid, signal.SIGKILL)
    assert process.wait(60) != 0
    half = len(list(out.glob("*.parquet")))
    assert half < 400
    again = subprocess.run([*run, *args], cwd=PROJECT, capture_output=True, check=False)
    assert again.returncode == 0, again.stderr[-2000:]
    ids = table_of(out)["id"].tolist()
    assert sorted(ids) == [f"{i:04d}.png" for i in range(1200)]
