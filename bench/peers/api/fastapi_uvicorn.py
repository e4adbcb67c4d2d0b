"""FastAPI on uvicorn: one validated echo, the scale for ``stab3l bench api``."""

from __future__ import annotations

import os
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    """What the API takes as an order, without its signature."""

    account: str
    market: str
    side: str
    price: str
    quantity: str
    client_id: str


@app.post("/echo")
async def echo(order: Order) -> Order:
    """The order, read and written again."""
    return order


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
