#include "base/text.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace orionrt::text_test {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(ParseInt, ReadsWholeDecimalNumbers) {
  EXPECT_EQ(ParseInt("0"), 0);
  EXPECT_EQ(ParseInt("-0"), 0);
  EXPECT_EQ(ParseInt("007"), 7);
  EXPECT_EQ(ParseInt("9223372036854775807"), kMax);
  EXPECT_EQ(ParseInt("-9223372036854775808"), INT64_MIN);
}

TEST(ParseInt, RefusesEverythingElse) {
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "1_000", "1,000", "--1",
                           "9223372036854775808", "-9223372036854775809", "99999999999999999999999", "one"}) {
    EXPECT_FALSE(ParseInt(text)) << text;
  }
  EXPECT_FALSE(ParseInt(std::string_view("1\0", 2)));
}

TEST(ParseBytes, ReadsPowersOf1024) {
  EXPECT_EQ(ParseBytes("0"), 0);
  EXPECT_EQ(ParseBytes("4096"), 4096);
  EXPECT_EQ(ParseBytes("10B"), 10);
  EXPECT_EQ(ParseBytes("64K"), 65536);
  EXPECT_EQ(ParseBytes("64k"), 65536);
  EXPECT_EQ(ParseBytes("64KB"), 65536);
  EXPECT_EQ(ParseBytes("64KiB"), 65536);
  EXPECT_EQ(ParseBytes("8M"), 8 << 20);
  EXPECT_EQ(ParseBytes("1.5G"), 3ll << 29);
  EXPECT_EQ(ParseBytes("2T"), 2ll << 40);
  EXPECT_EQ(ParseBytes("1P"), 1ll << 50);
  EXPECT_EQ(ParseBytes("7E"), 7ll << 60);
  EXPECT_EQ(ParseBytes("0.5K"), 512);
  EXPECT_EQ(ParseBytes("1.0"), 1);
  EXPECT_EQ(ParseBytes("9223372036854775807"), kMax);
  EXPECT_EQ(ParseBytes("0.001953125K"), 2) << "nine places, exactly";
  EXPECT_EQ(ParseBytes("0.1K"), 102) << "rounded down";
  EXPECT_EQ(ParseBytes("9.2M"), 9646899);
}

TEST(ParseBytes, RefusesEverythingElse) {
  for (const char* text : {"",
                           "-1",
                           "-1K",
                           "+1",
                           "K",
                           ".5K",
                           "1.K",
                           ".",
                           "1..5K",
                           "1.5.5K",
                           "1.5",
                           "1 K",
                           "1KK",
                           "1iB",
                           "1X",
                           "8E",
                           "9223372036854775808",
                           "9223372036854775807K",
                           "1e3",
                           "0x10",
                           "1,5G",
                           "1.0000000001K",
                           "16E",
                           "99999999999999999999",
                           "K1",
                           "1K "}) {
    EXPECT_FALSE(ParseBytes(text)) << text;
  }
}

TEST(FormatBytes, HasThreeSignificantDigits) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.00 KiB");
  EXPECT_EQ(FormatBytes(1536), "1.50 KiB");
  EXPECT_EQ(FormatBytes(10240), "10.0 KiB");
  EXPECT_EQ(FormatBytes(102400), "100 KiB");
  EXPECT_EQ(FormatBytes(1 << 20), "1.00 MiB");
  EXPECT_EQ(FormatBytes(kMax), "8.00 EiB");
  EXPECT_EQ(FormatBytes(-1536), "-1.50 KiB");
  EXPECT_NE(FormatBytes(INT64_MIN), "");
}

TEST(FormatBytes, ReadsTheSameOnBothSidesOfAStep) {
  EXPECT_EQ(FormatBytes(10239), "10.0 KiB") << "9.999 is rounded to 10.0, not to 9.10 or 10.00";
  EXPECT_EQ(FormatBytes(102399), "100 KiB") << "99.999 is rounded to 100";
  EXPECT_EQ(FormatBytes((1 << 20) - 1), "1.00 MiB") << "1023.999 KiB is a MiB";
}

TEST(FormatThousands, SetsCommas) {
  EXPECT_EQ(FormatThousands(0), "0");
  EXPECT_EQ(FormatThousands(999), "999");
  EXPECT_EQ(FormatThousands(1000), "1,000");
  EXPECT_EQ(FormatThousands(-1000), "-1,000");
  EXPECT_EQ(FormatThousands(-999), "-999");
  EXPECT_EQ(FormatThousands(1234567), "1,234,567");
  EXPECT_EQ(FormatThousands(INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(Printable, KeepsValidUtf8) {
  for (const char* text : {"plain", "Größe", "日本", "\xF0\x9F\x98\x80", ""}) EXPECT_EQ(Printable(text), text);
}

TEST(Printable, ReplacesWhatATerminalShouldNotGet) {
  EXPECT_EQ(Printable("a\nb\tc\x7F"), "a?b?c?");
  EXPECT_EQ(Printable(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(Printable("\xFF\xFE"), "??");
  EXPECT_EQ(Printable("\xC0\xAF"), "??") << "overlong";
  EXPECT_EQ(Printable("\xED\xA0\x80"), "???") << "surrogate";
  EXPECT_EQ(Printable("\xF4\x90\x80\x80"), "????") << "past U+10FFFF";
  EXPECT_EQ(Printable("\xE6\x97"), "??") << "cut off";
}

TEST(Printable, ReplacesControlCharactersOfTheUpperRange) {
  EXPECT_EQ(Printable("a\xC2\x9B"
                      "31m")
                .find('\x9B'),
            std::string::npos)
      << "U+009B begins an escape sequence on some terminals";
}

TEST(Printable, CutsAtTheLimitBetweenCharacters) {
  EXPECT_EQ(Printable("abcdef", 6), "abcdef");
  EXPECT_EQ(Printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(Printable("aöö", 4), "aö...");
}

TEST(PrintablePath, KeepsTheEnd) {
  EXPECT_EQ(PrintablePath("dir/model.onnx", 60), "dir/model.onnx");
  EXPECT_EQ(PrintablePath("some/where/model.onnx", 10), "...model.onnx");
  EXPECT_EQ(PrintablePath("aöö", 3), "...ö") << "not within a character";
  EXPECT_EQ(PrintablePath(std::string(50, '\xFF') + "\nab", 4), "...??ab");
}

}  // namespace
}  // namespace orionrt::text_test
