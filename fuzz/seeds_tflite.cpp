// First inputs for the fuzz target tflite.
#include "seeds.hpp"
#include "tflite_model.hpp"

namespace orionrt::fuzz {

void AddTfliteSeeds(Seeds& seeds) {
  using namespace orionrt::tests;
  seeds["tflite/chain"] = BuildModel(Chain());
  SubgraphSpec mixed = Chain();
  mixed.tensors.push_back({"state", {5}, kUint8, false, true});
  mixed.tensors.push_back({"open", {1, 7}, kInt4, false, false, {-1, 7}});
  mixed.ops[0].inputs.insert(mixed.ops[0].inputs.begin(), -1);
  mixed.ops.push_back({kCustomOp, {4, 5}, {}, "Own"});
  mixed.inputs.push_back(5);
  seeds["tflite/mixed"] = BuildModel(ModelSpec{{mixed}, 3, {{"min_runtime_version", "1.5.0"}, {"other", "xyz"}}});
  const std::string plan("\1\0\0\0\1\0\0\0\4\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\x20\0\0\0\0\0\0\0", 28);
  seeds["tflite/planned"] = BuildModel(ModelSpec{{Chain()}, 3, {{"OfflineMemoryAllocation", plan}}});
  SubgraphSpec folded = Chain();
  folded.ops[0] = {kDequantize, {1}, {2}};
  seeds["tflite/folded"] = BuildModel(folded);
  for (const int code : {static_cast<int>(kIfOp), static_cast<int>(kWhileOp), static_cast<int>(kCaseOp)}) {
    SubgraphSpec around = Chain();
    around.ops[1] = {code, {2, 2}, {3}, "", {1, 2}};
    seeds["tflite/control" + std::to_string(code)] =
        BuildModel(ModelSpec{{around, Body(code == kWhileOp ? 2 : 1, {1, 8}), Body(code == kWhileOp ? 2 : 1, {1, 8})}});
  }
}

}  // namespace orionrt::fuzz
