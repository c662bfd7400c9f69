"""A PostgreSQL in memory, as far as the real code uses one.

Every transaction of the real code is one pipeline: it comes to the server as a whole and is carried out at its commit,
or not at all. A client that is killed or stopped inside it has written nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.simulation.statements import Statements
from tests.simulation.tables import Result, Tables
from tests.simulation.world import World

TRANSACTION = 10.0
"""Seconds that a transaction may take: GUARDS of services/runtime/database.py."""
LOCK_TIMEOUT = 3.0
HEAD = "SELECT position, incarnation FROM head FOR UPDATE"
"""Begins the one transaction that reads what it writes: `log recover`."""
LOCK = "SELECT pg_advisory_lock"
STARTED = "SELECT pg_postmaster_start_time()"
"""Begins the look at whether a server, a database or a table was made anew; here all three are, or none."""


@cache
def reads(sql: str) -> bool:
    """Whether a statement changes nothing."""
    return sql.startswith("ZONES") or (sql.startswith("SELECT") and "(%s" not in sql[:40])


class Database:
    """The database of one service, its backups, and who is connected."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.tables = Tables()
        self.started = 1
        self.away = 0.0
        self.held = False
        """Restored, and open to nobody but `log recover` yet."""
        self.letting = ""
        """The process that runs `log recover`."""
        self.locks: dict[str, Connection] = {}
        self.head: Connection | None = None
        """Who holds the head from one statement to the next; every other writer waits."""
        self.history: list[Tables] = [self.tables.copy()]
        """Backups, oldest first."""
        self.watch = lambda before, after: None
        """Told of every commit: a checker's eye."""

    def commit(self, statements: list[tuple[str, Any]], schema: str) -> tuple[list[Result], int]:
        """Carries out a transaction. Raises LockNotAvailable while somebody holds the head for too long."""
        waited = self.world.now
        while self.head is not None and not self.head.closed and not all(reads(sql) for sql, _ in statements):
            if self.world.running is None or self.world.now - waited > LOCK_TIMEOUT:
                raise psycopg.errors.LockNotAvailable("the head is held")
            self.world.sleep(0.3)
        return self.carry_out(statements, schema)

    def carry_out(self, statements: list[tuple[str, Any]], schema: str) -> tuple[list[Result], int]:
        """Carries out a transaction at once."""
        run = Statements(self.world, self.tables, schema)
        if len(statements) == 1 and reads(statements[0][0]):
            return [run.run(*statements[0])], 0
        kept = self.tables.copy()
        try:
            results = [run.run(sql, given) for sql, given in statements]
        except psycopg.Error:
            self.tables.undo(kept)
            raise
        self.watch(kept, self.tables)
        return results, run.count

    def backup(self) -> None:
        """A copy that can be restored later."""
        self.history.append(self.tables.copy())
        del self.history[:-4]

    def restore(self, nth: int) -> None:
        """The server starts anew with a backup; a standby that lagged looks the same."""
        finished = self.tables.finished
        self.tables = self.history[nth].copy()
        self.tables.finished |= finished
        del self.history[nth + 1 :]
        self.restart()

    def restart(self) -> None:
        """The server starts anew: every connection is lost."""
        self.started += 1
        self.locks.clear()
        self.head = None


