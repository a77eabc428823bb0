"""The routes of files: send one, ask how far it is, look at its rows, take them along, have it forgotten."""

import asyncio
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from tasks.service.answers import FileStatus, ScoredRows, asks, refusals
from tasks.service.file_jobs import FileJob, FileJobs
from tasks.service.limits import RefusedError
from tasks.service.page_routes import client_of
from tasks.service.rates import RateLimit
from tasks.service.scored_file import View, as_csv, select_rows
from tasks.service.state import Service
from tasks.service.uploads import Uploads, receive_file
from tasks.sources.columns import ColumnMap

FILES = 30  # a minute, of one client

Column = Annotated[str | None, Query(max_length=200)]


def add_files(app: FastAPI, service: Service) -> FileJobs:
    """Let the application score files; what must be closed in the end."""
    jobs = FileJobs(service)
    _add_sending(app, service, jobs)
    _add_looking(app, jobs)
    return jobs


def _add_sending(app: FastAPI, service: Service, jobs: FileJobs) -> None:
    uploads, rate = Uploads(), RateLimit(FILES, 60)
    body = asks({"type": "string", "format": "binary"}, "application/octet-stream")

    @app.post("/files", status_code=202, response_model=None, responses=_responses(202, FileStatus), openapi_extra=body)
    async def send(
        request: Request,
        name: Annotated[str, Query(max_length=300)],
        text: Column = None,
        keyword: Column = None,
        id: Column = None,
    ) -> dict[str, Any]:
        """Take a file of tweets (the body) to be scored; its columns are guessed where they are not named."""
        client = client_of(request)
        rate.count(client)
        jobs.refuse_if_full()
        with uploads.place(client):
            path, folder = await receive_file(request, name, service.limits)
        job = FileJob(client, path, ColumnMap(text=text, keyword=keyword, id=id), folder)
        try:
            return jobs.status(jobs.add(job))
        except RefusedError:
            folder.close()
            raise

    @app.delete("/files/{file}", response_model=None, responses=_responses(200, FileStatus))
    async def forget(request: Request, file: str) -> dict[str, Any]:
        """Forget a file at once."""
        job = jobs.find(file, client_of(request))
        jobs.forget(job)
        return jobs.status(job)


def _add_looking(app: FastAPI, jobs: FileJobs) -> None:
    @app.get("/files/{file}", response_model=None, responses=_responses(200, FileStatus))
    async def status(request: Request, file: str) -> dict[str, Any]:
        """How far a file is."""
        return jobs.status(jobs.find(file, client_of(request)))

    @app.get("/files/{file}/rows", response_model=None, responses=_responses(200, ScoredRows))
    async def rows(request: Request, file: str, view: Annotated[View, Query()]) -> dict[str, Any]:
        """Rows of a scored file: those that match, in this order."""
        return await asyncio.to_thread(select_rows, _finished(jobs, file, request).table, view)

    @app.get("/files/{file}/scored.csv", responses=_responses(200, None))
    async def csv(request: Request, file: str) -> Response:
        """All rows of a scored file."""
        job = _finished(jobs, file, request)
        content = await asyncio.to_thread(as_csv, job.table, *job.model)
        name = f"{job.path.stem.encode('ascii', 'replace').decode().replace('?', '_')}-scored.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return Response(content, headers=headers, media_type="text/csv; charset=utf-8")


def _finished(jobs: FileJobs, file: str, request: Request) -> FileJob:
    job = jobs.find(file, client_of(request))
    if job.state != "done":
        raise RefusedError(409, "not_done", job.message or "the file is not scored yet", value=job.state)
    return job


def _responses(status: int, model: Any) -> dict[int | str, dict[str, Any]]:
    answered: dict[str, Any] = {"description": "Done."}
    answered |= {"content": {"text/csv": {}}} if model is None else {"model": model}
    return {status: answered, **refusals(400, 404, 408, 409, 413, 422, 429, 503, 507)}
