"""The SMPP channel against a message centre nobody here wrote: the server of the library smpp34, in its own process."""

import asyncio
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import pytest

from everlit.notices.channel import Answer, Sent
from everlit.notices.channels.smpp import Centre, Smpp
from tests.notices.channels.messages import clock, message

SERVER = """
    import asyncio, sys, smpp34

    async def main():
        server = smpp34.Server(host="127.0.0.1", port=int(sys.argv[1]), system_id="peer")
        await server.start()
        print("ready", flush=True)
        bound, number = {}, 0
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                bound[event.session_id] = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                number += 1
                if event.destination_addr.endswith("0"):
                    event.reject(smpp34.ESME_RTHROTTLED)
                    continue
                event.accept(message_id=f"peer-{number}")
                print(event.destination_addr, event.data_coding, event.short_message.hex(), flush=True)
                await bound[event.session_id].deliver_sm(
                    source_addr=event.destination_addr, destination_addr=event.source_addr, esm_class=4,
                    short_message=f"id:peer-{number} stat:DELIVRD err:000".encode(),
                )

    asyncio.run(main())
"""


@pytest.fixture
def peer() -> Iterator[tuple[int, subprocess.Popen[str]]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", textwrap.dedent(SERVER), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        yield port, process
        process.kill()


def test_both_understand_each_other(peer):
    port, process = peer

    async def work() -> list[Answer | None]:
        sms = Smpp(Centre("127.0.0.1", port, "everlit", "secret"), clock=clock, sender="95598")
        one, other = message(address="13800138001"), message(address="13800138000")
        answers: list[Answer | None] = [await sms.send(one), await sms.send(other)]
        end = time.monotonic() + 5
        while (told := await sms.lookup(one, "peer-1")) is None and time.monotonic() < end:
            await asyncio.sleep(0.02)
        await sms.close()
        return [*answers, told]

    answers = asyncio.run(work())
    assert answers[0] == Answer(Sent.ACCEPTED, "peer-1") and answers[2] == Answer(Sent.DELIVERED, "peer-1")
    assert answers[1] == Answer(Sent.FAILED, detail="SMPP status 0x00000058")
    number, coding, octets = process.stdout.readline().split()
    assert (number, coding) == ("13800138001", "8") and bytes.fromhex(octets).decode("utf-16-be") == message().body
