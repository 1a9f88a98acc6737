// Dimensions as texts: what is an expression, what it is worth, and what follows from a value that is given.
#include "io/dims/dimensions.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>

#include "orionrt/config.hpp"
#include "random.hpp"
#include "sanitized.hpp"

namespace orionrt::dimensions_test {
namespace {

using tests::Random;

using Values = std::map<std::string, std::int64_t>;

// As text, "none" where it is no expression, "?" where it has no value.
std::string Evaluated(const std::string& text, const Values& values) {
  const auto expression = DimExpression::Parse(text);
  if (!expression) return "none";
  Affine result;
  const DimFault fault = expression->Evaluate(
      [&](const std::string& symbol) {
        const auto found = values.find(symbol);
        return found == values.end() ? std::nullopt : std::optional<std::int64_t>(found->second);
      },
      result);
  if (fault == DimFault::kOverflow) return "overflow";
  if (fault == DimFault::kDivision) return "division";
  if (fault != DimFault::kNone || result.slope.numerator != 0) return "?";
  const std::string whole = std::to_string(result.offset.numerator);
  return result.offset.denominator == 1 ? whole : whole + "/" + std::to_string(result.offset.denominator);
}

std::string MessageOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "";
}

TEST(DimExpression, IsWorthWhatPythonSays) {
  const Values values = {
      {"s", 7},          {"s77", 9}, {"h", 224}, {"past", 127}, {"seq", 1}, {"_x1", 3}, {"p2o.DynamicDimension.0", 9},
      {"onnx::Add_0", 9}};
  const std::pair<const char*, const char*> cases[] = {
      {"2*seq", "2"},
      {"s + 5", "12"},
      {"past + seq", "128"},
      {"(s77//8)", "1"},
      {"floor(h/2 - 1/2) + 1", "112"},
      {"ceil(s/2)", "4"},
      {"ceiling(s/2)", "4"},
      {"-s//2 + 10", "6"},
      {"(0 - s) % 4 + 1", "2"},
      {"Mod(s, 4)", "3"},
      {"FloorDiv(s, 2)", "3"},
      {"max(1, s, s77)", "9"},
      {"Min(s, 3)", "3"},
      {"max(s)", "7"},
      {"(s)", "7"},
      {"s**2 - 1", "48"},
      {"2**3*s", "56"},
      {"-s**2 + 50", "1"},
      {"s/2", "7/2"},
      {"s*(h - 220)/4", "7"},
      {"_x1*2", "6"},
      {"8 - 2 - s", "-1"},
      {"100//8//2*s", "42"},
      {"s//(seq - 1)", "division"},
      {"s % (seq - 1)", "division"},
      {"h*9223372036854775807", "overflow"},
      {"s**64", "overflow"},
      {"u0 + s", "?"},
      {"u0//2", "?"},
      {"p2o.DynamicDimension.0//2", "4"},
      {"onnx::Add_0 + 1", "10"},
      {"CeilToInt(IntTrueDiv(s, 2))", "4"},
      {"FloorToInt(s/2)", "3"},
      {"CleanDiv(h, 8)", "28"},
      {"PythonMod(s - 9, 4)", "2"},
      {"PowByNatural(s, 2)", "49"},
  };
  for (const auto& [text, value] : cases) EXPECT_EQ(Evaluated(text, values), value) << text;
}

TEST(DimExpression, NamesAreNone) {
  for (const char* text : {"batch",    "unk__12",
                           "N,C",      "",
                           "?",        "-1",
                           "(3)",      "3*4",
                           "2 seq",    "seq len*",
                           "a b",      "0.5*s",
                           "1st",      "floor",
                           "round(s)", "floor(s, 2)",
                           "max()",    "(s",
                           "s)",       "s + ",
                           "*s",       "s//",
                           "s***2",    "s++",
                           "Mod(s)",   "99999999999999999999*s",
                           "größe*",   "a. + 1",
                           "..*2"}) {
    EXPECT_EQ(Evaluated(text, {{"s", 7}}), "none") << text;
  }
}

TEST(DimExpression, IsRefusedWhereItIsTooLongOrTooDeep) {
  EXPECT_EQ(MessageOf([] { DimExpression::Parse("s" + std::string(1'000'000, '+')); }),
            "has 1000001 characters; an expression has at most 4,096");
  EXPECT_FALSE(DimExpression::Parse(std::string(1'000'000, 's')).has_value()) << "a name may be as long as it likes";
  EXPECT_EQ(MessageOf([] { DimExpression::Parse(std::string(2000, '(') + "s" + std::string(2000, ')')); }),
            "has more than 100 parentheses within each other");
  EXPECT_EQ(MessageOf([] { DimExpression::Parse(std::string(2000, '-') + "s"); }),
            "has more than 100 parentheses within each other");
  EXPECT_EQ(Evaluated(std::string(90, '(') + "s" + std::string(90, ')') + "*2", {{"s", 7}}), "14");
}

// An expression as text with as few parentheses as may be, and its value by the machine's own arithmetic.
struct Made {
  std::string text;
  std::int64_t value;
  int binds;  // 0: sum, 1: product, 2: atom
};

std::int64_t FloorOf(std::int64_t a, std::int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0); }

