// Whether a sanitizer is at work, which takes its time and reserves terabytes.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define ORIONRT_TESTS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ORIONRT_TESTS_SANITIZED 1
#endif
#endif

namespace orionrt::tests {

#ifdef ORIONRT_TESTS_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// How many of so many seeds a test runs, and how much of what it counts over all of them it finds.
// ORIONRT_TESTS_FEW_SEEDS: on a machine that is emulated.
template <typename Count>
constexpr Count Seeds(Count count) {
#ifdef ORIONRT_TESTS_FEW_SEEDS
  return count / 20;
#else
  return kSanitized ? count / 20 : count;
#endif
}

}  // namespace orionrt::tests
