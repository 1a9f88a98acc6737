// The words that files and Python have for what is in graphs and plans: one table each.
#pragma once

#include <cstdint>
#include <utility>

#include "orionrt/graph.hpp"
#include "orionrt/plan.hpp"

namespace orionrt {

inline constexpr std::pair<const char*, unsigned> kRoleWords[] = {{"input", TensorRole::kInput},
                                                                  {"output", TensorRole::kOutput},
                                                                  {"state", TensorRole::kState},
                                                                  {"external", TensorRole::kHeld}};

inline constexpr std::pair<const char*, AliasKind> kAliasWords[] = {{"view", AliasKind::kView},
                                                                    {"piece", AliasKind::kPiece},
                                                                    {"part", AliasKind::kPiece},  // the word of before
                                                                    {"same_index", AliasKind::kSameIndex},
                                                                    {"streaming", AliasKind::kStreaming},
                                                                    {"reads_first", AliasKind::kReadsFirst}};

// Bits of an element, by what frameworks call its type.
inline constexpr std::pair<const char*, int> kElementBits[] = {
    {"bool", 8},     {"int2", 2},          {"int4", 4},        {"uint4", 4},      {"int8", 8},
    {"uint8", 8},    {"float8_e4m3fn", 8}, {"float8_e5m2", 8}, {"int16", 16},     {"uint16", 16},
    {"float16", 16}, {"bfloat16", 16},     {"int32", 32},      {"uint32", 32},    {"float32", 32},
    {"int64", 64},   {"uint64", 64},       {"float64", 64},    {"complex64", 64}, {"complex128", 128},
};

// Beside peak_bytes.
inline constexpr std::pair<const char*, std::int64_t Metrics::*> kMetricWords[] = {
    {"no_reuse_bytes", &Metrics::no_reuse_bytes},
    {"max_live_bytes", &Metrics::max_live_bytes},
    {"peak_step", &Metrics::peak_step},
    {"live_at_peak_bytes", &Metrics::live_at_peak_bytes},
    {"padding_at_peak_bytes", &Metrics::padding_at_peak_bytes},
    {"fragmentation_at_peak_bytes", &Metrics::fragmentation_at_peak_bytes},
    {"max_holes_bytes", &Metrics::max_holes_bytes},
    {"max_holes_step", &Metrics::max_holes_step},
    {"mean_holes_bytes", &Metrics::mean_holes_bytes},
    {"utilisation_ppm", &Metrics::utilisation_ppm},
};

}  // namespace orionrt
