// A plan as a C header.
//
// Macros with ULL values, and nothing else, are constant expressions everywhere: in #if, in the dimension of an array,
// in a case label, in C and in C++. An enumerator of C ends at INT_MAX, a `static const` is no constant expression in
// C, and constexpr is not C. ULL, so that sums of offset and size do not wrap where int has 16 bits. Every macro has
// the prefix and a kind before the tensor's name, so that no name can hit a keyword.
#include <algorithm>
#include <cstdio>
#include <unordered_map>

#include "base/index.hpp"
#include "io/assignment_json.hpp"
#include "io/export/c_names.hpp"
#include "io/export/spans.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

// `@` stands for the prefix. The order of the alternatives: C++ before C, as C++ has no __STDC_VERSION__ to trust.
constexpr const char* kMacros = R"(
#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus) && (__cplusplus >= 201103L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201103L))
#define @_STATIC_ASSERT(condition, what) static_assert(condition, #what)
#define @_ALIGNED alignas(@_ARENA_ALIGNMENT)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 202311L
#define @_STATIC_ASSERT(condition, what) static_assert(condition, #what)
#define @_ALIGNED alignas(@_ARENA_ALIGNMENT)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define @_STATIC_ASSERT(condition, what) _Static_assert(condition, #what)
#define @_ALIGNED _Alignas(@_ARENA_ALIGNMENT)
#else /* C99 has none: a function that returns an array of -1 elements is the error, its name the message */
#define @_STATIC_ASSERT(condition, what) extern char (*@_assert_##what(void))[(condition) ? 1 : -1]
#if defined(_MSC_VER)
#define @_ALIGNED __declspec(align(@_ARENA_ALIGNMENT))
#else
#define @_ALIGNED __attribute__((aligned(@_ARENA_ALIGNMENT)))
#endif
#endif

/* Where the linker puts the arena; define it before the #include to say it in another way.
   GCC and Clang: a section whose name begins with .bss stays out of the image. */
#ifndef @_ARENA_SECTION
$
#endif

/* The arena, at file scope: @_DEFINE_ARENA(static, my_arena); or @_DEFINE_ARENA(, my_arena);
   (alignas stands first, as C++ wants it; an array has at least one element.) */
#define @_DEFINE_ARENA(storage, name) \
  @_ALIGNED @_ARENA_SECTION storage unsigned char name[@_ARENA_BYTES + (@_ARENA_BYTES == 0)]

/* @_CHECK_ARENA(my_arena); does not compile for an array that is too small, or (where the compiler can
   tell: GCC and Clang) not aligned. @_IS_ALIGNED(pointer) asks at run time. */
#if defined(__GNUC__)
#define @_CHECK_ARENA(name) \
  @_STATIC_ASSERT(sizeof(name) + 1 > @_ARENA_BYTES, name##_is_too_small); \
  @_STATIC_ASSERT(__alignof__(name) >= @_ARENA_ALIGNMENT, name##_is_not_aligned)
#else
#define @_CHECK_ARENA(name) @_STATIC_ASSERT(sizeof(name) + 1 > @_ARENA_BYTES, name##_is_too_small)
#endif
#define @_IS_ALIGNED(pointer) (((uintptr_t)(pointer) & (uintptr_t)(@_ARENA_ALIGNMENT - 1)) == 0)

@_STATIC_ASSERT(@_ARENA_BYTES <= PTRDIFF_MAX, @_arena_fits_the_address_space);
)";

void ReplaceAll(std::string& text, char mark, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += with.size())
    text.replace(at, 1, with);
}

std::string PrefixOf(const PlanFile& file, const CHeaderOptions& options) {
  if (!options.name_prefix.empty()) {
    if (IsPlainIdentifier(options.name_prefix)) return options.name_prefix;
    throw Error(ErrorCode::kMisuse, "the prefix \"" + CommentText(options.name_prefix) +
                                        "\" is no identifier of C: letters, digits and single _, a letter first");
  }
  std::string name = file.source.substr(file.source.rfind('/') + 1);
  name = Identifier(name.substr(0, name.rfind('.')));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return IsPlainIdentifier(name) ? name : "ORIONRT";
}

// The default definition of ARENA_SECTION. A section that the compiler cannot be told of must not be lost in silence.
std::string SectionOf(const CHeaderOptions& options) {
  if (options.section.empty()) return "#define @_ARENA_SECTION";
  constexpr const char* kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,-";
  if (options.section.find_first_not_of(kAllowed) != std::string::npos) {
    throw Error(ErrorCode::kMisuse, "the section \"" + CommentText(options.section) +
                                        "\" is no name of one: letters, digits and _ . , - only");
  }
  return "#if defined(__GNUC__)\n#define @_ARENA_SECTION __attribute__((section(\"" + options.section +
         "\")))\n#else\n#error \"define @_ARENA_SECTION: how this compiler puts an array into the section " +
         options.section + "\"\n#endif";
}

