// What somebody may have meant who wrote a name that there is not.
#pragma once

#include <string>
#include <vector>

namespace orionrt::cli {

// "; did you mean plan?": the known name that takes the fewest letters to change, add, leave out or swap, where those
// are no more than a third of it; the first of several. Empty where there is none. O(letters of both, per name).
std::string DidYouMean(const std::string& given, const std::vector<std::string>& known);

}  // namespace orionrt::cli
