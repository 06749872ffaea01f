"""From a plan to a film: missing shots made and encoded one after the other, joined, and moved into place at the end.

Work is kept per shot as soon as it is done. A run that is stopped, in whatever way, leaves the finished shots in the
cache and nothing at the film's place; the next run makes the rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from dialogue.generators.generator import Generate, done_with, shot_job
from dialogue.ground.digests import text_digest
from dialogue.ground.errors import DialogueError
from dialogue.ground.outputs import held, put_text, replacing
from dialogue.ground.progress import OnProgress, Progress, untold
from dialogue.media.fonts import Fonts
from dialogue.planning.plan import AudioSlice, MixPart, Plan
from dialogue.rendering.burn import burn, caption_fonts, subtitles
from dialogue.rendering.digests import Digests
from dialogue.rendering.encode import encode
from dialogue.rendering.film_order import Order, as_ordered, check, check_room
from dialogue.rendering.film_sound import FilmSound, untouched
from dialogue.rendering.loudness import shortfall
from dialogue.rendering.marks import check_signer, comment_of, mark
from dialogue.rendering.mix import Heard, write_mix, write_sound
from dialogue.rendering.pace import Pace
from dialogue.rendering.shot_tasks import Task, generator_of, tasks_of
from dialogue.rendering.stitch import Clip, stitch
from dialogue.show.captions import cues_of
from dialogue.show.hand_over import caption_text
from dialogue.show.transcript import transcript


@dataclass(frozen=True)
class Film:
    """A film that was made: its file, its captions, what became of each shot, and the folder of the plan's paths."""

    file: Path
    captions: tuple[Path, ...]
    tasks: tuple[Task, ...]
    plan: Plan
    media: Path | None = None
    warnings: tuple[str, ...] = ()  # of what was made

    @property
    def rendered(self) -> tuple[Task, ...]:
        return tuple(task for task in self.tasks if task.reason is not None)


@as_ordered
def render(order: Order, tell: OnProgress = untold) -> Film:
    """Make the film, or the shots of it that are ordered. Only shots whose clip the cache lacks are made.

    Raises SceneError for a mistake in the order (before any work), DialogueError for a run that failed, naming the
    shot. Whatever is raised, also by `tell`, finished shots are kept and the film's place is as it was.
    """
    tasks = prepared(order)
    # The sound first: what cannot be heard stops the film before its shots are made.
    sound = _sound(order, tell) if order.shots is None else _sound_of(order, tasks, tell)
    due = [task for task in tasks if task.reason is not None]
    pace = Pace(order.plan, due, to_burn(order, tasks), tell)
    _make_all(order, due, pace)
    tell = pace.after
    inputs = {task.number: task.inputs for task in tasks}
    if order.shots is not None:
        write(order, tasks, sound, tell)
        order.cache.remember(order.name, {**order.cache.last(order.name), **inputs})
        pace.end()
        return Film(order.output, (), tuple(tasks), order.plan, order.media)
    with _caption_track(order) as track:
        write(order, tasks, sound, tell, track)
    for kind, file in order.caption_files.items():
        put_text(file, caption_text(order.plan, kind))
    for kind, file in order.transcript_files.items():
        put_text(file, transcript(order.plan, kind))
    order.cache.remember(order.name, inputs)
    order.cache.trim()
    pace.end()
    beside = (*order.caption_files.values(), *order.transcript_files.values())
    return Film(order.output, beside, tuple(tasks), order.plan, order.media, _warnings(order.plan, sound))


def _warnings(plan: Plan, sound: FilmSound | None) -> tuple[str, ...]:
    told = shortfall(sound.file, plan.loudness) if sound is not None and plan.loudness is not None else None
    return () if told is None else (told,)


@as_ordered
def prepared(order: Order) -> list[Task]:
    """Everything that can fail before work starts, done; what there is to do."""
    check(order)
    check_signer()
    generator = generator_of(order)
    order.cache.prepare()
    first, last = order.shots or (1, len(order.plan.shots))
    tasks = tasks_of(order, generator)[first - 1 : last]
    check_room(order, sum(task.shot.frames for task in tasks if task.reason is not None))
    return tasks


@as_ordered
def make(order: Order, tasks: Sequence[Task], tell: OnProgress, loaded: Generate | None = None) -> None:
    """Make the clips of these shots, one after the other; each is in the cache as soon as it is done.

    `loaded` is what the generator's `load` gave, where it is kept from one call to the next.
    """
    _make_all(order, tasks, Pace(order.plan, tasks, (), tell), loaded)


