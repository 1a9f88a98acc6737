/* So that <orionrt_io.h> is found, too, and not only <orionrt/orionrt_io.h>. */
#include "orionrt/orionrt_io.h"
