"""``python -m sandbox roster`` and ``python -m sandbox serve``."""

import argparse
import logging
import sys
from pathlib import Path

from sandbox import roster, serving
from sandbox.state import BadStateError
from sandbox.town import Pause


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="sandbox", description="沙盒：在本机扮演电视台、广播、大屏、钉钉群和协作应用")
    verbs = whole.add_subparsers(dest="verb", required=True)

    show = verbs.add_parser("roster", help="生成（或沿用）沙盒的密钥，输出供 huijia outlet import 使用的名册")
    show.add_argument("--state", type=Path, required=True, help="状态文件，仅本人可读")
    show.add_argument("--base", default="http://127.0.0.1:8100", help="huijia 访问沙盒的地址")
    show.add_argument("--screens", type=_count, help="以 N 块大屏替换默认的三块")
    show.add_argument("--listeners", type=_count, help="以 N 块屏替换消息代理上默认的两块")
    show.add_argument("--far", action=argparse.BooleanOptionalAction, help="加上汉中、榆林的发布点")

    run = verbs.add_parser("serve", help="运行沙盒")
    run.add_argument("--state", type=Path, required=True, help="roster 生成的状态文件")
    run.add_argument("--keys", type=Path, required=True, help='JSON：{"协作单位名称": "密钥"}')
    run.add_argument("--huijia", default="http://127.0.0.1:8000", help="huijia 的地址")
    run.add_argument("--port", type=int, default=8100)
    run.add_argument("--hosts", default="127.0.0.1", help="监听地址，以逗号分隔")
    run.add_argument("--delay-min", type=float, default=0.3, help="回执前至少等待的秒数")
    run.add_argument("--delay-max", type=float, default=1.8, help="回执前至多等待的秒数")
    return whole


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    given = parser().parse_args(arguments)
    try:
        if given.verb == "roster":
            sys.stdout.write(roster.prepare(given.state, given.base, given.screens, given.far, given.listeners) + "\n")
            return 0
        if not 0 <= given.delay_min <= given.delay_max:
            raise serving.BadKeysError("--delay-min 不得为负，也不得大于 --delay-max")
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        for noisy in ("httpx", "uvicorn", "amqtt", "transitions"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        serving.serve(_options(given))
    except (BadStateError, serving.BadKeysError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except FileNotFoundError as error:
        sys.stderr.write(f"没有文件 {error.filename}；请先运行 roster\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"沙盒无法启动：{error.strerror}\n")
        return 2
    return 0


def _options(given: argparse.Namespace) -> serving.Options:
    return serving.Options(
        state=given.state,
        keys=given.keys,
        huijia=given.huijia,
        port=given.port,
        hosts=tuple(host.strip() for host in given.hosts.split(",")),
        pause=Pause(given.delay_min, given.delay_max),
    )


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError("应为 1 到 100000")
    return number


if __name__ == "__main__":
    sys.exit(main())
