#!/usr/bin/env bash
# run.sh HOW SOURCE BUILD: builds and runs the consumer in the way HOW; BUILD is installed first where that is needed.
set -euo pipefail
how=$1 source=$2 build=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
app=$(cd "$(dirname "$0")/app" && pwd)
prefix="$scratch/prefix"
# As on a machine that has nothing but a compiler.
hidden=(-DCMAKE_DISABLE_FIND_PACKAGE_Protobuf=ON -DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON
        -DCMAKE_DISABLE_FIND_PACKAGE_OpenCL=ON -DFLATBUFFERS_INCLUDE_DIR=)

fail() { echo "$*"; exit 1; }

install_build() { cmake --install "$build" --prefix "$prefix" >/dev/null; }

# consumer ARGUMENT...: configures the consumer, then builds and runs it.
consumer() {
  cmake -S "$app" -B "$scratch/build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 \
        -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=16 -DHOW="$how" -DORIONRT_SOURCE="$source" \
        -DCMAKE_PREFIX_PATH="$prefix" --no-warn-unused-cli "$@" >/dev/null &&
    cmake --build "$scratch/build" --target consumer >/dev/null &&
    "$scratch/build/consumer"
}

# refused TEXT COMMAND...: the command fails, and says so with this text, wherever lines are broken.
refused() {
  local text=$1 said
  shift
  if said=$("$@" 2>&1); then fail "succeeded: $*"; fi
  said=$(tr -s ' \n' ' ' <<<"$said")
  [[ "$said" == *"$text"* ]] || fail "does not say \"$text\": $said"
  rm -rf "$scratch/build"
}

# The .pc files must not know where they were installed.
pkg_config() {
  command -v pkg-config >/dev/null || { echo "pkg-config is not installed: skipped"; exit 77; }
  install_build
  mv "$prefix" "$scratch/moved"
  PKG_CONFIG_PATH=$(dirname "$(find "$scratch/moved" -name orionrt.pc)")
  export PKG_CONFIG_PATH
  local file name define
  for file in "$PKG_CONFIG_PATH"/orionrt*.pc; do
    name=$(basename "$file" .pc)
    define=HAS_${name#orionrt-}
    # shellcheck disable=SC2046
    c++ -std=c++17 -D"$define" "$app/main.cpp" $(pkg-config --cflags --libs "$name") -o "$scratch/consumer"
    "$scratch/consumer" || fail "$name"
  done
}

# What is asked for by name is found; what is not there, or is nothing, is named.
components() {
  install_build
  local installed=() file
  for file in "$prefix"/lib*/cmake/orionrt/orionrt-*.cmake "$prefix"/lib*/*/cmake/orionrt/orionrt-*.cmake; do
    [[ ! -e "$file" || "$file" =~ -(release|relwithdebinfo|debug|noconfig)\.cmake$ ]] && continue
    installed+=("$(basename "$file" .cmake | sed 's/^orionrt-//')")
  done
  how=find_package
  consumer "-DCOMPONENTS=$(IFS=';'; echo "${installed[*]}")"
  rm -rf "$scratch/build"
  refused 'component "onxn" is unknown, there are orionrt, io' consumer -DCOMPONENTS=onxn
  local config
  config=$(find "$prefix" -name orionrtConfig.cmake)
  if [[ " ${installed[*]} " == *" onnx "* ]] && grep -q "set(orionrt_onnx_packages" "$config"; then
    refused 'component "onnx" needs Protobuf, which is not found' consumer "${hidden[@]}" -DCOMPONENTS=onnx
  fi
}

# ORIONRT_BUILD_<PART>: configured only.
options() {
  local configure=(cmake -S "$source" -B "$scratch/build" -DORIONRT_BUILD_TESTS=OFF "${hidden[@]}")
  local part
  for part in io onnx tflite opencl; do
    refused "ORIONRT_BUILD_${part^^} is ON, and component orionrt::$part needs" \
            "${configure[@]}" "-DORIONRT_BUILD_${part^^}=ON"
  done
  refused 'ORIONRT_BUILD_CUDA is "maybe"; write ON, OFF or AUTO' "${configure[@]}" -DORIONRT_BUILD_CUDA=maybe
  cmake -S "$source" -B "$scratch/build" -DORIONRT_BUILD_TESTS=OFF -DORIONRT_BUILD_IO=OFF -DORIONRT_BUILD_TFLITE=OFF \
        >"$scratch/log"
  grep -q "orionrt::io is left out: ORIONRT_BUILD_IO is OFF" "$scratch/log" || fail "IO=OFF is not said"
  [ ! -e "$scratch/build/orionrt-io.pc" ] || fail "IO=OFF is built"
}

# A plugin that holds the archive shows nothing of it to whoever loads it. (What a compiler makes of templates of std over
# our types is std's: gcc shows some of it whatever it is told.)
plugin() {
  install_build
  local archive exported
  archive=$(find "$prefix" -name liborionrt.a)
  [ -n "$archive" ] || { echo "the library is shared: skipped"; exit 77; }
  c++ -std=c++17 -shared -fPIC -fvisibility=hidden -I"$prefix/include" "$app/plugin.cpp" "$archive" \
      -o "$scratch/plugin.so"
  exported=$(nm -D --defined-only "$scratch/plugin.so")
  grep -q " plugin_entry$" <<<"$exported" || fail "the plugin's own function is not exported"
  if grep -E " _Z[A-Z]*N[rVK]*7orionrt" <<<"$exported"; then fail "the plugin exports these"; fi
}

# What the shared library exports by C names is what is promised.
shared_symbols() {
  command -v nm >/dev/null || return 0
  "$source/tests/capi/symbols.sh" "$source/tests/capi/symbols/orionrt.txt" "$(find "$scratch/build" -name liborionrt.so)"
}

case "$how" in
  find_package) install_build && consumer "${hidden[@]}" ;;
  add_subdirectory) consumer "${hidden[@]}" -DALONE=ON ;;
  FetchContent) consumer -DBUILD_SHARED_LIBS=ON && shared_symbols ;;
  *) "$how" ;;
esac