std::string Within(const Made& made, int binds) { return made.binds < binds ? "(" + made.text + ")" : made.text; }

Made RandomExpression(Random& random, const Values& values, int depth) {
  if (depth == 0 || random.OneIn(4)) {
    if (random.OneIn(2)) {
      const std::int64_t number = random.Between(0, 9);
      return {std::to_string(number), number, 2};
    }
    auto value = values.begin();
    std::advance(value, random.Between(0, static_cast<std::int64_t>(values.size()) - 1));
    return {value->first, value->second, 2};
  }
  const Made a = RandomExpression(random, values, depth - 1);
  const Made b = RandomExpression(random, values, depth - 1);
  const std::string blank = random.OneIn(2) ? " " : "";
  const auto join = [&](const char* op, int binds) {
    return Within(a, binds) + blank + op + blank + Within(b, binds + 1);
  };
  switch (random.Between(0, 7)) {
    case 0:
      return {join("+", 0), a.value + b.value, 0};
    case 1:
      return {join("-", 0), a.value - b.value, 0};
    case 2:
      return {join("*", 1), a.value * b.value, 1};
    case 3:
      if (b.value == 0) return a;
      return {join("//", 1), FloorOf(a.value, b.value), 1};
    case 4:
      if (b.value == 0) return a;
      return {join("%", 1), a.value - b.value * FloorOf(a.value, b.value), 1};
    case 5:
      return {"min(" + a.text + "," + blank + b.text + ")", std::min(a.value, b.value), 2};
    case 6:
      return {"Max(" + a.text + "," + blank + b.text + ")", std::max(a.value, b.value), 2};
    default:
      if (b.value == 0) return a;
      return {"floor(" + join("/", 1) + ")", FloorOf(a.value, b.value), 2};
  }
}

