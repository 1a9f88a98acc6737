/* So that <orionrt.h> is found, too, and not only <orionrt/orionrt.h>. */
#include "orionrt/orionrt.h"
