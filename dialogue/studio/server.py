"""The page's server: what it shows, what it may change, and one stream of what happens. On this machine alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import dialogue
from dialogue.ground.errors import DialogueError
from dialogue.scene.edit import EditError
from dialogue.studio import jobs, shown
from dialogue.studio.asked import check_reach, edits_of
from dialogue.studio.begin import LARGEST, PICTURES, RECORDINGS, begin, brought_in
from dialogue.studio.episodes import Episodes
from dialogue.studio.gate import Gate, Keys
from dialogue.studio.house import House
from dialogue.studio.mends import files_of
from dialogue.studio.room import Room

PAGE = Path(__file__).parent / "page"
_POLL = 0.25  # seconds between two looks at the logs of jobs
_QUIET = 15.0  # seconds after which a stream without news says that it lives
_LARGEST = 8_000_000  # bytes of a request's JSON
Endpoint = Callable[[Request], Awaitable[Response]]


def application(house: House, keys: Keys) -> Gate:
    """The whole server."""
    films, batch = _Films(house), _Batch(house)
    routes = [
        Route("/", _page),
        Route("/assets/{name}", _asset),
        Route("/session", _session(keys), methods=["POST"]),
        Route("/api/films", films.list),
        Route("/api/events", films.events),
        Route("/api/portrait/{name}", _portrait),
        Route("/api/batch", batch.record),
        Route("/api/batch/answer", batch.answer, methods=["POST"]),
        Route("/api/batch/go", batch.go, methods=["POST"]),
        Route("/api/batch/stop", batch.stop, methods=["POST"]),
        Route("/api/batch/recording/{name}", batch.recording),
        Route("/api/film/{film}", films.record),
        Route("/api/film/{film}/edit", films.edit, methods=["POST"]),
        Route("/api/film/{film}/history", films.history, methods=["POST"]),
        Route("/api/film/{film}/render", films.render, methods=["POST"]),
        Route("/api/film/{film}/cancel", films.cancel, methods=["POST"]),
        Route("/api/film/{film}/media/{name}", films.media),
        Route("/api/film/{film}/picture/{name}", films.picture),
        Route("/api/film/{film}/peaks/{name}", films.peaks),
        Route("/api/film/{film}/sound", films.sound),
        Route("/api/film/{film}/movie", films.movie),
        Route("/api/film/{film}/take/{shot:int}/{number:int}", films.take),
        Route("/api/film/{film}/take/{shot:int}/{number:int}/name", films.name_take, methods=["POST"]),
        Route("/api/film/{film}/mouths", films.mouths),
        Route("/api/film/{film}/files", films.files),
        Route("/api/film/{film}/upload", films.upload, methods=["POST"]),
        Route("/api/film/{film}/begin", films.begin, methods=["POST"]),
        Route("/api/film/{film}/frame/{job}", films.frame),
    ]
    handlers: dict[Any, Any] = {DialogueError: _refused, EditError: _refused, KeyError: _missing}
    return Gate(Starlette(routes=routes, exception_handlers=handlers), keys)


async def _page(request: Request) -> Response:
    return FileResponse(PAGE / "index.html", headers={"cache-control": "no-store"})


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in ("app.js", "app.css"):
        raise KeyError(name)
    return FileResponse(PAGE / name, headers={"cache-control": "no-cache"})


async def _portrait(request: Request) -> Response:
    return FileResponse(dialogue.portrait(request.path_params["name"]))


def _session(keys: Keys) -> Endpoint:
    async def hand_in(request: Request) -> Response:
        asked = await _json(request)
        if not keys.opens(asked.get("token")):
            return JSONResponse({"message": "this is not the token of this run"}, 403)
        return JSONResponse({}, headers={"set-cookie": keys.set_cookie})

    return hand_in


async def _json(request: Request) -> dict[str, Any]:
    """The request's JSON object. Only JSON is taken, which no form of another site can send."""
    if request.headers.get("content-type", "").split(";")[0] != "application/json":
        raise EditError("requests are JSON")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            raise EditError("a request this large is no edit")
    try:
        asked = json.loads(body)
    except ValueError:
        raise EditError("this is not JSON") from None
    if not isinstance(asked, dict):
        raise EditError("a request is an object")
    return asked