TEST(DimExpression, AgreesWithTheMachinesArithmetic) {
  const Values values = {{"a", 3}, {"b", 17}, {"c_2", 1}};
  int seen = 0;
  for (int seed = 0; seed < tests::Seeds(20'000); ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    const Made made = RandomExpression(random, values, 4);
    const std::string value = Evaluated(made.text, values);
    if (value == "none") continue;  // one symbol, or none
    ++seen;
    ASSERT_EQ(value, std::to_string(made.value)) << made.text << ", seed " << seed;
  }
  EXPECT_GT(seen, tests::Seeds(20'000) / 2);
}

Dimensions Named(std::initializer_list<const char*> texts) {
  Dimensions dimensions;
  for (const char* text : texts) dimensions.Add(text);
  return dimensions;
}

TEST(Dimensions, SolvesForTheOneUnknownInWhateverOrderValuesCome) {
  Dimensions dimensions = Named({"b", "8*h8", "past + seq", "seq", "3*(h8 + 1)/3"});
  dimensions.Give("past + seq", 128, "--dim 'past + seq=128'");
  EXPECT_FALSE(dimensions.ValueOf("seq").has_value());
  EXPECT_EQ(dimensions.ValueOf("past + seq"), 128) << "as a whole, though its symbols are not known";
  dimensions.Give("8*h8", 64, "--dim '8*h8=64'");
  EXPECT_EQ(dimensions.ValueOf("3*(h8 + 1)/3"), 9);
  dimensions.Give("seq", 1, "--dim seq=1");
  EXPECT_EQ(dimensions.ValueOf("past"), 127);
  EXPECT_EQ(dimensions.ValueOf("b"), std::nullopt);
  EXPECT_EQ(dimensions.ValueOf("b", 4), 4);
}

TEST(Dimensions, TheDefaultFillsWhatNothingElseDetermines) {
  Dimensions dimensions = Named({"past + seq", "seq", "total - seq", "2*past"});
  dimensions.Give("past + seq", 10, "--dim 'past + seq=10'");
  EXPECT_EQ(dimensions.ValueOf("2*past", 4), 8);
  EXPECT_EQ(dimensions.ValueOf("seq", 4), 6) << "follows from the sum";
  EXPECT_EQ(dimensions.ValueOf("total - seq", 7), 1);
}

TEST(Dimensions, HyphensAreMinusBetweenKnownNamesOnly) {
  Dimensions dimensions = Named({"sequence-length", "batch"});
  dimensions.Give("sequence-length", 8, "--dim sequence-length=8");
  EXPECT_EQ(dimensions.ValueOf("sequence-length"), 8);
  EXPECT_EQ(dimensions.SymbolsOf("sequence-length"), std::vector<std::string>{"sequence-length"});
  dimensions = Named({"sequence-length", "sequence", "2*length"});
  dimensions.Give("sequence", 9, "--dim sequence=9");
  dimensions.Give("length", 2, "--dim length=2");
  EXPECT_EQ(dimensions.ValueOf("sequence-length"), 7);
}

TEST(Dimensions, ContradictionsNameBothOptions) {
  Dimensions dimensions = Named({"8*h8", "h8", "2*h8 + 1"});
  EXPECT_EQ(MessageOf([&] { dimensions.Give("8*h8", 65, "--dim '8*h8=65'"); }),
            "dimension \"8*h8\" cannot be 65: \"h8\" would be 65/8, asked for by --dim '8*h8=65'; give other values");
  dimensions = Named({"8*h8", "h8", "2*h8 + 1"});
  dimensions.Give("h8", 8, "--dim h8=8");
  EXPECT_EQ(MessageOf([&] { dimensions.Give("8*h8", 72, "--input x=1x72"); }),
            "dimension \"8*h8\" is 64, and 72 by --input x=1x72 (\"h8\" is 8 by --dim h8=8); give other values");
  EXPECT_EQ(MessageOf([&] { dimensions.Give("h8", 9, "--input y=9"); }),
            "--input y=9: \"h8\" would be 9, and is 8 by --dim h8=8; leave one of them out, or make them agree");
}

// Gives each text its value, and says what that led to.
std::string Together(Dimensions& dimensions, const std::vector<std::pair<std::string, std::int64_t>>& given) {
  return MessageOf([&] {
    for (const auto& [text, value] : given)
      dimensions.Give(text, value, "--dim '" + text + "=" + std::to_string(value) + "'");
  });
}

TEST(Dimensions, SumsOfSeveralUnknownsAreSolvedTogether) {
  Dimensions dimensions = Named({"a + b", "b - a", "2*c + a", "d + c*e"});
  EXPECT_EQ(Together(dimensions, {{"a + b", 5}, {"b - a", 1}, {"2*c + a", 10}}), "");
  EXPECT_EQ(dimensions.ValueOf("a"), 2);
  EXPECT_EQ(dimensions.ValueOf("b"), 3);
  EXPECT_EQ(dimensions.ValueOf("c"), 4);
  EXPECT_EQ(dimensions.OptionOf("a"), "--dim 'a + b=5' and --dim 'b - a=1'");
  dimensions = Named({"x + y + z", "x - y", "2*x + z", "x + z/2"});
  EXPECT_EQ(Together(dimensions, {{"x + y + z", 9}, {"x - y", 0}, {"2*x + z", 9}}), "") << "the third says nothing new";
  EXPECT_EQ(dimensions.ValueOf("x"), std::nullopt) << "many sizes do";
  EXPECT_EQ(dimensions.ValueOf("x", 3), 3);
  EXPECT_EQ(dimensions.ValueOf("z"), 3) << "follows from the sums and what fills x";
}

TEST(Dimensions, SumsThatContradictEachOtherNameTheOptions) {
  Dimensions dimensions = Named({"a + b", "2*a + 2*b", "b - a", "c"});
  EXPECT_EQ(Together(dimensions, {{"a + b", 5}, {"2*a + 2*b", 12}}),
            "--dim 'a + b=5' and --dim '2*a + 2*b=12': no sizes make all of this true; give other values");
  dimensions = Named({"a + b", "b - a"});
  EXPECT_EQ(Together(dimensions, {{"a + b", 5}, {"b - a", 2}}),
            "--dim 'a + b=5' and --dim 'b - a=2': \"a\" would be 3/2, which is no size; give other values");
  dimensions = Named({"a + b", "b - a"});
  EXPECT_EQ(Together(dimensions, {{"a + b", 5}, {"b - a", 7}}),
            "--dim 'a + b=5' and --dim 'b - a=7': \"a\" would be -1, which is no size; give other values");
  dimensions = Named({"a - a + b - b", "b"});
  EXPECT_EQ(Together(dimensions, {{"a - a + b - b", 5}}),
            "--dim 'a - a + b - b=5': no sizes make all of this true; give other values");
}

TEST(Dimensions, SumsThatNoSizesMakeAreRefused) {
  Dimensions dimensions = Named({"a + b + 5", "a - b - 5"});
  EXPECT_EQ(MessageOf([&] { dimensions.Give("a + b + 5", 3, "--dim 'a + b + 5=3'"); }),
            "--dim 'a + b + 5=3': no sizes make all of this true; give other values");
  Dimensions possible = Named({"a + b + 5", "a - b - 5"});
  possible.Give("a - b - 5", 3, "--dim 'a - b - 5=3'");
  possible.Give("a + b + 5", 13, "--dim 'a + b + 5=13'");
  EXPECT_EQ(possible.ValueOf("a"), 8);
  EXPECT_EQ(possible.ValueOf("b"), 0);
}

TEST(Dimensions, ProductsOfUnknownsAreNoSums) {
  Dimensions dimensions = Named({"a*b", "a + b", "(a - c)*(b - d)", "min(a, b)", "a//2 + b"});
  EXPECT_EQ(Together(dimensions, {{"a*b", 6}, {"a + b", 5}, {"(a - c)*(b - d)", 0}, {"min(a, b)", 2}, {"a//2 + b", 4}}),
            "");
  EXPECT_EQ(dimensions.ValueOf("a"), std::nullopt);
  EXPECT_EQ(MessageOf([&] { dimensions.Give("a", 3, "--dim a=3"); }),
            "dimension \"a//2 + b\" is 3, and 4 by --dim 'a//2 + b=4' (\"a\" is 3 by --dim a=3; \"b\" is 2 by --dim "
            "'a*b=6'); give other values");
}

// Random sums of small numbers: whatever is found is what the sums were made of.
TEST(Dimensions, SumsLeadToTheNumbersThatTheyWereMadeOf) {
  Random random(20);
  int found = 0;
  for (int round = 0; round < tests::Seeds(300); ++round) {
    const std::string names[] = {"a", "b", "c", "d"};
    std::vector<std::int64_t> values;
    for (int i = 0; i < 4; ++i) values.push_back(random.Between(0, 99));
    std::vector<std::pair<std::string, std::int64_t>> given;
    for (int i = 0; i < 4; ++i) {
      std::string text = "1000";
      std::int64_t value = 1000;
      for (std::size_t j = 0; j < 4; ++j) {
        const std::int64_t slope = random.Between(-2, 3);
        text += " + (" + std::to_string(slope) + ")*" + names[j];
        value += slope * values[j];
      }
      given.emplace_back(text, value);
    }
    Dimensions dimensions;
    for (const auto& [text, value] : given) dimensions.Add(text);
    EXPECT_EQ(Together(dimensions, given), "");
    for (std::size_t j = 0; j < 4; ++j) {
      const auto value = dimensions.KnownValueOf(names[j]);
      found += value.has_value();
      EXPECT_EQ(value.value_or(values[j]), values[j]) << names[j];
    }
  }
  EXPECT_GT(found, 2 * tests::Seeds(300));
}

TEST(Dimensions, WhatIsNoSizeIsRefused) {
  Dimensions dimensions = Named({"n - 4", "n", "n/2", "2//(n - 1)", "n**9"});
  dimensions.Give("n", 1, "--dim n=1");
  EXPECT_EQ(MessageOf([&] { dimensions.ValueOf("n - 4"); }),
            "dimension \"n - 4\" is -3, which is no size (\"n\" is 1 by --dim n=1); give other values");
  EXPECT_EQ(MessageOf([&] { dimensions.ValueOf("n/2"); }),
            "dimension \"n/2\" is 1/2, which is no size (\"n\" is 1 by --dim n=1); give other values");
  EXPECT_EQ(MessageOf([&] { dimensions.ValueOf("2//(n - 1)"); }),
            "dimension \"2//(n - 1)\" divides by zero (\"n\" is 1 by --dim n=1); give other values");
  Dimensions large = Named({"n**9"});
  EXPECT_EQ(
      MessageOf([&] { large.ValueOf("n**9", 1000); }),
      "dimension \"n**9\" leaves the range of 64 bits on the way (\"n\" is 1000 by --dim '*=1000'); give other values");
}

TEST(Dimensions, WhatInferenceFindsSetsNamesAndNeverContradicts) {
  Dimensions dimensions = Named({"u0", "2*u0 + 1", "u1"});
  dimensions.Learn("2*u0 + 1", 7);
  EXPECT_EQ(dimensions.ValueOf("u0", 100), 3);
  dimensions.Learn("u0", 5);
  EXPECT_EQ(dimensions.ValueOf("u0"), 3);
  dimensions.Learn("2*u0 + 1", 9);
  EXPECT_EQ(dimensions.ValueOf("2*u0 + 1"), 7);
}

TEST(Dimensions, WhatInferenceFindsSolvesTheSumsThatAreGiven) {
  Dimensions dimensions = Named({"a + b", "a + b + c - d", "c + d", "a", "b"});
  dimensions.Give("a + b", 10, "--dim 'a + b=10'");
  dimensions.Give("a + b + c - d", 12, "--dim 'a + b + c - d=12'");
  dimensions.Give("c + d", 6, "--dim 'c + d=6'");
  EXPECT_EQ(dimensions.ValueOf("a"), std::nullopt);
  EXPECT_EQ(dimensions.ValueOf("c"), 4) << "by the three of them";
  dimensions.Learn("b", 4);
  EXPECT_EQ(dimensions.ValueOf("a"), 6);
  EXPECT_EQ(dimensions.OptionOf("a"), "--dim 'a + b=10'");
  dimensions.Learn("a", 7);
  EXPECT_EQ(dimensions.ValueOf("a"), 6);

  Dimensions impossible = Named({"a + b", "b"});
  impossible.Give("a + b", 10, "--dim 'a + b=10'");
  EXPECT_EQ(MessageOf([&] { impossible.Learn("b", 12); }),
            "dimension \"a + b\" cannot be 10: \"a\" would be -2, asked for by --dim 'a + b=10' (\"b\" is 12); give "
            "other values");
}

TEST(Dimensions, NamesThatLookLikeNumbersAreNone) {
  const Dimensions dimensions = Named({"n", "n + 13", "12", "-1", "n - n"});
  EXPECT_TRUE(dimensions.NeverEqual("n + 13", "n"));
  EXPECT_FALSE(dimensions.NeverEqual("n + 13", "12"));
  EXPECT_FALSE(dimensions.NeverEqual("-1", "n - n")) << "a name, which may be 0";
}

TEST(Dimensions, AValueMayBeLookedAtWithoutBeingAskedFor) {
  Dimensions dimensions = Named({"n - 4", "n", "m"});
  EXPECT_EQ(dimensions.KnownValueOf("n - 4"), std::nullopt);
  dimensions.Give("n", 1, "--dim n=1");
  EXPECT_EQ(dimensions.KnownValueOf("n"), 1);
  EXPECT_EQ(dimensions.KnownValueOf("n - 4"), std::nullopt) << "no size";
  EXPECT_EQ(dimensions.KnownValueOf("m"), std::nullopt);
}

}  // namespace
}  // namespace orionrt::dimensions_test