def _make_all(order: Order, tasks: Sequence[Task], pace: Pace, loaded: Generate | None = None) -> None:
    if not tasks:
        return
    generator = generator_of(order)
    pace.at(tasks[0], 0.0, "getting ready")
    generate = loaded or generator.load()
    pace.begin()
    try:
        for task in tasks:
            _make(order, task, generate, pace)
            pace.finished(task)
    finally:
        if loaded is None:
            done_with(generate)


_WAITING = "waiting for another render that is at it"


def _make(order: Order, task: Task, generate: Generate, pace: Pace) -> None:
    share = 0.0

    def report(done: float, doing: str) -> None:
        nonlocal share
        share = max(share, min(done, 1.0))
        pace.at(task, share, doing)

    work = order.cache.work(task.key)
    with order.cache.making(task.clip, lambda: pace.at(task, 0.0, _WAITING), anew=order.force) as draft:
        if draft is None:
            return
        work.mkdir(parents=True, exist_ok=True)
        (shot,) = task.alone.shots
        job = shot_job(task.alone, shot, order.media, work, generator_of(order).STRIDE)
        try:
            encode(
                pace.seen(generate(job, report)),
                draft,
                width=task.alone.width,
                height=task.alone.height,
                fps=task.alone.fps,
                count=shot.frames,
                what=str(task),
                on_frame=lambda done: report(done / shot.frames, f"frame {done} of {shot.frames}"),
            )
        except Exception as error:
            if error is pace.stopped:
                raise
            if isinstance(error, DialogueError):
                raise _failed(order, task, [problem.message for problem in error.problems]) from error
            raise _failed(order, task, [f"{type(error).__name__}: {error}".rstrip(": ")]) from error
    order.cache.clear_work(task.key)


def _failed(order: Order, task: Task, messages: Sequence[str]) -> DialogueError:
    kept = "" if str(task) in " ".join(messages) else f"{task} failed: "
    return DialogueError([order.place(task.shot, f"{kept}{message}") for message in messages])


def sound(order: Order, tell: OnProgress = untold) -> Path | None:
    """What the film is heard as, before any shot of it is made."""
    order.cache.prepare()
    heard = _sound(order, tell)
    return heard.file if heard is not None else None


def _sound(order: Order, tell: OnProgress) -> FilmSound | None:
    """What is muxed: the mix as it was given where mp4 holds it, else encoded once, or its parts laid over each other.

    Raises SceneError for a recording that cannot be decoded.
    """
    mix, plan = order.plan.mix, order.plan
    if plan.sounds or plan.loudness is not None:  # laid under it, or turned up as a whole
        return _mixed(order, 0.0, plan.duration, tell)
    whole = None if mix.source is None else AudioSlice(mix.source, 0.0, plan.duration, stream=mix.stream)
    if len(mix.parts) == 1:  # one recording, heard from its start to its end, is as good as a mix
        audio, at, gain = mix.parts[0].audio, mix.parts[0].at, mix.parts[0].gain
        if audio.channel is None and audio.start == at == 0 and not gain and audio.end * plan.fps > plan.frames - 1:
            whole = audio
    if whole is None:
        return _mixed(order, 0.0, plan.duration, tell)
    return untouched(order.media / whole.source, whole.stream) or _encoded(order, whole, tell)


def _sound_of(order: Order, tasks: Sequence[Task], tell: OnProgress) -> FilmSound | None:
    """What is heard while these shots, which follow each other, are seen."""
    clock = order.plan.clock
    begin, end = clock.seconds_at(tasks[0].shot.start), clock.seconds_at(tasks[-1].shot.end)
    return _mixed(order, begin, end - begin, tell)


def _encoded(order: Order, whole: AudioSlice, tell: OnProgress) -> FilmSound:
    """A recording as AAC, from the cache where it has it."""

    def make(draft: Path) -> None:
        write_sound(order.media / whole.source, whole.stream, draft)

    return _kept_sound(order, [whole.source], repr(("whole", whole.stream)), make, tell)


