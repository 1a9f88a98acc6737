// The template of reports: src/report/page, joined and embedded by cmake/Embed.cmake.
#pragma once

namespace orionrt {

extern const char* const kReportPage;

}  // namespace orionrt
