"""The ledger, as ``huijia doctor`` looks at it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.commands.findings import Finding, Verdict, judge
from app.commands.store import NO_ADDRESS, server_said
from app.db import checkup, keys, people, views, workers
from app.db.checkup import Officer, Sealed
from app.db.engine import Session, StoreRefused, StoreUnavailable, connect, transaction
from app.db.schema import newest_schema, revision
from app.domain.regions import may_speak_for
from app.flows.troubles import troubles

SKEW_SECONDS = 2.0
LONGEST_SNAPSHOT_MINUTES = 30
NAMED = 3
ADD_ADMINISTRATOR = "huijia operator link 姓名（第一个账号是管理员）"
ADD_OFFICER = "huijia operator link 姓名 --role officer --organ 机关代码 --number 警号 --phone 值班电话"


@dataclass(frozen=True, slots=True)
class Ledger:
    """``sealed``: some of what lies sealed in it; ``None`` while nobody knows."""

    findings: Sequence[Finding]
    sealed: Sequence[Sealed] | None = None


def no_ledger(said: str) -> Ledger:
    """There is none, or it tells nothing."""
    return Ledger([Finding("数据库", Verdict.ILL, said)])


async def examined(url: str) -> Ledger:
    """Look at it, and change nothing."""
    try:
        engine = connect(url, pool=1)
    except (ArgumentError, ValueError):
        return no_ledger(NO_ADDRESS)
    try:
        return await _examined(engine)
    except StoreRefused:
        return no_ledger("有应答，但拒绝了登录：检查 DATABASE_URL 的用户、口令和库名")
    except StoreUnavailable:
        return no_ledger("连不上：检查 DATABASE_URL、网络和数据库进程")
    except DBAPIError as e:
        return no_ledger(f"有应答，但拒绝了查询：{server_said(e)}")
    finally:
        await engine.dispose()


async def _examined(engine: AsyncEngine) -> Ledger:
    async with transaction(engine) as session:
        schema = await _schema(session)
        if schema.verdict is not Verdict.WELL:
            return Ledger([schema])
        found = [await check(session) for check in _CHECKS]
        found += [Finding("待处理", Verdict.ILL, t.zh) for t in await troubles(session)]
        return Ledger([schema, *found], await checkup.sealed(session))


async def _schema(session: Session) -> Finding:
    found, right = await revision(session), newest_schema()
    return judge(
        "数据库结构",
        found == right,
        str(found),
        f"是 {found or '空的'}，应为 {right}，请运行 huijia migrate",
        Verdict.ILL,
    )


async def _version(session: Session) -> Finding:
    number = int((await session.execute(text("SHOW server_version_num"))).scalar_one())
    return judge(
        "PostgreSQL", number >= 150000, str(number // 10000), f"是 {number // 10000}，须 15 或更新", Verdict.ILL
    )


async def _durable(session: Session) -> Finding:
    off = [
        name
        for name in ("fsync", "synchronous_commit", "full_page_writes")
        if (await session.execute(text(f"SHOW {name}"))).scalar_one() == "off"
    ]
    return judge("落盘", not off, "已确认的都已落盘", f"{'、'.join(off)} 已关闭，断电会丢记录", Verdict.ILL)


async def _skew(session: Session) -> Finding:
    theirs: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    apart = abs((theirs - datetime.now(UTC)).total_seconds())
    return judge(
        "本机与数据库时钟",
        apart < SKEW_SECONDS,
        f"相差 {apart:.1f} 秒",
        f"相差 {apart:.1f} 秒，请校时（业务以数据库时钟为准，不受影响）",
    )


async def _dispatchers(session: Session) -> Finding:
    alive = await workers.at_work(session)
    return judge("投递进程", bool(alive), f"{len(alive)} 个", "没有在运行，请启动 huijia dispatch 或 huijia serve")


async def _snapshot(session: Session) -> Finding:
    """A forgotten BEGIN, or a backup that hangs: nothing that is over can be cleared away meanwhile."""
    minutes = await views.oldest_snapshot(session) / 60
    return judge(
        "最久的事务",
        minutes < LONGEST_SNAPSHOT_MINUTES,
        f"{minutes:.0f} 分钟",
        f"数据库里有一个事务已开着 {minutes:.0f} 分钟，旧数据清不掉，请在 pg_stat_activity 中找到并结束它",
    )


async def _keys(session: Session) -> Finding:
    scopes = {k["scope"] for k in await keys.listing(session) if k["revoked_at"] is None}
    return judge("公安机关密钥", "police" in scopes, "有", "还没有，请 huijia key issue police")


async def _outlets(session: Session) -> Finding:
    enrolled, at_work = await checkup.outlets(session)
    none = "还没有，请 huijia outlet add 或 huijia outlet import"
    return judge("发布点", at_work > 0, f"{at_work} 个", "都已暂停，谁也收不到" if enrolled else none)


async def _officers(session: Session) -> Finding:
    officers = await checkup.officers(session)
    none = "还没有能手工发布的民警，须有两名，一人报送、一人核实"
    alone = _without_a_second(officers)
    names = "、".join(alone[:NAMED]) + ("等" if len(alone) > NAMED else "")
    said = f"{names}只有一名能手工发布的民警，没有第二人核实就发不出" if officers else none
    first = "" if await people.administrators_named(session, 1) else f" 先 {ADD_ADMINISTRATOR}，再"
    return judge("值守台民警", bool(officers) and not alone, f"{len(officers)} 名", f"{said}。请{first} {ADD_OFFICER}")


def _without_a_second(officers: Sequence[Officer]) -> Sequence[str]:
    """Organs with officers of whom none has another, of theirs or of one above, to confirm what they fill in (``may_decide``)."""
    served = {
        one.organ
        for one in officers
        for other in officers
        if one.number != other.number and may_speak_for(other.area_code, one.area_code)
    }
    return [organ for organ in dict.fromkeys(one.organ for one in officers) if organ not in served]


_CHECKS: tuple[Callable[[Session], Awaitable[Finding]], ...] = (
    _version, _durable, _skew, _dispatchers, _snapshot, _keys, _outlets, _officers,
)  # fmt: skip
