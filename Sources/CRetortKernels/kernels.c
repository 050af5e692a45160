#include "CRetortKernels.h"
