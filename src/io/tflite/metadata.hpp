// Puts a piece of metadata into a .tflite file, and leaves all the rest as it is.
#pragma once

#include <string>
#include <string_view>

namespace orionrt::tflite_import {

// `bytes` has been opened by OpenModel, and keeps no data behind its tables. An entry of the same name is replaced.
// Throws Error: kUnsupported where the file would pass 2 GB, or its root has fields that are not known here.
std::string SetMetadata(std::string_view bytes, const std::string& source, std::string_view name,
                        std::string_view content);

}  // namespace orionrt::tflite_import
