"""Damaged files of every kind through `check`, `plan` and small renders: only lines and an exit code may come out.

    python scripts/fuzz.py --count 20000 --jobs 2     all of it; a fault is printed with its seed
    python scripts/fuzz.py --only 1234                one input, with all that the command says

Commands run in worker processes, many in each, as tests do. A fault is: an exit code other than 0, 1, 2 and 130; an
error that is only the name of an exception; a traceback; a worker that dies, takes more than 60 s of a processor,
waits for five minutes, or takes more than 2 GB.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import chdir, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fuzz_files import cases, prepare, write_files

SECONDS, WAITING, BYTES = 60.0, 300.0, 2 << 30  # a busy machine gives a fraction of its processors
CODES = (0, 1, 2, 130)
_EACH = 400  # inputs after which a worker is replaced


@dataclass(frozen=True)
class Outcome:
    """What came of the input of a seed; `fault` says what is wrong with that."""

    seed: int
    what: str
    code: int | None
    fault: str | None
    said: str = ""


def run_one(seed: int, good: Path, folder: Path) -> Outcome:
    """The input of this seed, made in `folder` and given to its command in this process."""
    from typer.testing import CliRunner

    from dialogue.cli.app import app

    dice = random.Random(seed)
    known = cases()
    case = dice.choices(known, [one.weight for one in known])[0]
    home = folder.parent / "cache"
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(good.parent / "cache", home)
    os.environ["XDG_CACHE_HOME"] = str(home)
    os.environ["XDG_DATA_HOME"] = str(good.parent / "data")
    file = prepare(case, good, folder, dice)
    with chdir(folder):
        result = CliRunner().invoke(app, list(case.words))
    said = result.output
    fault = None
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        fault = f"raised {type(result.exception).__name__}"
    elif "Traceback" in said or "dialogue --debug" in said:
        fault = next((line for line in said.splitlines() if line.startswith("error: ")), "a traceback")
    elif result.exit_code not in CODES:
        fault = f"exit code {result.exit_code}"
    elif result.exit_code == 2 and "error: " not in said and "Usage" not in said:
        fault = "exit code 2 without a word"
    return Outcome(seed, f"{file}: dialogue {' '.join(case.words)}", result.exit_code, fault, said)


def _work(orders: Connection, good: Path, folder: Path) -> None:
    """A worker: seeds in, outcomes out."""
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 2):  # decoders talk on stderr
        os.dup2(null, stream)
    while (seed := orders.recv()) is not None:
        orders.send(run_one(seed, good, folder))


class Worker:
    """A process that runs one input after the other, watched."""

    def __init__(self, good: Path, place: Path) -> None:
        context: Any = get_context("spawn")
        self._ours, theirs = context.Pipe()
        self.folder = place / "here" / "w"
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.process = context.Process(target=_work, args=(theirs, good, self.folder), daemon=True)
        self.process.start()
        theirs.close()
        self.seed, self.began, self.done, self.worked_before = -1, 0.0, 0, 0.0

    def give(self, seed: int) -> None:
        self.seed, self.began, self.worked_before = seed, time.monotonic(), self.worked()
        self._ours.send(seed)

    @property
    def answers(self) -> Connection:
        return self._ours

    def worked(self) -> float:
        """Seconds of a processor that the process and those it started have taken."""
        with suppress(OSError, ValueError, IndexError):
            told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")
        return 0.0

    def over(self) -> str | None:
        """What it takes too much of."""
        if time.monotonic() - self.began > WAITING:
            return f"more than {WAITING:g} s"
        if self.worked() - self.worked_before > SECONDS:
            return f"more than {SECONDS:g} s of a processor"
        with suppress(OSError, ValueError, StopIteration):
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            kilobytes = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])
            if kilobytes * 1024 > BYTES:
                return f"more than {BYTES >> 30} GB"
        return None

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self._ours.close()


def run_all(seeds: Iterator[int], good: Path, place: Path, jobs: int) -> Iterator[Outcome]:
    """The outcomes, as they come."""
    workers = [Worker(good, place / str(number)) for number in range(jobs)]
    busy: dict[Connection, int] = {}

    def start(number: int) -> None:
        if workers[number].done >= _EACH:
            workers[number].end()
            workers[number] = Worker(good, place / str(number))
        seed = next(seeds, None)
        if seed is not None:
            workers[number].give(seed)
            busy[workers[number].answers] = number

    for number in range(jobs):
        start(number)
    while busy:
        ready = wait(list(busy), timeout=0.2)
        for number in list(busy.values()):
            worker, outcome = workers[number], None
            if worker.answers in ready:
                try:
                    outcome = worker.answers.recv()
                except EOFError:
                    worker.process.join()
                    outcome = Outcome(worker.seed, "", None, f"the process died ({worker.process.exitcode})")
            elif (over := worker.over()) is not None:
                outcome = Outcome(worker.seed, "", None, over)
            if outcome is None:
                continue
            del busy[worker.answers]
            worker.done += 1 if outcome.code is not None else _EACH
            yield outcome
            start(number)
    for worker in workers:
        worker.end()


def good_files(place: Path) -> Path:
    """The folder of good files, with a plan, a film and full caches."""
    from typer.testing import CliRunner

    from dialogue.cli.app import app

    good = place / "good"
    good.mkdir()
    os.environ["XDG_CACHE_HOME"], os.environ["XDG_DATA_HOME"] = str(place / "cache"), str(place / "data")
    write_files(good)
    with chdir(good):
        for words in (["plan", "scene.yaml", "-o", "plan"], ["render", "scene.yaml", "-o", "made/film.mp4"]):
            done = CliRunner().invoke(app, words)
            if done.exit_code:
                raise SystemExit(f"the good files are not good: {done.output}")
    return good


def main() -> None:
    """Fuzz."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0, help="the first")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 1) - 1))
    parser.add_argument("--only", type=int, help="run this seed alone, and print what is said")
    given = parser.parse_args()
    faults: list[Outcome] = []
    codes: Counter[int | None] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        place = Path(name)
        good = good_files(place)
        if given.only is not None:
            os.environ["DIALOGUE_DEBUG"] = "1"
            (place / "one").mkdir()
            outcome = run_one(given.only, good, place / "one" / "w")
            print(outcome.what, outcome.said, f"exit code {outcome.code}", sep="\n")
            return
        seeds = iter(range(given.seed, given.seed + given.count))
        for number, outcome in enumerate(run_all(seeds, good, place, given.jobs), 1):
            codes[outcome.code] += 1
            if outcome.fault is not None:
                faults.append(outcome)
                print(f"seed {outcome.seed}: {outcome.fault}  [{outcome.what}]", flush=True)
            if number % 500 == 0:
                print(f"{number} inputs, {len(faults)} faults, {time.monotonic() - began:.0f} s", flush=True)
    told = ", ".join(f"{count} of code {code}" for code, count in sorted(codes.items(), key=str))
    print(f"{sum(codes.values())} inputs in {time.monotonic() - began:.0f} s: {told}; {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