def _mixed(order: Order, start: float, duration: float, tell: OnProgress) -> FilmSound | None:
    """What is heard from `start` on, laid over each other, from the cache where it has it; None where nothing is.

    A film is brought to its loudness as a whole: some of its shots alone are as loud as they come.
    """
    plan = order.plan
    parts = plan.mix.parts
    if plan.mix.source is not None:
        parts = (MixPart(AudioSlice(plan.mix.source, 0.0, plan.duration, stream=plan.mix.stream), 0.0),)
    heard = _between(Heard(parts, plan.sounds, plan.turns), start, start + duration)
    if not heard.parts and not heard.sounds:
        return None
    whole = start == 0 and duration == plan.duration
    loudness = plan.loudness if whole else None
    how: list[object] = [
        (f"{part.at:.6f}", f"{part.audio.start:.6f}", f"{part.audio.end:.6f}", *part.audio.heard[1:], part.gain or 0.0)
        for part in heard.parts
    ]
    how += [(astuple(replace(sound, audio=replace(sound.audio, source="")))) for sound in heard.sounds]
    how += [(turn.start, turn.end) for turn in heard.turns]

    def make(draft: Path) -> None:
        write_mix(heard, order.media, duration, draft, start, loudness)

    sources = [audio.source for audio in heard.slices]
    return _kept_sound(order, sources, repr((how, start, duration, loudness)), make, tell)


def _between(heard: Heard, start: float, end: float) -> Heard:
    """What of it is heard from `start` to `end` seconds; the turns only where a sound makes room for them."""
    parts = tuple(p for p in heard.parts if p.at < end and p.at + p.audio.end - p.audio.start > start)
    sounds = tuple(sound for sound in heard.sounds if sound.start < end and sound.end > start)
    return Heard(parts, sounds, heard.turns if any(sound.duck for sound in sounds) else ())


def _kept_sound(
    order: Order, sources: Sequence[str], how: str, make_it: Callable[[Path], None], tell: OnProgress
) -> FilmSound:
    """A sound made of these recordings in this way, from the cache where it has it."""
    digests = Digests(order.media, order.cache.digests)
    made_of = [digests.file(source) for source in sources]
    digests.save()
    entry = order.cache.entry("sound", text_digest(repr((how, made_of)))[:32], ".m4a")
    with order.cache.making(entry, lambda: tell(Progress(_WAITING, 0.0)), anew=order.force) as draft:
        if draft is not None:
            tell(Progress("making the sound", 0.0))
            make_it(draft)
    order.cache.touch(entry)
    return FilmSound(entry)


def write(
    order: Order, tasks: Sequence[Task], audio: FilmSound | None, tell: OnProgress, captions: Path | None = None
) -> None:
    """Join the clips of these shots and `audio` at the order's place, where an old film stays until this is whole."""
    clips = [Clip(_shown(order, task, tell), task.shot.frames) for task in tasks]
    tell(Progress("joining the shots", 1.0))
    with held(order.output, lambda: tell(Progress(_WAITING, 1.0))), replacing(order.output) as draft:
        said = {"title": order.plan.title, "comment": comment_of(order.plan)}
        stitch(clips, audio, draft, fps=order.plan.fps, metadata=said, captions=captions)
        mark(draft, order, tasks)
    for task, clip in zip(tasks, clips, strict=True):
        order.cache.touch(task.clip)
        order.cache.touch(clip.file)


def _shown(order: Order, task: Task, tell: OnProgress) -> Path:
    """The clip as the film shows it: with its captions burnt in where the plan says so and there are any."""
    wanted = _burnt(order, task)
    if wanted is None:
        return task.clip
    entry, script, fonts = wanted
    with order.cache.making(entry, lambda: tell(Progress(_WAITING, 1.0)), anew=order.force) as draft:
        if draft is not None:
            tell(Progress(f"{task}: burning in the captions", 1.0))
            burn(task.clip, script, draft, order.plan, fonts)
    return entry


def _burnt(order: Order, task: Task) -> tuple[Path, str, Fonts] | None:
    """Where the clip with its captions is kept, and what they are drawn by; None where it shows none."""
    if not order.plan.burn_in:
        return None
    cues = cues_of(order.plan)
    fonts = caption_fonts(order.plan, cues, order.media)
    script = subtitles(order.plan, task.shot, cues, fonts)
    if script is None:
        return None
    return order.cache.entry("burnt", text_digest(task.key + script + fonts.stamp)[:32]), script, fonts


def to_burn(order: Order, tasks: Sequence[Task]) -> tuple[Task, ...]:
    """The shots whose captions are still to be burnt in."""
    wanted = [(task, _burnt(order, task)) for task in tasks]
    return tuple(task for task, burnt in wanted if burnt and (order.force or task.reason or not burnt[0].is_file()))


@contextmanager
def _caption_track(order: Order) -> Iterator[Path | None]:
    """A file of the captions to mux, while it is needed; None where no track is wanted or there are no words."""
    if not order.caption_track or not cues_of(order.plan):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="captions-") as folder:
        file = Path(folder) / "captions.srt"
        file.write_text(caption_text(order.plan, "srt"), encoding="utf-8")
        yield file
