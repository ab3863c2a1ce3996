"""A bucket for benchmarks/prediction/remote.py: as much of S3's protocol as reading takes, every
answer late by so many seconds: python -m benchmarks.prediction.remote_bucket FOLDER SECONDS;
prints its port. Its photos are `s3://bucket/<name>`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from aiohttp import web

MOST_KEYS = 1_000
WHEN = "2026-01-01T00:00:00.000Z"


class Bucket:
    """All its files are in memory, those of one target once: reading them here takes no time."""

    def __init__(self, folder: Path, seconds: float) -> None:
        targets = {path.name: path.resolve() for path in sorted(folder.iterdir())}
        contents = {target: target.read_bytes() for target in set(targets.values())}
        self.files = {name: contents[target] for name, target in targets.items()}
        self.seconds = seconds

    async def answer(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.seconds)
        key = request.match_info.get("key", "")
        if not key:
            return self._listed(request.query)
        if key not in self.files:
            return web.Response(
                status=404,
                text="<Error><Code>NoSuchKey</Code></Error>",
                content_type="application/xml",
            )
        return web.Response(
            body=self.files[key],
            headers={"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"},
        )

    def _listed(self, query: Mapping[str, str]) -> web.Response:
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        names = [name for name in self.files if name.startswith(prefix) and name > after]
        page, rest = names[: int(query.get("max-keys", MOST_KEYS))], len(names) > MOST_KEYS
        entries = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>{WHEN}</LastModified><ETag>&quot;1&quot;</ETag>"
            f"<Size>{len(self.files[name])}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for name in page
        )
        more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        return web.Response(
            text='<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>bucket</Name><KeyCount>{len(page)}</KeyCount><IsTruncated>{str(rest).lower()}</IsTruncated>{more}"
            f"{entries}</ListBucketResult>",
            content_type="application/xml",
        )


async def serve(folder: Path, seconds: float) -> None:
    bucket, app = Bucket(folder, seconds), web.Application()
    app.router.add_get("/bucket", bucket.answer)
    app.router.add_get("/bucket/{key:.*}", bucket.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), float(sys.argv[2])))
