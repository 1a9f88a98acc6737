#!/usr/bin/env python3
"""measure_python.py BUILD [ROWS]: what Python costs over C++. The same lifetimes are planned by orionrt.plan, from
numpy arrays, and by ReusePlanner of BUILD's library, in turns; then `import orionrt` is timed beyond numpy's own
import. Processor time, medians of seven. Needs numpy and the package, of the same source as BUILD; CXX: the compiler (c++)."""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import orionrt

TURNS = 7
PROGRAM = r"""
#include <ctime>
#include <fstream>
#include <iostream>
#include <vector>

#include "orionrt/orionrt.hpp"

int main(int, char** argv) {
  std::vector<std::int64_t> columns[3];
  for (int i = 0; i < 3; ++i) {
    std::ifstream file(argv[2 + i], std::ios::binary);
    for (std::int64_t x; file.read(reinterpret_cast<char*>(&x), sizeof x);) columns[i].push_back(x);
  }
  const std::clock_t begin = std::clock();
  orionrt::Problem problem;
  problem.buffers.resize(columns[0].size());
  for (std::size_t i = 0; i < problem.buffers.size(); ++i) {
    problem.buffers[i] = {columns[0][i], columns[1][i], columns[2][i], 64};
  }
  const orionrt::Plan plan = orionrt::ReusePlanner(argv[1]).Run(problem);
  std::cout << plan.peak_bytes << " " << double(std::clock() - begin) / CLOCKS_PER_SEC << "\n";
}
"""


def lifetimes(rows):
    """Sizes of a few KiB, lives of up to a thousandth of the time."""
    random = np.random.default_rng(1)
    lower = np.sort(random.integers(0, rows, rows))
    return lower, lower + random.integers(1, rows // 1000 + 2, rows), random.integers(1, 4096, rows)


def by_python(policy, columns):
    begin = time.process_time()
    plan = orionrt.plan(*columns, policy=policy)
    return plan.peak_bytes, time.process_time() - begin


def by_cpp(program, policy, files):
    peak, seconds = subprocess.run([program, policy, *files], check=True, capture_output=True, text=True).stdout.split()
    return int(peak), float(seconds)


def import_seconds(lines):
    timed = f"import time\nbegin = time.process_time()\n{lines}\nprint(time.process_time() - begin)"
    return float(subprocess.run([sys.executable, "-c", timed], check=True, capture_output=True, text=True).stdout)


def main():
    build = pathlib.Path(sys.argv[1])
    columns = lifetimes(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    root = pathlib.Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for name, column in zip(("lower", "upper", "size"), columns):
            files.append(f"{folder}/{name}")
            column.astype(np.int64).tofile(files[-1])
        program, source = f"{folder}/program", pathlib.Path(folder, "program.cpp")
        source.write_text(PROGRAM)
        compiler = os.environ.get("CXX", "c++")
        library = build / "liborionrt.a"
        subprocess.run([compiler, "-std=c++17", "-O2", f"-I{root}/include", source, library, "-o", program], check=True)
        for policy in ("first_fit", "auto"):
            turns = [(by_python(policy, columns), by_cpp(program, policy, files)) for _ in range(TURNS)]
            assert len({peak for turn in turns for peak, _ in turn}) == 1, "the two are of different sources"
            mine, theirs = (statistics.median(turn[k][1] for turn in turns) for k in (0, 1))
            print(f"{len(columns[0]):,} rows, {policy}: {mine * 1000:.0f} ms from Python, "
                  f"{theirs * 1000:.0f} ms from C++, {(mine / theirs - 1) * 100:+.1f} %")
    numpy, both = [], []
    for _ in range(TURNS):
        numpy.append(import_seconds("import numpy"))
        both.append(import_seconds("import numpy, orionrt"))
    print(f"import orionrt: {(statistics.median(both) - statistics.median(numpy)) * 1000:.1f} ms beyond numpy")


if __name__ == "__main__":
    main()
