// Git LFS keeps large files elsewhere, and leaves a short text in their place until they are fetched.
#pragma once

#include <string_view>

namespace orionrt {

// Whether that is such a text: what stands where a model or its data should be, in a checkout without `git lfs pull`.
inline bool IsLfsPointer(std::string_view bytes) {
  constexpr std::string_view kFirstWords = "version https://git-lfs.github.com/spec/";
  return bytes.size() < 1024 && bytes.substr(0, kFirstWords.size()) == kFirstWords;
}

}  // namespace orionrt
