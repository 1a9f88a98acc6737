// A plugin of somebody's engine that uses OrionRT inside.
#include <orionrt/orionrt.hpp>

extern "C" __attribute__((visibility("default"))) long plugin_entry(long bytes) {
  try {
    orionrt::Problem problem{{{0, 3, bytes}, {2, 5, bytes}}, {}, {}, {}, {}, {}, {}, {}, {}};
    return static_cast<long>(orionrt::ReusePlanner().Run(problem).peak_bytes);
  } catch (const orionrt::Error&) {
    return -1;
  }
}
