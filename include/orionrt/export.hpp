// Marks the public symbols; everything else is hidden.
#pragma once

#if defined(_WIN32)
#define ORIONRT_API
#else
#define ORIONRT_API __attribute__((visibility("default")))
#endif
