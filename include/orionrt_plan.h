/* So that <orionrt_plan.h> is found, too, and not only <orionrt/orionrt_plan.h>, which is the file to copy. */
#include "orionrt/orionrt_plan.h"
