// The C header, by the compilers that users have.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "folder.hpp"
#include "io/export/c_names.hpp"
#include "orionrt/formats.hpp"
#include "orionrt/planner.hpp"
#include "refuses.hpp"

namespace orionrt::export_header_test {
namespace {

using tests::Folder;
using tests::Refuses;

PlanFile Planned(Problem problem, std::int64_t alignment = 64) {
  PlanFile file;
  RaiseAlignment(problem, alignment);
  file.problem = std::move(problem);
  file.plan = ReusePlanner("first_fit").Run(file.problem);
  file.source = "dir/tiny-net.onnx";
  file.alignment = alignment;
  return file;
}

// Buffers of 100 bytes with these names, all alive together: offsets 0, 128, 256, ...
PlanFile Named(const std::vector<std::string>& names) {
  Problem problem;
  problem.buffers.assign(names.size(), {0, 2, 100});
  problem.names = names;
  return Planned(problem);
}

bool HasCompiler(const std::string& compiler) {
  return std::system(("command -v " + compiler + " >/dev/null 2>&1").c_str()) == 0;
}

// Compiles `body` after the header, twice included, with all warnings as errors. Says what the compiler said.
testing::AssertionResult CompilesWith(const std::string& compiler, const std::string& header, const std::string& body) {
  const Folder folder;
  folder.Write("plan.h", header);
  const bool is_cpp = compiler.find("++") != std::string::npos;
  const std::string source =
      folder.Write(is_cpp ? "user.cpp" : "user.c", "#include \"plan.h\"\n#include \"plan.h\"\n" + body);
  const std::string command = compiler + " -Wall -Wextra -Wshadow -Wundef -pedantic -Werror -c " + source + " -o " +
                              (folder / "user.o") + " 2>" + (folder / "said");
  if (std::system(command.c_str()) == 0) return testing::AssertionSuccess() << compiler << " took it\n" << header;
  return testing::AssertionFailure() << compiler << ":\n" << folder.Read("said") << header.substr(0, 4000);
}

const std::vector<std::string>& Compilers() {
  static const std::vector<std::string> found = [] {
    std::vector<std::string> compilers;
    for (const char* compiler : {"gcc -std=c99", "gcc -std=c11", "clang -std=c99", "clang -std=c11", "g++ -std=c++11",
                                 "g++ -std=c++17", "clang++ -std=c++17", "cc -std=c99", "c++ -std=c++17"}) {
      const std::string program = std::string(compiler).substr(0, std::string(compiler).find(' '));
      if (HasCompiler(program)) compilers.push_back(compiler);
    }
    return compilers;
  }();
  return found;
}

void ExpectCompiles(const PlanFile& file, const std::string& body, const CHeaderOptions& options = {}) {
  ASSERT_FALSE(Compilers().empty());
  const std::string header = WriteCHeader(file, options);
  for (const std::string& compiler : Compilers()) EXPECT_TRUE(CompilesWith(compiler, header, body));
}

TEST(CHeader, GivesConstantExpressionsToCAndCpp) {
  ExpectCompiles(Named({"conv1", "relu"}), R"(
#if TINY_NET_OFFSET_relu != 128 || TINY_NET_SIZE_conv1 != 100 || TINY_NET_ARENA_BYTES != 228
#error "not in the preprocessor"
#endif
TINY_NET_STATIC_ASSERT(TINY_NET_OFFSET_conv1 == 0 && TINY_NET_ARENA_ALIGNMENT == 64, values);
unsigned char copy[TINY_NET_SIZE_relu];
int Index(unsigned long long offset);
int Index(unsigned long long offset) { switch (offset) { case TINY_NET_OFFSET_conv1: return 1; case TINY_NET_OFFSET_relu: return 2; default: return 0; } }
#ifdef __cplusplus
constexpr unsigned long long kEnd = TINY_NET_OFFSET_relu + TINY_NET_SIZE_relu;
static_assert(kEnd == TINY_NET_ARENA_BYTES, "");
#endif
)");
}

TEST(CHeader, DefinesAndChecksTheArena) {
  const std::string body = R"(
TINY_NET_DEFINE_ARENA(static, arena);
TINY_NET_CHECK_ARENA(arena);
TINY_NET_DEFINE_ARENA(, shared_arena);
TINY_NET_CHECK_ARENA(shared_arena);
int Check(void);
int Check(void) { TINY_NET_CHECK_ARENA(arena); return TINY_NET_IS_ALIGNED(arena + TINY_NET_OFFSET_b); }
)";
  ExpectCompiles(Named({"a", "b"}), body);
  ExpectCompiles(Named({"a", "b"}), body, {"", ".bss.arena"});
}

TEST(CHeader, RefusesAnArenaThatDoesNotDo) {
  const std::string header = WriteCHeader(Named({"a", "b"}));
  for (const std::string& compiler : Compilers()) {
    EXPECT_FALSE(CompilesWith(compiler, header, "unsigned char few[227]; TINY_NET_CHECK_ARENA(few);"));
    EXPECT_FALSE(CompilesWith(compiler, header, "unsigned char low[228]; TINY_NET_CHECK_ARENA(low);"))
        << "its alignment is that of a char";
  }
}

TEST(CHeader, PutsTheArenaIntoItsSection) {
  const Folder folder;
  folder.Write("plan.h", WriteCHeader(Named({"a"}), {"NET", ".dram_arena"}));
  const std::string source = folder.Write("user.c", "#include \"plan.h\"\nNET_DEFINE_ARENA(, arena);\n");
  const std::string object = folder / "user.o";
  ASSERT_EQ(std::system(("cc -c " + source + " -o " + object).c_str()), 0);
  if (!HasCompiler("objdump")) GTEST_SKIP() << "no objdump";
  EXPECT_EQ(std::system(("objdump -h " + object + " | grep -q '[.]dram_arena'").c_str()), 0);
}

TEST(CHeader, LetsNoNameDoHarm) {
  std::string all_bytes;
  for (int c = 1; c < 256; ++c) all_bytes += static_cast<char>(c);
  ExpectCompiles(Named({"int",
                        "class",
                        "a*/ #error \"out\"",
                        "/* b",
                        "c\\",
                        "d?\?/",
                        "?\?/\n#error e",
                        "e\nf\r\n#error",
                        std::string(10000, 'x'),
                        std::string(9999, 'x') + "y",
                        "\xE2\x80\xAE"
                        "bidi",
                        "\xE6\x97\xA5\xE6\x9C\xAC",
                        "",
                        "1.5",
                        "%s\"'",
                        "_",
                        "__FILE__",
                        "defined",
                        std::string("nul\0nul", 7),
                        all_bytes,
                        "@",
                        "$",
                        "a/b:0",
                        "a_b_0"}),
                 R"(TINY_NET_STATIC_ASSERT(TINY_NET_OFFSET_int == 0 && TINY_NET_OFFSET_class == 128, keywords);
TINY_NET_STATIC_ASSERT(TINY_NET_OFFSET_id_12 == 12 * 128, nameless);
TINY_NET_STATIC_ASSERT(TINY_NET_OFFSET_a_b_0_id_22 == 22 * 128 && TINY_NET_OFFSET_a_b_0_id_23 == 23 * 128, collided);
)");
}

TEST(CHeader, LetsNoSourceOrPolicyDoHarm) {
  for (const char* source : {"*/ #error", "a?\?/", "x\\", "\n#error", "9.onnx", "dir/", "..", "\xE6\x97\xA5.onnx"}) {
    PlanFile file = Named({"a"});
    file.source = source;
    file.plan.policy = std::string("auto:") + source;
    EXPECT_TRUE(CompilesWith(Compilers().front(), WriteCHeader(file), ""));
  }
}

TEST(CHeader, HoldsEmptyAndHugePlans) {
  ExpectCompiles(Planned({}),
                 "TINY_NET_DEFINE_ARENA(static, arena);\nTINY_NET_CHECK_ARENA(arena);\n"
                 "int Use(void);\nint Use(void) { return arena[0]; }\n");
  Problem huge;
  huge.buffers = {{0, 1, (std::int64_t{1} << 62) - 1}, {0, 1, 1 << 20}};
  ExpectCompiles(Planned(huge), "TINY_NET_STATIC_ASSERT(TINY_NET_ARENA_BYTES > 0x3FFFFFFFFFFFFFFF, huge);\n");
}

TEST(CHeader, NamesTheSectionAndThePrefixOrRefuses) {
  const PlanFile file = Named({"a"});
  EXPECT_NE(WriteCHeader(file, {"MyNet", ""}).find("#define MyNet_OFFSET_a 0ULL\n"), std::string::npos);
  for (const char* prefix : {"1a", "a b", "_A", "a__b", "a_", "\xC3\xA4", "a\"", "a\n"}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"prefix"}, [&] { WriteCHeader(file, {prefix, ""}); })) << prefix;
  }
  for (const char* section : {"a b", "a\"", ".x\\", "a\n#error", "$"}) {
    EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {"section"}, [&] { WriteCHeader(file, {"", section}); })) << section;
  }
}