class Cursor:
    """What a statement has answered; inside a transaction, once that has committed."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self.rows: Result = []
        self.rowcount = 0
        self.description = ()

    async def execute(self, sql: Any, given: Any = None) -> Self:
        text = sql if isinstance(sql, str) else sql.as_string(None)
        await self._connection.carry_out(self, text, given)
        return self

    async def fetchall(self) -> Result:
        return self.rows

    async def fetchone(self) -> Any:
        return self.rows[0] if self.rows else None


class Connection:
    """One connection. It breaks when its process dies, when the server starts anew, and when its time is up."""

    def __init__(self, database: Database, schema: str = "public") -> None:
        self.database, self.schema = database, schema
        self.world = database.world
        self.broken = False
        self._server = database.started
        self._queue: list[tuple[Cursor, str, Any]] | None = None
        self._work: Tables | None = None
        self._begun = 0.0
        if self.world.running:
            self.world.running.connections.append(self)

    @property
    def closed(self) -> bool:
        return self.broken or self._server != self.database.started

    def _alive(self) -> None:
        if self.closed or self.database.away > self.world.now:
            self.broken = True
            raise psycopg.OperationalError("the connection is closed")

    async def carry_out(self, cursor: Cursor, sql: str, given: Any) -> None:
        self._alive()
        if self._queue is not None and sql == HEAD:
            self.world.step("holds the head", self.database.name)
            self._alive()
            self.database.head, self._work = self, self.database.tables.copy()
        if self._work is not None:
            self.world.look("inside", sql)
            self._alive()
            run = Statements(self.world, self._work, self.schema)
            cursor.rows, cursor.rowcount = run.run(sql, given), run.count
        elif self._queue is not None:
            self._queue.append((cursor, sql, given))
            self.world.look("sent", sql)
            self._alive()
        elif sql.startswith(LOCK):
            self._lock(sql + str(given))
        elif sql.startswith(STARTED):
            cursor.rows = [(self.database.started,)]
        else:
            pure = reads(sql)
            (self.world.look if pure else self.world.step)(self.database.name, sql)
            self._alive()
            [cursor.rows], cursor.rowcount = self.database.commit([(sql, given)], self.schema)
            if not pure:
                self._answered()

    def _swap(self, *, keep: bool) -> None:
        """Commits what was done while the head was held: nobody else has written meanwhile."""
        self.world.step("commit", self.database.name)
        self._alive()
        work, self._work, self._queue = self._work, None, None
        self._let_go()
        if keep:
            assert work is not None
            kept = self.database.tables
            self.database.tables = work
            self.database.watch(kept, work)
        self._answered()

    def _let_go(self) -> None:
        if self.database.head is self:
            self.database.head = None

    def _answered(self) -> None:
        """The answer to a commit is on its way: the process may be gone before it comes, or the connection."""
        self.world.look("committed", self.database.name)
        if self.closed:
            raise psycopg.OperationalError("the connection was lost before the answer came")

    def _lock(self, name: str) -> None:
        holder = self.database.locks.get(name)
        while holder is not None and not holder.closed and holder is not self:
            self.world.sleep(0.3)
            self._alive()
            holder = self.database.locks.get(name)
        self.database.locks[name] = self

    def cursor(self, **_: Any) -> Cursor:
        return Cursor(self)

    async def execute(self, sql: Any, given: Any = None) -> Cursor:
        return await Cursor(self).execute(sql, given)

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[None]:
        yield

    @asynccontextmanager
    async def transaction(self, force_rollback: bool = False) -> AsyncIterator[None]:
        self._alive()
        self._queue, self._begun = [], self.world.now
        try:
            yield
        except BaseException:
            self._queue = self._work = None
            self._let_go()
            raise
        if self._work is not None:
            self._swap(keep=not force_rollback)
            return
        queue, self._queue = self._queue, None
        self.world.step(f"{self.database.name}: commit", [sql for _, sql, _ in queue])
        self._alive()
        if self.world.now - self._begun > TRANSACTION:
            self.broken = True
            raise psycopg.errors.TransactionTimeout("its time was up")
        results, count = self.database.commit([(sql, given) for _, sql, given in queue], self.schema)
        for (cursor, _, _), rows in zip(queue, results, strict=True):
            cursor.rows, cursor.rowcount = rows, count
        self._answered()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["Connection"]:
        """A pool of one."""
        yield self

    async def notifies(self, timeout: float, stop_after: int) -> AsyncIterator[None]:  # noqa: ASYNC109 - as psycopg's
        self._alive()
        self.world.sleep(timeout)
        if self.closed:
            yield

    async def close(self) -> None:
        self.broken = True

    async def __aenter__(self) -> "Connection":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.broken = True


class Waiting:
    """A connection of code that does not await: `parked accept`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: Any, given: Any = None) -> Cursor:
        cursor = Cursor(self._connection)
        try:
            cursor.execute(sql, given).send(None)
        except StopIteration:
            return cursor
        raise AssertionError("something real was awaited")


_given = cache(conninfo_to_dict)


def connect(databases: dict[str, Database], info: str) -> Connection:
    """A connection to the database that a connection string names. Raises OperationalError while it is away."""
    given = _given(info)
    database = databases[str(given["dbname"])]
    database.world.look("connects", database.name)
    name = database.world.running.name if database.world.running else ""
    if database.away > database.world.now or (database.held and name != database.letting):
        raise psycopg.OperationalError("the database is away")
    return Connection(database, "rebuild" if "search_path=rebuild" in str(given.get("options")) else "public")