async def _refused(request: Request, error: Exception) -> Response:
    problems = [str(problem) for problem in error.problems] if isinstance(error, DialogueError) else [str(error)]
    return JSONResponse({"message": "; ".join(problems)}, 409)


async def _missing(request: Request, error: Exception) -> Response:
    return JSONResponse({"message": "there is no such thing"}, 404)


class _Batch:
    """What is asked of a batch. KeyError where the page was opened on none."""

    def __init__(self, house: House) -> None:
        self._house = house

    def _episodes(self) -> Episodes:
        if self._house.episodes is None:
            raise KeyError("batch")
        return self._house.episodes

    async def record(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._episodes().record))

    async def answer(self, request: Request) -> Response:
        episodes, asked = self._episodes(), await _json(request)
        name, label, who = asked.get("episode"), asked.get("label"), asked.get("who")
        if not isinstance(name, str) or not isinstance(label, str) or not isinstance(who, str | None):
            raise EditError("an answer is {episode, label, who}")
        await run_in_threadpool(episodes.answer, name, label, who)
        return JSONResponse({})

    async def go(self, request: Request) -> Response:
        episodes, asked = self._episodes(), await _json(request)
        only = asked.get("only")
        if not isinstance(only, list) or not all(isinstance(name, str) for name in only):
            raise EditError("only is a list of episodes")
        job = await run_in_threadpool(episodes.go, only)
        return JSONResponse({"job": job.number})

    async def stop(self, request: Request) -> Response:
        episodes = self._episodes()
        await _json(request)
        return JSONResponse({"stopped": await run_in_threadpool(episodes.stop)})

    async def recording(self, request: Request) -> Response:
        return FileResponse(await run_in_threadpool(self._episodes().source, request.path_params["name"]))


