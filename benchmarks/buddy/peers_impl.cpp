// The implementations that peers keep in their headers, and what one of them takes from the system.
#ifdef ORIONRT_PEER_VMA
#define VMA_IMPLEMENTATION
#include "peers/vma.hpp"
#endif
#ifdef ORIONRT_PEER_BUDDY_ALLOC
#define BUDDY_ALLOC_IMPLEMENTATION
#include <buddy_alloc.h>
#endif
#ifdef ORIONRT_PEER_BUDDY_MALLOC
#include "peers/buddy_malloc.hpp"

extern "C" int buddy_malloc_brk(void*) { return 0; }
extern "C" void* buddy_malloc_sbrk(std::intptr_t) { return BuddyMallocBase(); }
#endif
