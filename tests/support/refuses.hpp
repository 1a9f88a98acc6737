// EXPECT_TRUE(Refuses(code, {"words", "of the message"}, [&] { call(); }))
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "orionrt/config.hpp"

namespace orionrt::tests {

template <typename Call>
testing::AssertionResult Refuses(ErrorCode code, const std::vector<std::string>& words, Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    const std::string what = error.what();
    if (error.code() != code) {
      return testing::AssertionFailure() << "code " << static_cast<int>(error.code()) << " instead of "
                                         << static_cast<int>(code) << ": " << what;
    }
    for (const std::string& word : words) {
      if (what.find(word) == std::string::npos) {
        return testing::AssertionFailure() << "the message does not say \"" << word << "\": " << what;
      }
    }
    return testing::AssertionSuccess() << what;
  } catch (const std::exception& error) {
    return testing::AssertionFailure() << "no orionrt::Error but " << error.what();
  }
  return testing::AssertionFailure() << "not refused";
}

}  // namespace orionrt::tests