TEST(CHeader, RefusesAnAlignmentThatNoObjectFileHas) {
  Problem problem;
  problem.buffers = {{0, 1, 1, std::int64_t{1} << 29}};
  EXPECT_TRUE(Refuses(ErrorCode::kUnsupported, {"536870912", "2^28"}, [&] { WriteCHeader(Planned(problem)); }));
  problem.buffers[0].alignment = std::int64_t{1} << 28;
  EXPECT_NO_THROW(WriteCHeader(Planned(problem)));
}

TEST(CHeader, AlignsTheArenaAsItsBuffersNeed) {
  Problem problem;
  problem.buffers = {{0, 1, 1, 1}, {0, 1, 1, 4096}};
  PlanFile file = Planned(problem, 1);
  file.alignment = 3;  // nonsense that no buffer has
  EXPECT_NE(WriteCHeader(file).find("_ARENA_ALIGNMENT 4096\n"), std::string::npos);
}

TEST(CHeader, SaysTheSameTwice) { EXPECT_EQ(WriteCHeader(Named({"a", "b"})), WriteCHeader(Named({"a", "b"}))); }

TEST(CNames, AreUniqueWhateverCollides) {
  Problem problem;
  problem.names = {"a.b", "a_b", "a_b_id_0", "", "a-b", "id_3", "x", "\xC3\xA4", "\xC3\xB6"};
  problem.ids = {"0", "1", "2", "3", "?", "5", "!", "+", "-"};
  problem.buffers.assign(problem.names.size(), {0, 1, 1});
  const std::vector<std::string> names = UniqueIdentifiers(problem);
  const std::vector<std::string> expected = {"a_b_id_0_2", "a_b_id_1", "a_b_id_0", "id_3_id_3", "a_b_id_4",
                                             "id_3_id_5",  "x",        "id_7",     "id_8"};
  EXPECT_EQ(names, expected);
}

TEST(CNames, AreQuickWhenThousandsCollide) {
  Problem problem;
  for (int i = 0; i < 60000; ++i) {
    problem.names.emplace_back("same");
    problem.ids.push_back("7" + std::string(1 + i / 200, '+') + std::string(1 + i % 200, '-'));
  }
  problem.buffers.assign(problem.names.size(), {0, 1, 1});
  const std::vector<std::string> names = UniqueIdentifiers(problem);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(names.back(), "same_id_7_60000");
}

TEST(CNames, AreCutWithAHashOfTheWhole) {
  const std::string a = Identifier(std::string(10000, 'x') + "a");
  const std::string b = Identifier(std::string(10000, 'x') + "b");
  EXPECT_NE(a, b);
  EXPECT_LE(a.size(), 217u);
}

}  // namespace
}  // namespace orionrt::export_header_test