// Of the arena's base: what the offsets count on. The buffers have the file's alignment already.
std::int64_t ArenaAlignment(const PlanFile& file) {
  constexpr std::int64_t kMost = std::int64_t{1} << 28;  // of an object in ELF, as GCC has it
  std::int64_t alignment = 1;
  for (const Buffer& buffer : file.problem.buffers) alignment = std::max(alignment, buffer.alignment);
  if (alignment <= kMost) return alignment;
  throw Error(ErrorCode::kUnsupported, "a C header cannot align an arena to " + std::to_string(alignment) +
                                           " bytes: object formats end at 2^28; plan with a smaller alignment");
}

std::string Constant(std::int64_t value) { return std::to_string(value) + "ULL"; }

std::string Define(const std::string& name, const std::string& value) { return "#define " + name + " " + value + "\n"; }

std::string Line(const char* what, const std::string& text) {
  return std::string("   ") + what + ": " + (text.empty() ? "(none)" : CommentText(text)) + "\n";
}

std::string Title(const PlanFile& file) {
  const Certificate& certificate = file.plan.certificate;
  std::string out =
      "/* Where each tensor lies in one arena. Made by OrionRT from a plan: do not edit, make it anew.\n\n";
  out += Line("source", file.source);
  out += Line("policy", file.plan.policy);
  out += Line("peak", std::to_string(file.plan.peak_bytes) + " bytes");
  out += Line("lower bound", std::to_string(certificate.lower_bound_bytes) + " bytes" +
                                 (certificate.proven_optimal ? ", so this plan is optimal" : ""));
  return out + R"(
   Tensors that are never alive together share bytes: the plan holds for the order of execution it was made for.
   All values are constant expressions of C and C++, in #if too. Sizes and offsets are bytes; offsets count from the
   arena's first byte, which must be aligned to ARENA_ALIGNMENT. */
)";
}

std::string ReplaceMarks(std::string macros, const std::string& section, const std::string& prefix) {
  ReplaceAll(macros, '$', section);
  ReplaceAll(macros, '@', prefix);
  return macros;
}

// Per space its number, and the macros of an arena, behind PREFIX_MEM_<space>: nothing else begins so.
std::string Spaces(const PlanFile& file, const CHeaderOptions& options, const std::string& prefix) {
  if (!options.section.empty()) {
    throw Error(ErrorCode::kMisuse, "a section for several arenas: leave it out, and define " + prefix +
                                        "_MEM_<space>_ARENA_SECTION for each before the #include");
  }
  Problem named;  // spaces as if they were buffers: their names become identifiers in the same way
  named.buffers.resize(file.problem.spaces.size());
  for (const Space& space : file.problem.spaces) named.names.push_back(space.name);
  const std::vector<std::string> names = UniqueIdentifiers(named);
  std::string out = Define(prefix + "_MEM_COUNT", std::to_string(names.size()));
  for (std::size_t p = 0; p < names.size(); ++p) {
    const std::string space = prefix + "_MEM_" + names[p];
    const SpaceView view = ViewSpace(file.problem, file.plan, static_cast<int>(p));
    PlanFile within;
    within.problem = view.problem;
    within.problem.buffers.push_back({0, 1, 0, file.problem.spaces[p].alignment, kFree});
    out += "\n/* space " + CommentText(file.problem.spaces[p].name) + " */\n";
    out += Define(space + "_INDEX", std::to_string(p));
    out += Define(space + "_ARENA_BYTES", Constant(file.plan.spaces.figures[p].peak_bytes));
    out += Define(space + "_ARENA_ALIGNMENT", std::to_string(ArenaAlignment(within)));
    out += ReplaceMarks(kMacros, SectionOf(options), space);
  }
  return out;
}

// Of a graph, the plan with a buffer for each tensor and workspace; else as it is.
std::pair<Problem, Plan> PerTensor(const PlanFile& file) {
  if (!file.assignment) return {file.problem, file.plan};
  const Assignment& assignment = *file.assignment;
  std::unordered_map<std::string, int> buffer_of;  // by id; looked up, never walked
  for (int i = 0; i < static_cast<int>(file.problem.buffers.size()); ++i) {
    buffer_of.emplace(BufferId(file.problem, i), i);
  }
  std::vector<int> workspaces;  // buffers
  std::vector<std::string> workspace_names;
  for (const Place& place : assignment.workspaces) {
    const auto found = buffer_of.find("w" + std::to_string(place.id));
    workspaces.push_back(found == buffer_of.end() ? -1 : found->second);
    const bool named = found != buffer_of.end() && !file.problem.names.empty();
    workspace_names.push_back(named ? file.problem.names[At(found->second)] : "");
  }
  Problem problem = NamedPlaces(assignment, file.tensors, workspace_names);
  problem.spaces = file.problem.spaces;
  Plan plan;
  const auto add = [&](const Place& place, int buffer) {
    if (place.bytes == 0 || place.space == kExternal) return;
    Buffer& named = problem.buffers[plan.offsets.size()];
    if (buffer >= 0) named.lower = file.problem.buffers[At(buffer)].lower;
    if (buffer >= 0) named.upper = file.problem.buffers[At(buffer)].upper;
    plan.offsets.push_back(place.offset);
    plan.spaces.space_of.push_back(place.space);
  };
  for (std::size_t t = 0; t < assignment.tensors.size(); ++t) add(assignment.tensors[t], file.tensors[t].buffer);
  for (std::size_t k = 0; k < workspaces.size(); ++k) add(assignment.workspaces[k], workspaces[k]);
  return {std::move(problem), std::move(plan)};
}

