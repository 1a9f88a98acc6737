// Numbers and bytes as people read and write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "orionrt/config.hpp"

namespace orionrt {

// A whole decimal number, with an optional minus and nothing around it; nothing when it does not fit in 64 bits.
ORIONRT_API std::optional<std::int64_t> ParseInt(std::string_view text);

// "4096", "64K", "8M", "1.5G", "2T", also "64KiB" and "10B": powers of 1024; a fraction of a byte is dropped
// ("9.2M" is 9646899). Nothing when negative, malformed, past 63 bits, or "1.5" without a unit.
ORIONRT_API std::optional<std::int64_t> ParseBytes(std::string_view text);

// "0 B", "1023 B", "4.0 KiB", "9.19 MiB": three significant digits, by integer arithmetic.
ORIONRT_API std::string FormatBytes(std::int64_t bytes);

// "1234567" -> "1,234,567".
ORIONRT_API std::string FormatThousands(std::int64_t value);

// Whether all of it is well-formed UTF-8 (RFC 3629).
ORIONRT_API bool IsUtf8(std::string_view text);

// "x" with control characters and invalid UTF-8 replaced, cut to `limit` bytes with "...": fit for one line of a
// message.
ORIONRT_API std::string Printable(std::string_view text, std::size_t limit = 80);

// The same of a path, whose end says most: "..." and its last `limit` bytes, or fewer.
ORIONRT_API std::string PrintablePath(std::string_view path, std::size_t limit = 60);

// One word of a shell's command line: quoted where a shell would take it for more than a word.
ORIONRT_API std::string ShellWord(const std::string& word);

}  // namespace orionrt
