"""How the contracts of the peg and the flow stand now, read from the chains."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Final, TypeVar

from stab3l.api.chain_views import (
    Feed,
    FlowSink,
    FlowView,
    PegPool,
    PegView,
    PoolToken,
    PoolView,
    ReserveView,
)
from stab3l.api.problems import Problem
from stab3l.chain.address import checksum
from stab3l.chain.contracts import TOKEN_ABI, Contract, contract, contract_at, decode_log
from stab3l.chain.errors import ContractRejected
from stab3l.chain.flows import Flows
from stab3l.chain.port import Chain
from stab3l.config import ChainConfig, Network
from stab3l.hashing import keccak256

PUBLIC, MESH = "PMMPool ", "MeshPool "
BUCKETS: Final = ("A", "B", "C", "D", "E")
PAIRS: Final = ("USDC/USD", "USDT/USD", "EUR/USD", "XAU/USD", "CU/USD", "sSTB/USD", "sSTB-FUTURES/USD")
"""What the oracles report, by the names that their ids are the hashes of (docs/reference/mechanism)."""
LOG_BLOCKS: Final = 10_000

T = TypeVar("T")


class ChainState:
    """Reads by the network's chains. Every method raises ``Unavailable`` while a chain that it needs is away."""

    def __init__(self, network: Network, chains: Mapping[int, Chain], symbols: Mapping[tuple[int, bytes], str]) -> None:
        self._network = network
        self._chains = chains
        self._symbols = symbols
        self._tokens: dict[tuple[int, str], tuple[str, str]] = {}
        self._decimals: dict[tuple[int, str], int] = {}
        self._tasks: dict[int, tuple[int, dict[bytes, str]]] = {}

    def chain(self, chain_id: int) -> Chain:
        """A chain to read. Raises `Problem` ``unavailable`` where there is none."""
        found = self._chains.get(chain_id)
        if found is None:
            raise Problem("unavailable", f"chain {chain_id} is not read here", chain_id=chain_id)
        return found

    async def pools(self) -> list[PoolView]:
        """Every pool of every chain, by chain and name."""
        wanted = [
            self._pool(config, name)
            for config in self._network.chains
            for name in sorted(config.contracts)
            if name.startswith((PUBLIC, MESH))
        ]
        return list(await asyncio.gather(*wanted))

    async def pool(self, chain_id: int, address: str) -> PoolView:
        """One pool. Raises `Problem` ``pool_unknown``."""
        return await self._pool(*self._named_pool(chain_id, address))

    async def quote(self, chain_id: int, address: str, sells_base: bool, amount: int) -> tuple[int, int]:
        """What a pool pays for an amount, and its fee. Raises `Problem` ``pool_unknown``, ``pool_refuses``."""
        config, name = self._named_pool(chain_id, address)
        function = "querySellBase" if sells_base else "querySellQuote"
        try:
            paid, fee = await self.chain(chain_id).call(contract(config, name), function, amount)
        except ContractRejected as error:
            raise Problem("pool_refuses", f"the pool does not quote this: {error.message}", pool=name) from None
        return int(paid), int(fee)

    async def pegs(self) -> list[PegView]:
        """The peg of every chain that keeps one."""
        return [await self._peg(config) for config in self._network.chains if "PegManager" in config.contracts]

    async def reserves(self) -> list[ReserveView]:
        """What every vault holds, by bucket and token."""
        views: list[ReserveView] = []
        for config in self._network.chains:
            if "ReserveVault" in config.contracts:
                views += await self._reserves(config)
        return views

    async def prices(self) -> list[Feed]:
        """What the oracles of the chains answer."""
        wanted = [
            self._price(config, pair)
            for config in self._network.chains
            if "Oracle" in config.contracts
            for pair in PAIRS
        ]
        return [found for found in await asyncio.gather(*wanted) if found is not None]

    async def flows(self) -> list[FlowView]:
        """Every task type's pool on the primary chain."""
        config = self._network.primary
        if "BackpressurePool" not in config.contracts:
            return []
        chain = self.chain(config.chain_id)
        flows, tasks = Flows(chain, config), await self._task_types(chain, config)
        found = await asyncio.gather(*(self._flow(flows, task, name) for task, name in tasks.items()))
        return [view for view in found if view is not None]

    async def _flow(self, flows: Flows, task: bytes, name: str) -> FlowView | None:
        address = await flows.chain.call(flows.pools, "getPool", task)
        if int(address, 16) == 0:
            return None
        state, sinks = await asyncio.gather(flows.state(task), flows.sinks(task))
        signals = await asyncio.gather(*(flows.signal(task, sink) for sink in sinks))
        return FlowView(
            task_type="0x" + task.hex(),
            name=name,
            pool=str(checksum(bytes.fromhex(address[2:]))),
            quantum=str(state.quantum),
            rate=str(state.rate),
            capacity=str(state.capacity),
            sink_units=str(state.sink_units),
            escrow_units=str(state.escrow_units),
            total_units=str(state.total_units),
            buffer_level=str(state.buffer_level),
            buffer_max=str(state.buffer_max),
            spare=str(state.spare),
            needs_rebalance=bool(state.needs_rebalance),
            sinks=[
                FlowSink(sink, str(signal[0]), str(signal[1]), int(signal[2]))
                for sink, signal in zip(sinks, signals, strict=True)
            ],
        )

    async def _task_types(self, chain: Chain, config: ChainConfig) -> dict[bytes, str]:
        registry, head = contract(config, "CapacityRegistry"), (await chain.head()).number
        start, known = self._tasks.get(config.chain_id, (config.deploy_block - 1, {}))
        for first in range(max(start - config.confirmations, config.deploy_block), head + 1, LOG_BLOCKS):
            for entry in await chain.logs([registry.address], first, min(first + LOG_BLOCKS - 1, head)):
                event = decode_log(registry, entry)
                if event is not None and event.event == "TaskTypeRegistered":
                    known = known | {event.args["taskTypeId"]: event.args["name"]}
        self._tasks[config.chain_id] = (head, known)
        return known

    def _named_pool(self, chain_id: int, address: str) -> tuple[ChainConfig, str]:
        for config in self._network.chains:
            for name, at in config.contracts.items():
                same = config.chain_id == chain_id and at.lower() == address.lower()
                if same and name.startswith((PUBLIC, MESH)):
                    return config, name
        raise Problem("pool_unknown", f"chain {chain_id} has no pool at {address}", chain_id=chain_id, pool=address)

    async def _pool(self, config: ChainConfig, name: str) -> PoolView:
        pool, chain = contract(config, name), self.chain(config.chain_id)

        async def read(function: str) -> Any:
            return await _or_none(chain.call(pool, function))

        (base, quote), state, terms, price, paused = await asyncio.gather(
            self._sides(chain, pool), read("state"), read("terms"), read("midPrice"), read("paused")
        )
        return PoolView(
            chain_id=config.chain_id,
            name=name.split(" ", 1)[1],
            address=pool.address,
            kind="mesh" if name.startswith(MESH) else "public",
            base=await self._token(config, base),
            quote=await self._token(config, quote),
            open=price is not None,
            price=_text(price),
            base_reserve=_text(state and state.baseReserve),
            quote_reserve=_text(state and state.quoteReserve),
            base_target=_text(state and state.baseTarget),
            quote_target=_text(state and state.quoteTarget),
            slope=_text(terms and terms.slope),
            fee=_text(terms and terms.fee),
            paused=bool(paused),
        )

    async def _sides(self, chain: Chain, pool: Contract) -> tuple[str, str]:
        key = (pool.chain_id, pool.address)
        if key not in self._tokens:
            base, quote = await asyncio.gather(chain.call(pool, "baseToken"), chain.call(pool, "quoteToken"))
            self._tokens[key] = (str(base), str(quote))
        return self._tokens[key]

    async def _token(self, config: ChainConfig, address: str) -> PoolToken:
        key = (config.chain_id, address)
        if key not in self._decimals:
            token = contract_at(config.chain_id, TOKEN_ABI, address)
            self._decimals[key] = int(await self.chain(config.chain_id).call(token, "decimals"))
        symbol = self._symbols.get((config.chain_id, bytes.fromhex(address[2:])), address)
        return PoolToken(address, symbol, self._decimals[key])

    async def _peg(self, config: ChainConfig) -> PegView:
        manager, chain = contract(config, "PegManager"), self.chain(config.chain_id)

        async def read(function: str, *args: Any) -> Any:
            return await _or_none(chain.call(manager, function, *args))

        par, target, updated, ratio, inputs = await asyncio.gather(
            *(read(name) for name in ("par", "computeTarget", "updatedBlock", "reserveRatio", "inputsNow"))
        )
        pools = []
        for name in sorted(config.contracts):
            if not name.startswith((PUBLIC, MESH)):
                continue
            pool = contract(config, name)
            aim, deviation, price = await asyncio.gather(
                read("targetOf", pool.address),
                read("deviationOf", pool.address),
                _or_none(chain.call(pool, "midPrice")),
            )
            if aim is not None:
                pools.append(
                    PegPool(
                        name=name.split(" ", 1)[1],
                        address=pool.address,
                        target=_text(aim[0]),
                        band=_text(aim[1]),
                        deviation=_text(deviation and deviation[0]) if deviation else None,
                        price=_text(price),
                    )
                )
        terms = {name: str(value) for name, value in inputs._asdict().items()} if inputs is not None else None
        return PegView(config.chain_id, _text(par), _text(target), _text(updated), _text(ratio), terms, pools)

    async def _reserves(self, config: ChainConfig) -> list[ReserveView]:
        vault, chain = contract(config, "ReserveVault"), self.chain(config.chain_id)
        pools = [contract(config, name) for name in config.contracts if name.startswith((PUBLIC, MESH))]
        sides = await asyncio.gather(*(self._sides(chain, pool) for pool in pools))
        tokens = sorted({token for pair in sides for token in pair})
        wanted = [(bucket, token) for bucket in range(len(BUCKETS)) for token in tokens]
        health = await asyncio.gather(*(_or_none(chain.call(vault, "healthOf", *one)) for one in wanted))
        named = {token: await self._token(config, token) for token in tokens}
        return [
            ReserveView(
                config.chain_id,
                BUCKETS[bucket],
                token,
                named[token].symbol,
                named[token].decimals,
                str(found[0]),
                str(found[1]),
                str(found[2]),
            )
            for (bucket, token), found in zip(wanted, health, strict=True)
            if found is not None and (found[0] or found[1])
        ]

    async def _price(self, config: ChainConfig, pair: str) -> Feed | None:
        oracle, chain, feed = contract(config, "Oracle"), self.chain(config.chain_id), keccak256(pair.encode())
        fresh = await _or_none(chain.call(oracle, "priceOf", feed))
        if fresh is not None:
            return Feed(config.chain_id, pair, str(fresh[0]), str(fresh[1]), False)
        last = await _or_none(chain.call(oracle, "lastAnswerOf", feed))
        if last is None or not last[1]:
            return None
        return Feed(config.chain_id, pair, str(last[1]), str(last[2]), True)


async def _or_none(reading: Awaitable[T]) -> T | None:
    """What a contract answers; None when it refuses (a pool that is not open, a feed that is stale)."""
    try:
        return await reading
    except ContractRejected:
        return None


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)