// What the plan is for, and what the engine has to do otherwise than its graph says: ids of ops, as initialisers.
std::string OfGraph(const PlanFile& file, const std::string& prefix) {
  if (!file.assignment) return "";
  const Assignment& assignment = *file.assignment;
  const auto list = [&](const char* what, const std::vector<int>& ids, const char* why) {
    std::string values;
    for (const int id : ids) values += (values.empty() ? "" : ", ") + std::to_string(id);
    return "\n/* " + std::string(why) + " */\n" +
           Define(prefix + "_" + what + "_COUNT", Constant(static_cast<std::int64_t>(ids.size()))) +
           (ids.empty() ? "" : Define(prefix + "_" + what, "{" + values + "}"));
  };
  std::string out = "\n/* graph_id of the plan in JSON, and what it was made with: check PLAN.h MODEL reads them. */\n";
  out += Define(prefix + "_GRAPH_ID", "0x" + Hex(assignment.graph_id) + "ULL");
  out += Define(prefix + "_MADE_WITH", CString(DumpJson(MadeWithJson(assignment.made_with), -1)));
  out += list("ORDER", assignment.order_ids, "Ids of the ops as they must run; no other order has this plan.");
  if (!Any(assignment.made_with.transforms)) return out;
  out += list("VANISHED", assignment.vanished_ids, "Ids of ops with nothing left to do: skip them.");
  std::vector<int> in_place;
  for (const InPlaceUse& use : assignment.in_place) in_place.push_back(use.op);
  return out + list("IN_PLACE", in_place, "Ids of ops that write over what they read.");
}

std::string Tensors(const Problem& problem, const Plan& plan, const std::string& prefix) {
  std::string out;
  const std::vector<std::string> names = UniqueIdentifiers(problem);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Buffer& buffer = problem.buffers[i];
    const std::string name = problem.names.empty() ? "" : problem.names[i];
    out += "\n/* " + CommentText(BufferId(problem, static_cast<int>(i))) + (name.empty() ? "" : ": ") +
           CommentText(name) + "; steps [" + std::to_string(buffer.lower) + ", " + std::to_string(buffer.upper) +
           ") */\n";
    out += Define(prefix + "_OFFSET_" + names[i], Constant(plan.offsets[i]));
    out += Define(prefix + "_SIZE_" + names[i], Constant(buffer.size));
    if (!problem.spaces.empty()) {
      out += Define(prefix + "_SPACE_" + names[i], std::to_string(SpaceOf(plan, static_cast<int>(i))));
    }
  }
  return out;
}

}  // namespace

std::string WriteCHeader(const PlanFile& file, const CHeaderOptions& options) {
  RequireValid(file);
  const std::string prefix = PrefixOf(file, options);
  const bool in_spaces = !file.problem.spaces.empty();
  const std::int64_t alignment = ArenaAlignment(file);
  const std::string include_guard = prefix + "_PLAN_H";
  char hash[24];
  std::snprintf(hash, sizeof hash, "0x%016llxULL", static_cast<unsigned long long>(file.plan.problem_hash));
  std::string out = Title(file) + "#ifndef " + include_guard + "\n#define " + include_guard + "\n\n";
  if (!in_spaces) {
    out += Define(prefix + "_ARENA_BYTES", Constant(file.plan.peak_bytes));
    out += Define(prefix + "_ARENA_ALIGNMENT", std::to_string(alignment));  // no ULL: __declspec takes none
  }
  out +=
      Define(prefix + "_NESTED_BYTES", Constant(file.peak_nested_bytes) + " /* for bodies of ops, not in the arena */");
  const auto [tensors, plan] = PerTensor(file);
  out += Define(prefix + "_TENSOR_COUNT", Constant(static_cast<std::int64_t>(tensors.buffers.size())));
  out += Define(prefix + "_PROBLEM_HASH", std::string(hash) + " /* problem_hash of the plan in JSON */");
  out += in_spaces ? Spaces(file, options, prefix) : ReplaceMarks(kMacros, SectionOf(options), prefix);
  out += OfGraph(file, prefix) + Tensors(tensors, plan, prefix);
  return out + "\n#endif /* " + include_guard + " */\n";
}

}  // namespace orionrt
