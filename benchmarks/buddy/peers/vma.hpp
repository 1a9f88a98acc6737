// GPUOpen's VulkanMemoryAllocator, its VmaVirtualBlock: no device is needed. peers_vma.cpp holds the implementation.
#pragma once

#define VMA_STATIC_VULKAN_FUNCTIONS 0
#define VMA_DYNAMIC_VULKAN_FUNCTIONS 0
#include <vk_mem_alloc.h>

#include "../workloads.hpp"

namespace orionrt::bench {

class VmaSubject {
 public:
  static constexpr const char* kName = "VmaVirtualBlock";
  using Handle = VmaVirtualAllocation;
  VmaSubject() {
    VmaVirtualBlockCreateInfo info = {};
    info.size = kArena;
    vmaCreateVirtualBlock(&info, &block_);
  }
  VmaSubject(const VmaSubject&) = delete;
  VmaSubject& operator=(const VmaSubject&) = delete;
  ~VmaSubject() {
    vmaClearVirtualBlock(block_);
    vmaDestroyVirtualBlock(block_);
  }
  Handle Allocate(std::int64_t bytes) {
    VmaVirtualAllocationCreateInfo info = {};
    info.size = static_cast<VkDeviceSize>((bytes + kBlock - 1) / kBlock * kBlock);  // so that all offsets are multiples
    Handle handle = VK_NULL_HANDLE;
    vmaVirtualAllocate(block_, &info, &handle, nullptr);
    return handle;
  }
  static Handle None() { return VK_NULL_HANDLE; }
  static bool Ok(Handle h) { return h != VK_NULL_HANDLE; }
  void Free(Handle h) { vmaVirtualFree(block_, h); }

 private:
  VmaVirtualBlock block_ = VK_NULL_HANDLE;
};

}  // namespace orionrt::bench
