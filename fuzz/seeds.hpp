// First inputs for the fuzz targets: small, and together using most of what each format can say.
#pragma once

#include <map>
#include <string>

namespace orionrt::fuzz {

using Seeds = std::map<std::string, std::string>;  // path below the corpus folder ("csv/gaps") -> content

void AddTextSeeds(Seeds& seeds);
void AddOnnxSeeds(Seeds& seeds);
void AddTfliteSeeds(Seeds& seeds);

}  // namespace orionrt::fuzz
