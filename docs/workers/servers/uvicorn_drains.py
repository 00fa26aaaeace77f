# uvicorn, except that what it has accepted before a stop is answered.
import asyncio

import uvicorn

shutdown = uvicorn.Server.shutdown


async def drain(self, sockets=None):
    for server in self.servers:
        server.close()  # take no more
    await asyncio.sleep(0.1)  # and read the requests of what was taken
    await shutdown(self, sockets)


uvicorn.Server.shutdown = drain
uvicorn.main()
