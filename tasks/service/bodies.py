"""The body of a request, read to its end within the limits of size and time."""

import asyncio

from fastapi import Request

from tasks.service.limits import Limits, RefusedError

OUT_OF_ALL_PROPORTION = 16  # times the largest body


async def read_body(request: Request, limits: Limits) -> bytes:
    """The whole body. Raises RefusedError for one that is too large, which is never held, and for one that stays out.

    A client that is still sending when the connection closes would see that instead of the answer, so the rest of a
    body that is not out of all proportion is taken in, and dropped.
    """
    announced = request.headers.get("content-length", "")
    size = int(announced) if announced.isdecimal() else 0
    if size > limits.body_bytes * OUT_OF_ALL_PROPORTION:
        raise _too_large(size, limits)
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(limits.seconds_to_send):
            async for part in request.stream():
                size += len(part)
                if size <= limits.body_bytes:
                    body += part
                elif size > limits.body_bytes * OUT_OF_ALL_PROPORTION:
                    break
    except TimeoutError:
        message = f"the body did not arrive within {limits.seconds_to_send:g} s"
        raise RefusedError(408, "too_slow", message, field="body", limit=limits.seconds_to_send) from None
    if size > limits.body_bytes:
        raise _too_large(size, limits)
    return bytes(body)


def _too_large(found: int, limits: Limits) -> RefusedError:
    message = f"the body has {found:,} bytes; at most {limits.body_bytes:,} are read: send smaller batches"
    return RefusedError(413, "body_too_large", message, field="body", value=found, limit=limits.body_bytes)