class _Films:
    """What is asked of one film, or of all."""

    def __init__(self, house: House) -> None:
        self._house = house

    def _room(self, request: Request) -> Room:
        return self._house.room(request.path_params["film"])

    async def list(self, request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(self._house.films_record))

    async def record(self, request: Request) -> Response:
        room = self._room(request)
        return JSONResponse(await run_in_threadpool(lambda: {**room.record(), "job": shown.job_record(room)}))

    async def edit(self, request: Request) -> Response:
        room, asked = self._room(request), await _json(request)
        edits = edits_of(asked.get("edits"))
        check_reach(edits, room.folder, room.tree())
        label = str(asked.get("label") or "an edit")[:200]
        await run_in_threadpool(room.edit, str(asked.get("base")), edits, label, asked.get("typing") is True)
        return JSONResponse({"revision": room.revision})

    async def history(self, request: Request) -> Response:
        room, asked = self._room(request), await _json(request)
        label = await run_in_threadpool(room.redo if asked.get("redo") else room.undo)
        return JSONResponse({"label": label, "revision": room.revision})

    async def render(self, request: Request) -> Response:
        room, asked = self._room(request), await _json(request)
        job = await run_in_threadpool(shown.start_render, room, asked)
        return JSONResponse({"job": job.number})

    async def cancel(self, request: Request) -> Response:
        room = self._room(request)
        job = jobs.newest(room.cache)
        return JSONResponse({"stopped": job is not None and await run_in_threadpool(job.cancel)})

    async def media(self, request: Request) -> Response:
        return FileResponse(shown.media_place(self._room(request), request.path_params["name"]))

    async def picture(self, request: Request) -> Response:
        place = shown.media_place(self._room(request), request.path_params["name"])
        return await run_in_threadpool(shown.picture, place)

    async def peaks(self, request: Request) -> Response:
        room = self._room(request)
        place = shown.media_place(room, request.path_params["name"])
        channel, level = (int(request.query_params.get(name) or 0) for name in ("channel", "level"))
        asked: dict[str, Any] = {"channel": channel or None, "level": min(max(level, 0), 3)}
        data, rate = await run_in_threadpool(dialogue.peaks, place, room.cache, **asked)
        return Response(data, media_type="application/octet-stream", headers={"x-rate": f"{rate:.6f}"})

    async def sound(self, request: Request) -> Response:
        room = self._room(request)
        place = await run_in_threadpool(shown.sound, room, request.query_params.getlist("only") or None)
        return FileResponse(place) if place is not None else Response(status_code=204)

    async def movie(self, request: Request) -> Response:
        return FileResponse(_there(self._room(request).movie), headers={"cache-control": "no-cache"})

    async def take(self, request: Request) -> Response:
        shot, number = request.path_params["shot"], request.path_params["number"]
        return FileResponse(_there(shown.take_place(self._room(request), shot, number)), media_type="video/mp4")

    async def name_take(self, request: Request) -> Response:
        room, asked = self._room(request), await _json(request)
        if not isinstance(asked.get("name"), str):
            raise EditError("a name is a text")
        shot, number = request.path_params["shot"], request.path_params["number"]
        await run_in_threadpool(shown.name_take, room, shot, number, asked["name"])
        return JSONResponse({})

    async def mouths(self, request: Request) -> Response:
        return FileResponse(_there(shown.mouths_place(self._room(request))), headers={"cache-control": "no-store"})

    async def upload(self, request: Request) -> Response:
        """A file for a film, as the body of the request, into the film's own folder."""
        room = self._room(request)
        if request.headers.get("content-type") != "application/octet-stream":
            raise EditError("a file comes as it is")
        taken = 0
        with brought_in(room.folder, request.query_params.get("name", "")) as (file, placed):
            async for part in request.stream():
                taken += len(part)
                if taken > LARGEST:
                    raise EditError("a file this large is not taken")
                await run_in_threadpool(file.write, part)
        return JSONResponse({"name": placed[0].name})

    async def files(self, request: Request) -> Response:
        """The pictures and recordings that lie in the film's folder, as a scene names them."""
        room = self._room(request)
        if room.document is None:
            raise EditError("a plan names its files itself")
        found = await run_in_threadpool(files_of, room.folder)
        sorts = {"pictures": PICTURES, "recordings": RECORDINGS}
        return JSONResponse(
            {sort: [name for name in found if Path(name).suffix.lower() in kinds] for sort, kinds in sorts.items()}
        )

    async def begin(self, request: Request) -> Response:
        film, asked = self._house.film(request.path_params["film"]), await _json(request)
        await run_in_threadpool(begin, film.path, asked)
        self._house.forget(film.id)
        return JSONResponse({})

    async def frame(self, request: Request) -> Response:
        room = self._room(request)
        job = next((job for job in jobs.jobs_of(room.cache) if str(job.number) == request.path_params["job"]), None)
        if job is None:
            raise KeyError("job")
        return FileResponse(_there(job.folder / jobs.FRAME), headers={"cache-control": "no-store"})

    async def events(self, request: Request) -> Response:
        stream = self._stream(request.headers.get("last-event-id", ""))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def _stream(self, last: str) -> AsyncIterator[str]:
        """Versions of films as they change, and lines of jobs' logs as they are written: none lost, none twice.

        The id of an event tells how far each job's log had been read, so that a stream goes on after a break.
        """
        read = dict(part.split("=", 1) for part in last.split(",") if "=" in part)
        versions: dict[str, int] = {}
        quiet = 0.0
        yield "retry: 500\n\n"
        sent = dict(read)
        while True:
            news = await run_in_threadpool(self._house.news, versions, read)
            for event in news:
                if event["kind"] == "job":
                    sent[event["film"]] = f"{event['job']}:{event['line']}"
                mark = ",".join(f"{film}={at}" for film, at in sent.items())
                yield f"id: {mark}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
            quiet = 0.0 if news else quiet + _POLL
            if quiet >= _QUIET:
                quiet = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(_POLL)


def _there(place: Path | None) -> Path:
    if place is None or not place.is_file():
        raise KeyError("file")
    return place


def serve(house: House, keys: Keys, socket: Any) -> None:
    """Serve on a listening socket until Ctrl-C."""
    import uvicorn

    config = uvicorn.Config(
        application(house, keys),  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,  # streams stay open for ever
        server_header=False,
        lifespan="off",
    )
    uvicorn.Server(config).run([socket])
