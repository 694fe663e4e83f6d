"""What the benchmarks say of where and with what they were run."""

import contextlib
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import time


class BenchError(Exception):
    """What the person who runs it can mend."""


def program(name, package):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise BenchError(f"{name} is missing; it is in the Debian package {package}")
    return found


def output_of(*command):
    with contextlib.suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip()
    return ""


def machine():
    cpu = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.*)$", cpu, re.MULTILINE)
    siblings = pathlib.Path("/sys/devices/system/cpu/cpu0/topology/thread_siblings_list")
    hypervisor = re.search(r"^flags\s*:.*\bhypervisor\b", cpu, re.MULTILINE) is not None
    return {
        "cpu": model.group(1) if model else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threadsOfFirstCore": siblings.read_text().strip() if siblings.exists() else "unknown",
        "virtual": hypervisor,
        "memoryGigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", "unknown"),
    }


def built(build):
    """What is measured, and how it was compiled."""
    cache = {}
    with contextlib.suppress(OSError):
        for line in (build / "CMakeCache.txt").read_text().splitlines():
            name, separator, value = line.partition("=")
            if separator:
                cache[name.partition(":")[0]] = value
    if cache.get("VOLCANION_SANITIZE"):
        raise BenchError(f"{build} is built with sanitizers: there is nothing to measure")
    root = pathlib.Path(__file__).resolve().parents[2]
    return {
        "volcanion": output_of("git", "-C", str(root), "describe", "--always", "--dirty") or "unknown",
        "build": cache.get("CMAKE_BUILD_TYPE", "unknown"),
        "compiler": (output_of(cache.get("CMAKE_CXX_COMPILER", "c++"), "--version").splitlines() or ["unknown"])[0],
    }


def print_table(rows):
    """Rows of texts; the first one is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def machine_line(where):
    """What machine() found, for people."""
    return (f"{where['cpu']}{' (virtual)' if where['virtual'] else ''}, {where['cores']} cores, "
            f"{where['memoryGigabytes']} GB; Linux {where['kernel']}; {where['system']}")


def add_options(parser):
    """What every benchmark of the whole takes."""
    parser.add_argument("--json", metavar="FILE", help="write everything measured to this file, too")
    parser.add_argument("--svg", metavar="FILE", help="draw it into this file, too")
    parser.add_argument("--directory", metavar="DIR",
                        help="where PostgreSQL keeps its data (default: that of temporary files)")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=pathlib.Path("build"),
                        help="where it is built (default %(default)s)")


def report_head(build):
    return {"began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine(), "versions": built(build),
            "loadBefore": os.getloadavg()}


def load_line(report):
    return f"load average {report['loadBefore'][0]:.2f} before, {report['loadAfter'][0]:.2f} after"


def write_results(options, report, plot):
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if options.svg:
        plot.write(options.svg)


def run_as(name, run, options, *failures):
    """Ends with a line for people where something failed, and leaves nothing behind when it is ended."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        run(options)
    except (BenchError, *failures) as error:
        sys.exit(f"bench {name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
