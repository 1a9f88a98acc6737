#!/usr/bin/env bash
# run.sh HOW SOURCE BUILD: builds and runs the consumer. For find_package and pkg_config, BUILD is installed first.
set -euo pipefail
how=$1 source=$2 build=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
app=$(cd "$(dirname "$0")/app" && pwd)
prefix="$scratch/prefix"
case "$how" in
  find_package | pkg_config) cmake --install "$build" --prefix "$prefix" >/dev/null ;;
esac
if [ "$how" = pkg_config ]; then
  command -v pkg-config >/dev/null || { echo "pkg-config is not installed: skipped"; exit 77; }
  mv "$prefix" "$scratch/moved"  # the .pc file must not know where it was installed
  PKG_CONFIG_PATH=$(dirname "$(find "$scratch/moved" -name orionrt.pc)")
  export PKG_CONFIG_PATH
  # shellcheck disable=SC2046
  c++ -std=c++17 "$app/main.cpp" $(pkg-config --cflags --libs orionrt) -o "$scratch/consumer"
  "$scratch/consumer"
  exit
fi
cmake -S "$app" -B "$scratch/build" -DCMAKE_BUILD_TYPE=Debug -DHOW="$how" -DORIONRT_SOURCE="$source" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$scratch/build" --target consumer >/dev/null
"$scratch/build/consumer"
